"""A worker process that runs on request and is stopped in between, so that it takes no time from the others."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

__all__ = ["Worker", "WorkerError"]

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerError(Exception):
    """A worker gave no answer; the message has one line."""


class Worker:
    """Speaks JSON lines with a script. Between two answers its whole process group is halted."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        self._log = log.open("wb")
        self._buffer = b""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            env={**clean, **ONE_THREAD, **(environment or {})},
        )

    def answer(self, timeout_s: float) -> dict[str, Any]:
        """Return the next answer. Raises WorkerError: failed, ended or out of time; it is then killed."""
        line = self._line(time.monotonic() + timeout_s, timeout_s)
        found = json.loads(line)
        if "failed" in found:
            self.kill()
            raise WorkerError(found["failed"])
        self._signal(signal.SIGSTOP)
        return found

    def ask(self, text: str, timeout_s: float) -> dict[str, Any]:
        """Send a line, return its answer."""
        assert self._process.stdin is not None
        self._signal(signal.SIGCONT)
        self._process.stdin.write(text.encode() + b"\n")
        self._process.stdin.flush()
        return self.answer(timeout_s)

    def _line(self, deadline: float, timeout_s: float) -> bytes:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.kill()
                    raise WorkerError(f"no answer within {timeout_s:.0f} s")
                part = os.read(pipe, 1 << 16)
                if not part:
                    self.kill()
                    raise WorkerError(f"ended without an answer (exit status {self._process.wait()})")
                self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def processor_s(self) -> float:
        """Return the processor time of the process so far, all threads, also those that have ended."""
        return time.clock_gettime(
            (~self._process.pid << 3) | 2
        )  # the clock of another process; see clock_getcpuclockid(3)

    def peak_bytes(self) -> int:
        """Return the sum of the peak resident sizes of the group's live processes."""
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError, ProcessLookupError, ValueError, IndexError):
                if os.getpgid(int(status.parent.name)) != self._process.pid:
                    continue
                text = status.read_text()
                total += int(text.split("VmHWM:")[1].split()[0]) * 1024
        return total

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End the whole process group."""
        self._signal(signal.SIGCONT)
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
