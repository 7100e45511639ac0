"""Requests to an application without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

import numpy as np
from factories import network_of

import neurodeploy as nd
from neurodeploy.serve.inference.models import Model, Models
from neurodeploy.serve.observing.batches import BatchDone
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.service import Service


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def call(app, method="GET", path="/", body=b"", headers=()) -> Reply:
    """The reply of an application to one request."""

    async def run() -> Reply:
        sent, given = [], [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        plain = [(name.lower().encode(), value.encode("latin-1")) for name, value in (("host", "localhost"), *headers)]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"token=hidden",
            "headers": plain,
            "client": ("127.0.0.1", 4000),
            "server": ("localhost", 8000),
        }
        await app(scope, receive, send)
        start = next(item for item in sent if item["type"] == "http.response.start")
        whole = b"".join(item.get("body", b"") for item in sent if item["type"] == "http.response.body")
        return Reply(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, whole)

    return asyncio.run(run())


def tiny_program(target="loihi1", name="tiny", weight=100):
    """Three inputs to three neurons, one each; a spike on a line makes its neuron spike a step later."""
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=1)
    network = network_of(
        (nd.Population(name="hidden", shape=3, neuron=neuron),),
        (nd.dense("in", "hidden", np.eye(3) * weight),),
        inputs=3,
        name=name,
    )
    return nd.compile(network, target)


def tiny_service(*programs) -> Service:
    models: dict[str, tuple[Model, ...]] = {}
    for item in programs or (tiny_program(),):
        name = item.network.name
        models[name] = (*models.get(name, ()), Model(name, item))
    return Service(Models(models), ServeOptions())


def rows_of(steps=10, samples=1) -> np.ndarray:
    """Line 0 spikes in every step, line 1 never, line 2 in the first step."""
    rows = [(s, t, line) for s in range(samples) for t in range(1, steps + 1) for line in (0, 1, 2)]
    return np.array([r for r in rows if r[2] == 0 or (r[2] == 2 and r[1] == 1)], dtype=np.int32)


def done_of(model: Model, steps=10, samples=1, rows=None, waiting_s=(0.001,), running_s=0.002) -> BatchDone:
    """What the queue tells its observers of a run of `rows`."""
    recording = nd.run(model.program, {"in": rows_of(steps, samples) if rows is None else rows}, steps=steps)
    counts = {
        item.name: recording.spike_counts(item.name, item.size).astype(np.int64) for item in model.program.populations
    }
    return BatchDone(
        model, len(waiting_s), 0, recording.n_samples, recording.n_steps, waiting_s, running_s, counts, recording
    )


def infer_body(rows=None) -> bytes:
    rows = rows_of() if rows is None else rows
    item = {"name": "in", "datatype": "INT32", "shape": list(rows.shape), "data": rows.ravel().tolist()}
    return json.dumps({"inputs": [item], "parameters": {"steps": 10}}).encode()
