"""What must hold before anything else is imported: Ctrl-C of the command line ends the process, and prints nothing."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["hear_interrupts", "hush_interrupts"]

INTERRUPTED = 130


def _is_command() -> bool:
    """Whether this process is the command line, and no user's program that imports the package."""
    by_module = sys.argv[:1] == ["-m"] and "neurodeploy" in sys.orig_argv
    return by_module or os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0] == "neurodeploy"


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)


def hush_interrupts() -> None:
    """End the process at Ctrl-C while modules are imported: there is nothing yet to be taken away, and nothing to tell."""
    if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def hear_interrupts() -> None:
    """Let Ctrl-C be an exception again, which commands hear."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


hush_interrupts()
