"""What bounds a server, and what other servers of the protocol cost: the same requests, and a model that takes no time."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from environments import install, python_of
from peers import Environment
from serve_http import REPLY, Case, Figure, figure_of
from serve_load import HERE, Server, echoing, free_port, load, serving, started

MLSERVER = Environment("mlserver", "3.12", ("mlserver==1.7.1",))
TRITON = Environment("pytriton", "3.12", ("nvidia-pytriton==0.7.0",))
PEERS = {
    "MLServer 1.7.1 (Python)": (MLSERVER, "serve_mlserver.py"),
    "Triton 2.51 (C++) with its Python backend": (TRITON, "serve_pytriton.py"),
}
"""Title -> environment and worker. Both answer 0 to every sample: what they take is the price of the server."""
WRK = """
wrk.method, wrk.body = "POST", "%s"
wrk.headers["Content-Type"] = "application/json"
"""


def install_peers() -> dict[str, str]:
    """Make the environments of the peers; return environment -> error message, empty on success."""
    return install([environment for environment, _ in PEERS.values()])


@contextmanager
def _peer(python: Path, worker: str) -> Generator[Server, None, None]:
    """Another server, in its own interpreter, whose libpython Triton loads."""
    asked = [str(python), "-c", "import sys; print(sys.base_prefix)"]
    base = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        port, (path, libraries) = free_port(), ("", str(Path(base) / "lib"))
        command = [str(HERE / "child" / worker), str(port), folder]
        with started(command, port, str(python), PYTHONPATH=path, LD_LIBRARY_PATH=libraries) as server:
            yield server


def _wrk(server: Server, case: Case, seconds: float) -> str:
    """What wrk measures with the JSON of one image and 64 connections, or why not."""
    if shutil.which("wrk") is None:
        return "wrk is not here: apt-get install wrk"
    body = case.requests("json")[0].partition(b"\r\n\r\n")[2].decode().replace("\\", "\\\\").replace('"', '\\"')
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(WRK % body)
        address = f"http://127.0.0.1:{server.port}/v2/models/digits/infer"
        command = ["wrk", "-t1", "-c64", f"-d{seconds:.0f}s", "-s", str(script), "--latency", address]
        printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    wanted = ("Requests/sec", "99%", "Non-2xx")
    return ", ".join(" ".join(line.split()) for line in printed.splitlines() if line.strip().startswith(wanted))


def bounds(case: Case, rounds: int, quick: bool) -> Iterator[Figure]:
    """Yield what a server that does nothing reaches with the same requests, what wrk measures in place of our client, and what
    other servers of the protocol reach with a model that does nothing."""
    seconds = 2.0 if quick else 5.0
    with echoing(REPLY) as server:
        for form in ("json", "binary"):
            measured = [load(server, case.requests(form), 64, seconds=seconds) for _ in range(rounds)]
            yield figure_of(f"bound: the same reply to everyone, {form}, 64 connections", measured)
        text = f"bound by wrk, json, 64 connections: {_wrk(server, case, seconds)}"
        yield Figure(text, {"title": "bound by wrk", "text": text})
    with serving([case.path]) as server:
        text = f"neurodeploy by wrk, json, 64 connections: {_wrk(server, case, seconds)}"
        yield Figure(text, {"title": "wrk", "text": text})
    for title, (environment, worker) in PEERS.items():
        python = python_of(environment)
        if python is None:
            yield Figure(f"{title}: not installed: python benchmarks/serve.py install", {"title": title})
            continue
        with _peer(python, worker) as server:
            load(server, case.requests("json"), 8, seconds=1.0)
            for form in ("json", "binary"):
                measured = [load(server, case.requests(form), 64, seconds=seconds) for _ in range(rounds)]
                yield figure_of(f"{title}, a model that does nothing, {form}, 64 connections", measured)._replace(
                    good=True
                )
