"""Part of the serving benchmark: events that are streamed, in Python and over a WebSocket, and whether the bits are those of a run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from serve_cases import event_camera, sparse_camera
from serve_http import Figure
from serve_load import HERE, Server, serving

import neurodeploy as nd

GOAL_HZ = 1e6
"""Events per second."""
SOCKET = HERE / "child" / "serve_socket.py"
CHUNKS = {"python": (100, 1_000, 10_000), "socket": (1_000, 10_000, 50_000)}
"""Rows of a call, and of a message."""

Spikes = Mapping[str, NDArray[Any]]


class Case(NamedTuple):
    """A network, its events in the order of their steps, and the spikes of nd.run."""

    title: str
    program: nd.Program
    rows: NDArray[np.int32]
    expected: Spikes

    def said(self) -> str:
        """Return what the events are."""
        steps = int(self.rows[-1, 0])
        return f"{len(self.rows):,} events in {steps:,} steps ({len(self.rows) / steps:.0f} a step)"


def _case(title: str, program: nd.Program, rows: NDArray[np.int32]) -> Case:
    """The case with what nd.run gives for all events as one sample."""
    name, steps = program.network.inputs[0].name, int(rows[-1, 0])
    whole = np.column_stack([np.zeros(len(rows), np.int32), rows])
    recording = nd.run(program, {name: whole}, steps=steps)
    return Case(title, program, rows, {key: value[:, 1:] for key, value in recording.spikes.items()})


def _differ(found: Spikes, expected: Spikes) -> int:
    """Populations whose spikes are not those of nd.run."""
    return sum(not np.array_equal(found.get(name, np.zeros((0, 2))), rows) for name, rows in expected.items())


def _in_python(case: Case, chunk: int) -> tuple[float, float, int]:
    """(seconds, longest call in seconds, populations that differ) of a session that gets so many rows a call."""
    parts, longest, chunks = (
        [case.rows[at : at + chunk] for at in range(0, len(case.rows), chunk)],
        0.0,
        list[nd.Chunk](),
    )
    with nd.stream(case.program) as session:
        begun = last = time.perf_counter()
        for part in parts:
            chunks.append(session.push(part))
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        chunks.append(session.finish())
        wall = time.perf_counter() - begun
    spikes = {
        name: np.concatenate([item.spikes[name] for item in chunks if name in item.spikes]) for name in case.expected
    }
    return wall, longest, _differ(spikes, case.expected)


def _over_socket(case: Case, server: Server, chunk: int) -> tuple[dict[str, Any], int]:
    """(figures of the client, populations that differ) of a stream with so many rows a message."""
    with tempfile.TemporaryDirectory() as folder:
        rows, kept = Path(folder) / "rows", Path(folder) / "spikes"
        rows.write_bytes(case.rows.astype("<i4").tobytes())
        address = f"ws://127.0.0.1:{server.port}/v2/models/{case.program.network.name}/stream"
        job = {"address": address, "rows": str(rows), "frame_rows": chunk, "pid": server.process.pid, "options": {}}
        text = json.dumps({**job, "spikes": str(kept)})
        done = subprocess.run([sys.executable, str(SOCKET)], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError("the client failed: " + done.stderr[-2000:])
        found, table = json.loads(done.stdout), np.frombuffer(kept.read_bytes(), "<i4").reshape(-1, 3)
    if found["error"]:
        raise RuntimeError(found["error"])
    spikes = {name: table[table[:, 0] == number, 1:] for number, name in enumerate(found["populations"])}
    return found, _differ(spikes, case.expected)


def _figure(case: Case, how: str, rates: list[float], differ: int, more: str, **values: Any) -> Figure:
    goal = f" (goal {GOAL_HZ / 1e6:g})"
    text = (
        f"stream {case.title}, {how}: {median(rates) / 1e6:.3g} M events/s{goal}, rounds {min(rates) / 1e6:.3g} to "
        f"{max(rates) / 1e6:.3g}; {more}; {differ} populations differ from nd.run"
    )
    return Figure(text, {"title": f"{case.title}, {how}", "rates_hz": rates, "differ": differ, **values}, not differ)


def streams(rounds: int, quick: bool) -> Iterator[Figure]:
    """Yield events per second by rows of a call: nd.stream in this process, and a WebSocket between two."""
    parts = 100 if quick else 400
    cases = [
        _case("24x24 camera, three layers", *event_camera(parts)),
        _case("34x34 camera, 256 + 10 neurons", *sparse_camera(3_000 if quick else 10_000)),
    ]
    with nd.stream(cases[0].program) as session:
        if session.engine != "native":
            text = f"stream: engine '{session.engine}' runs, because the compiled one is missing: python -m neurodeploy.native.build"
            yield Figure(text, {"title": "engine", "engine": session.engine}, good=False)
            return
    for case in cases:
        yield Figure(f"stream {case.title}: {case.said()}", {"title": case.title, "events": len(case.rows)})
        for chunk in CHUNKS["python"]:
            measured = [_in_python(case, chunk) for _ in range(rounds)]
            calls = -(-len(case.rows) // chunk)
            each = median(wall for wall, _, _ in measured) / calls
            more = f"{1e6 * each:,.0f} us a call, the longest {1e3 * max(item[1] for item in measured):.3g} ms"
            rates = [len(case.rows) / wall for wall, _, _ in measured]
            yield _figure(case, f"nd.stream, {chunk:,} rows a call", rates, sum(item[2] for item in measured), more)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.ndp" for number in range(len(cases))]
        for case, path in zip(cases, paths, strict=True):
            nd.save(case.program, path)
        with serving(paths) as server:
            for case in cases:
                for chunk in CHUNKS["socket"]:
                    yield _socket_figure(case, server, chunk, rounds)


def _socket_figure(case: Case, server: Server, chunk: int, rounds: int) -> Figure:
    measured = [_over_socket(case, server, chunk) for _ in range(rounds)]
    rates = [len(case.rows) / item["wall_s"] for item, _ in measured]
    cost = {
        name: sum(item[name] for item, _ in measured) / rounds / len(case.rows) for name in ("server_s", "client_s")
    }
    more = f"processor ns an event {1e9 * cost['server_s']:,.0f} server, {1e9 * cost['client_s']:,.0f} client"
    differ = sum(count for _, count in measured)
    return _figure(case, f"WebSocket, {chunk:,} rows a message", rates, differ, more, cpu_s=cost)
