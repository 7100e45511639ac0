"""The process of a command: standard streams, signals and exit status."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from neurodeploy.base.startup import restore_interrupts
from neurodeploy.cli.main import app
from neurodeploy.cli.streams import Stream, guarded

if TYPE_CHECKING:
    from neurodeploy.diagnostics import Diagnostic

__all__ = ["lost_output_finding", "run"]

ENDED = 128
"""Exit status of a process ended by a signal, minus the signal's number."""
SIGPIPE = 13
"""Signal of a closed pipe; not defined on Windows."""


_received = list[int]()
"""Numbers of the signals that are to end this process."""


def _end(number: int, _: object) -> NoReturn:
    """End the process by an exception, so that children are ended and temporary files are removed."""
    _received.append(number)
    raise SystemExit(ENDED + number)


def _end_by_exception() -> None:
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # keep SIGHUP ignored under nohup
            signal.signal(number, _end)


def _status_of_command() -> int:
    """Run the command and return its exit status."""
    try:
        app()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except KeyboardInterrupt:
        return ENDED + signal.SIGINT
    return ENDED + _received[0] if _received else 0  # a library may discard the exception


def lost_output_finding(error: OSError) -> Diagnostic:
    """Return the finding of incomplete standard output."""
    from neurodeploy.diagnostics import about, finding

    return finding("ND547", about("standard output"), f"cannot be written: {error.strerror}; the output is incomplete")


def _guarded_streams() -> Stream | None:
    """Replace the standard streams by ones that never raise, except on Windows, whose console does not accept bytes."""
    if os.name == "nt" and sys.stdout is not None and sys.stderr is not None:
        return None
    sys.stdout, out = guarded(1, sys.stdout)
    sys.stderr, _ = guarded(2, sys.stderr)
    return out


def _delivered(status: int, out: Stream | None) -> int:
    """The exit status; an error if the output was not delivered."""
    sys.stdout.flush()
    if out is None or out.lost is None:
        return status
    if out.lost.errno == errno.EPIPE:
        return status or ENDED + SIGPIPE
    from neurodeploy.cli.output import say
    from neurodeploy.diagnostics import render

    say("\n" + render(lost_output_finding(out.lost)))
    return status or 1


def run() -> NoReturn:
    """Run the command line and exit."""
    out = _guarded_streams()
    _end_by_exception()
    restore_interrupts()
    status = _delivered(_status_of_command(), out)
    sys.stderr.flush()
    sys.exit(status)
