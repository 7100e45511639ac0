"""Run a command of others in a process group that ends with this process, however this process ends."""

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
"""How long a killed process may take to vanish."""


class Ended(NamedTuple):
    """How a command ended, and the lines that it printed."""

    status: int
    lines: tuple[str, ...]


def run_guarded(command: list[str], environment: Mapping[str, str], on_line: Callable[[str], None]) -> Ended:
    """Return how a command ended; `on_line` is told every line as it comes. Raises OSError if it cannot be started.

    A signal, an exception of `on_line` and the death of this process end the command and all that it started.
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
