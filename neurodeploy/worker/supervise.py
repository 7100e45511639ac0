"""Supervision of a child process: its progress, its time limits, and the end of its whole process group.

No process and no shared memory of a job remains after the child ends, fails, hangs or is killed, or this process is stopped
or killed. If this process is killed, the child cleans up itself (see child/neurodeploy_worker.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import DiagnosticError, about, finding

__all__ = ["Limits", "supervise"]

SILENCE_VARIABLE = "NEURODEPLOY_WORKER_SILENCE_S"
SHARED_MEMORY = Path("/dev/shm")
TAIL_BYTES, TAIL_LINES, FRAMES, LONG = 1 << 16, 6, 4, 600
"""Limits of a child's output in a finding: bytes read, lines, frames, letters."""
PROTOCOL = "neurodeploy_worker"
"""Module that calls the script; its frames are left out of tracebacks."""
LOOK_S = 0.2
"""Seconds between checks that the child is alive; its own children may keep its pipe open after its end."""
GROUP_END_S = 5.0
"""Seconds that killed processes may take to disappear."""


def _silence() -> float:
    with contextlib.suppress(ValueError):
        given = float(os.environ.get(SILENCE_VARIABLE, ""))
        if given > 0:
            return given
    return 120.0


class Limits(Noun):
    """Time limits of a worker, in seconds."""

    silence_s: float = Field(default_factory=_silence, gt=0)
    """Longest time without progress, after which a worker counts as hanging."""
    wall_s: float | None = Field(default=None, gt=0)
    """Longest total time; None: no limit."""


class _State:
    """Progress that the child reports."""

    def __init__(self) -> None:
        self.stage, self.step = "start of the process", 0
        self.done = False
        self.failed: dict[str, Any] | None = None

    def process(self, line: bytes) -> bool:
        """Process one line; return whether it reports a new step."""
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:
            return False
        self.stage = message.get("stage", self.stage)
        self.done = message.get("done", self.done)
        self.failed = message.get("failed", self.failed)
        self.step = message.get("step", self.step)
        return "step" in message

    @property
    def where(self) -> str:
        return f"stage '{self.stage}'" + (f", step {self.step}" if self.step else "")


class _Reader(NamedTuple):
    """Arguments of supervise."""

    backend: str
    limits: Limits
    on_step: Callable[[int], None] | None


def supervise(
    command: list[str],
    folder: Path,
    shared_memory: str,
    *,
    backend: str,
    environment: dict[str, str] | None = None,
    limits: Limits = Limits(),  # noqa: B008  # a noun is frozen
    on_step: Callable[[int], None] | None = None,
) -> None:
    """Run a child until it reports its result.

    `shared_memory`: prefix of the names of its segments. `on_step`: called with the number of steps done.

    Raises DiagnosticError: ND540 (it raised an exception), ND541 (no progress, or too slow), ND542 (it ended without a
    result); also any exception of `on_step`. The process group is ended first.
    """
    kept = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONSTARTUP", "PYTHONWARNINGS")
    clean = {name: value for name, value in os.environ.items() if name not in kept}
    state, log = _State(), folder / "child.log"
    try:
        with log.open("wb") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                start_new_session=True,
                env={**clean, "PYTHONNOUSERSITE": "1", **(environment or {})},
            )
    except OSError as error:
        message = f"its process cannot be started: {command[0]}: {error.strerror or error}"
        raise DiagnosticError("run", (finding("ND542", about("backend", backend), message),)) from None
    try:
        _listen(process, state, log, _Reader(backend, limits, on_step))
    finally:
        _end(process, shared_memory)


