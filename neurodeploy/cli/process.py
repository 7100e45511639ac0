"""Command line: the process around a command: its streams, its signals, and the status with which it leaves."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import NoReturn

from neurodeploy.base.startup import restore_interrupts
from neurodeploy.cli.main import app
from neurodeploy.cli.output import say
from neurodeploy.cli.streams import Stream, guarded
from neurodeploy.diagnostics import Diagnostic, about, finding, render

__all__ = ["lost_output", "run"]

ENDED = 128
"""A process that a signal ended has this and the signal's number as its status."""
SIGPIPE = 13
"""What ends a process whose reader has left; Windows has no such signal."""


def _end(number: int, _: object) -> NoReturn:
    """End as the signal asks, but in order: children are ended, and what was begun is taken away."""
    raise SystemExit(ENDED + number)


def _end_in_order() -> None:
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and is obeyed
            signal.signal(number, _end)


def _left() -> int:
    """Run the command that was typed; the status that it leaves with."""
    try:
        app()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except KeyboardInterrupt:
        return ENDED + signal.SIGINT
    return 0


def lost_output(error: OSError) -> Diagnostic:
    """Return the finding of a standard output that took no more."""
    return finding(
        "ND547", about("standard output"), f"takes no more: {error.strerror}; what was printed there is not whole"
    )


def _guarded_streams() -> Stream | None:
    """Put streams that raise nothing in the place of the standard ones; a console of Windows is none of bytes, and stays."""
    if os.name == "nt" and sys.stdout is not None and sys.stderr is not None:
        return None
    sys.stdout, out = guarded(1, sys.stdout)
    sys.stderr, _ = guarded(2, sys.stderr)
    return out


def _delivered(status: int, out: Stream | None) -> int:
    """The status, unless what was printed did not arrive."""
    sys.stdout.flush()
    if out is None or out.lost is None:
        return status
    if out.lost.errno == errno.EPIPE:
        return status or ENDED + SIGPIPE
    say("\n" + render(lost_output(out.lost)))
    return status or 1


def run() -> NoReturn:
    """Run the command line as the process that it is."""
    out = _guarded_streams()
    _end_in_order()
    restore_interrupts()
    status = _delivered(_left(), out)
    sys.stderr.flush()
    sys.exit(status)
