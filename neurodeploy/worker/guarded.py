"""Third-party commands in a process group that is ended with this process, even if this process is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Ended", "run_guarded"]

GUARD = Path(__file__).with_name("child") / "guard.py"
GROUP_END_S = 5.0
"""Seconds that a killed process may take to disappear."""


class Ended(NamedTuple):
    """Exit status of a command, and the lines it printed."""

    status: int
    lines: tuple[str, ...]


def run_guarded(command: list[str], environment: Mapping[str, str], on_line: Callable[[str], None]) -> Ended:
    """Run a command and return how it ended. `on_line`: called with every line it prints. Raises OSError.

    A signal, an exception of `on_line` or the end of this process ends the command and all its children.
    """
    guard = [sys.executable, "-I", "-S", str(GUARD), *command]
    lines = list[str]()
    child = subprocess.Popen(
        guard,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=dict(environment),
        start_new_session=True,
    )
    try:
        for line in child.stdout or ():
            lines.append(line.strip())
            on_line(line)
        return Ended(child.wait(), tuple(lines))
    finally:
        _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=GROUP_END_S)
