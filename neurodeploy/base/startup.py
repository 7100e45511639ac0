"""First import of the package, and what the command line does while it imports: Ctrl-C ends the process silently, and no garbage
is searched for, because modules are none.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["collect_from_here", "collect_later", "deferred_signals", "exit_on_interrupt", "restore_interrupts"]

INTERRUPTED = 130


def _is_command() -> bool:
    """Whether this process is the command line, not a program that imports the package."""
    by_module = sys.argv[:1] == ["-m"] and "neurodeploy" in sys.orig_argv
    return by_module or os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0] == "neurodeploy"


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)


def exit_on_interrupt() -> None:
    """Let Ctrl-C end the process at once while modules are imported, when nothing needs cleaning up."""
    if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def restore_interrupts() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, which commands handle."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def collect_later() -> None:
    """Search for no garbage while modules are imported, which would look at all of them again and again."""
    gc.disable()


def collect_from_here() -> None:
    """After `collect_later`: collect garbage again, but never look at what was imported."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def deferred_signals() -> Generator[None]:
    """Deliver signals that end the process only after the block: an exception of their handler would leave modules half imported."""
    if threading.current_thread() is not threading.main_thread():  # handlers run in the main thread alone
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    arrived = list[int]()
    before = {number: signal.getsignal(number) for number in numbers}
    handled = [number for number in numbers if callable(before[number])]
    for number in handled:
        signal.signal(number, lambda number, _: arrived.append(number))
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
        for number in dict.fromkeys(arrived):
            signal.raise_signal(number)


exit_on_interrupt()