def _listen(process: subprocess.Popen[bytes], state: _State, log: Path, reader: _Reader) -> None:
    """Read the lines of the child until it is done. Raises DiagnosticError: as supervise."""
    pipe = process.stdout
    assert pipe is not None, "internal: the child was started with a pipe"
    started = last_line = time.monotonic()
    buffer, silence, wall = b"", reader.limits.silence_s, reader.limits.wall_s
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not state.done and state.failed is None:
            deadline = min(last_line + silence, started + wall if wall else float("inf"))
            left = deadline - time.monotonic()
            ended = process.poll() is not None
            # lines written while this process was stopped count, even if read late
            ready = selector.select(0 if ended or left <= 0 else min(left, LOOK_S))
            by_wall = deadline != last_line + silence
            if left <= 0 and (by_wall or not ready):
                raise _late(state, log, reader, time.monotonic() - started, by_wall=by_wall)
            part = os.read(pipe.fileno(), 1 << 16) if ready else None
            if part == b"" or (part is None and ended):
                raise _ended(process, state, log, reader)
            if part is None:
                continue
            last_line = time.monotonic()
            *lines, buffer = (buffer + part).split(b"\n")
            stepped = [state.process(line) for line in lines]
            if any(stepped) and reader.on_step:
                reader.on_step(state.step)
    if state.failed is not None:
        raise _raised(state, reader)


_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')


def _raised(state: _State, reader: _Reader) -> DiagnosticError:
    failure = state.failed or {}
    every = _FRAME.findall(str(failure.get("traceback", "")))
    frames = [frame for frame in every if Path(frame[0]).stem != PROTOCOL][-FRAMES:]
    places = " <- ".join(f"{Path(file).name}:{line} {function}" for file, line, function in reversed(frames))
    error = " ".join(str(failure.get("error", "an exception")).split())
    message = f"raised {error[:LONG]} in {state.where}" + (f" ({places})" if places else "")
    return DiagnosticError("run", (finding("ND540", about("backend", reader.backend), message),))


def _late(state: _State, log: Path, reader: _Reader, took: float, *, by_wall: bool) -> DiagnosticError:
    limit = reader.limits.wall_s if by_wall else reader.limits.silence_s
    why = f"took {took:.0f} s in total" if by_wall else f"made no progress for {limit:g} s"
    message = f"{why}; it was stopped in {state.where}{_last_words(log)}"
    lever = "a larger --timeout" if by_wall else f"a larger {SILENCE_VARIABLE}"
    details: dict[str, Any] = {"limit": limit, "unit": "s", "fixes": [f"{lever}, if the simulator is slow"]}
    return DiagnosticError("run", (finding("ND541", about("backend", reader.backend), message, **details),))


def _ended(process: subprocess.Popen[bytes], state: _State, log: Path, reader: _Reader) -> DiagnosticError:
    try:
        status = process.wait(timeout=GROUP_END_S)
    except subprocess.TimeoutExpired:
        status = None
    how = "closed its channel" if status is None else f"ended with exit status {status}"
    if status is not None and status < 0:
        with contextlib.suppress(ValueError):
            how = f"was killed by {signal.Signals(-status).name}"
    message = f"its process {how} in {state.where}, without a result{_last_words(log)}"
    return DiagnosticError("run", (finding("ND542", about("backend", reader.backend), message),))


def _last_words(log: Path) -> str:
    """The last lines that the child printed, as the end of a sentence; empty without output."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()][-TAIL_LINES:]
    return "; its last output: " + " | ".join(lines)[-LONG:] if lines else ""


def _end(process: subprocess.Popen[bytes], shared_memory: str) -> None:
    """End the group, wait for its end, and remove its shared memory."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GROUP_END_S)
    deadline = time.monotonic() + GROUP_END_S
    while _alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.005)
    if SHARED_MEMORY.is_dir():
        for path in SHARED_MEMORY.glob(f"{shared_memory}*"):
            with contextlib.suppress(OSError):
                path.unlink()


def _alive(group: int) -> bool:
    """Whether a process of the group is still running; zombies do not count."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    folder = Path("/proc")
    if not (folder / "self" / "stat").exists():
        return True
    for stat in folder.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, _, owner = stat.read_text().rpartition(")")[2].split()[:3]
            if int(owner) == group and state not in "ZX":
                return True
    return False
