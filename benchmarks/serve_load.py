"""Servers and clients of the serving benchmark: each a process of its own, on one machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SOURCES = [str(ROOT), str(ROOT / "backends"), str(ROOT / "targets")]
CLIENT, ECHO = HERE / "child" / "serve_client.py", HERE / "child" / "serve_echo.py"
START_S = 60.0
"""Longest wait for a server to be ready."""
TICKS_HZ, PAGE_BYTES = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Server(NamedTuple):
    """A server that runs."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def rss_bytes(self) -> int:
        """Return the memory that the process holds."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES

    def files(self) -> int:
        """Return the number of open files."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self) -> int:
        """Return the number of threads."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def get(self, path: str) -> bytes:
        """Return the body at an address."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as reply:
            return reply.read()


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(server: Server) -> None:
    """Return once the server takes requests; raises RuntimeError with its last lines if it does not."""
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.process.poll() is None:
        try:
            server.get("/v2/health/ready")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start: " + server.log.read_text(errors="replace")[-2000:])


@contextmanager
def started(
    command: Sequence[str], port: int, python: str = sys.executable, **environment: str
) -> Generator[Server, None, None]:
    """A server process, which SIGTERM ends, and SIGKILL if that does not; `environment`: variables besides ours."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            given = {**os.environ, **environment}
            process = subprocess.Popen(
                [python, *command], stdout=out, stderr=out, env=given, start_new_session=True, cwd=folder
            )
        server = Server(port, process, log)
        try:
            _wait(server)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(45)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def serving(programs: Sequence[Path], *words: str) -> Generator[Server, None, None]:
    """`neurodeploy serve` of programs, with further options."""
    port, path = free_port(), os.pathsep.join([*SOURCES, os.environ.get("PYTHONPATH", "")])
    command = ["-m", "neurodeploy", "serve", *(str(item.resolve()) for item in programs), "--port", str(port), *words]
    with started(command, port, PYTHONPATH=path) as server:
        yield server


@contextmanager
def echoing(body: bytes) -> Generator[Server, None, None]:
    """The least server on the same library, which replies the same to everyone: the bound of every server on it."""
    with tempfile.TemporaryDirectory() as folder:
        path, port = Path(folder) / "body", free_port()
        path.write_bytes(body)
        with started([str(ECHO), str(port), str(path)], port) as server:
            yield server


# --- requests


def _request(path: str, body: bytes, head: int | None = None) -> bytes:
    extra = "Content-Type: application/json" if head is None else f"Inference-Header-Content-Length: {head}"
    lines = (f"POST {path} HTTP/1.1", "Host: 127.0.0.1", extra, f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def json_request(model: str, plain: dict[str, Any]) -> bytes:
    """Return the bytes of a request for an inference."""
    return _request(f"/v2/models/{model}/infer", json.dumps(plain).encode())


def json_input(name: str, values: NDArray[Any], datatype: str) -> dict[str, Any]:
    """Return a tensor in JSON."""
    return {"name": name, "shape": list(values.shape), "datatype": datatype, "data": values.ravel().tolist()}


def binary_request(model: str, name: str, values: NDArray[Any], plain: dict[str, Any]) -> bytes:
    """Return the bytes of a request whose tensor follows its JSON; `plain`: what the JSON says besides."""
    content = np.ascontiguousarray(values, dtype="<f4").tobytes()
    size = {"binary_data_size": len(content)}
    tensor = {"name": name, "shape": list(values.shape), "datatype": "FP32", "parameters": size}
    head = json.dumps({**plain, "inputs": [tensor]}).encode()
    return _request(f"/v2/models/{model}/infer", head + content, len(head))


# --- clients


class Reply(NamedTuple):
    """A reply that was kept."""

    status: int
    body: bytes
    head_bytes: int | None
    """Length of the JSON before binary tensors; None: the body is all JSON."""


class Loaded(NamedTuple):
    """What a client measured."""

    requests: int
    wall_s: float
    server_s: float
    """Processor time of the server."""
    client_s: float
    """Processor time of the client."""
    latencies_s: NDArray[np.float64]
    statuses: dict[str, int]
    unanswered: int
    replies: list[Reply]
    """Of each request, where they were kept."""

    @property
    def rate_hz(self) -> float:
        """Replies of status 200 per second."""
        return self.statuses.get("200", 0) / self.wall_s

    @property
    def failed(self) -> int:
        """Requests without a reply of status 200."""
        return self.requests - self.statuses.get("200", 0) + self.unanswered

    def quantile_s(self, part: float) -> float:
        """Return a quantile of the latencies."""
        return float(np.quantile(self.latencies_s, part)) if len(self.latencies_s) else float("nan")


def load(server: Server, requests: Sequence[bytes], connections: int, **how: Any) -> Loaded:
    """Return what a client of the server measured; `how`: fields of the job, see child/serve_client.py."""
    with tempfile.TemporaryDirectory() as folder:
        content, times, kept = (Path(folder) / name for name in ("requests", "latencies", "replies"))
        content.write_bytes(b"".join(requests))
        job = {"port": server.port, "pid": server.process.pid, "requests": str(content), "latencies": str(times), **how}
        job |= {"lengths": [len(item) for item in requests], "connections": connections}
        if how.get("each"):
            job["each"] = str(kept)
        done = subprocess.run(
            [sys.executable, str(CLIENT)], input=json.dumps(job).encode(), capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError("the client failed: " + done.stderr.decode(errors="replace")[-2000:])
        found = json.loads(done.stdout)
        latencies = np.frombuffer(times.read_bytes(), np.float64)
        replies, at, body = list[Reply](), 0, kept.read_bytes() if how.get("each") else b""
        for status, length, head in found.get("replies", ()):
            replies.append(Reply(status, body[at : at + length], head))
            at += length
        return Loaded(
            len(latencies),
            found["wall_s"],
            found["server_s"],
            found["client_s"],
            latencies,
            found["statuses"],
            found["unanswered"] + found["cut"],
            replies,
        )
