"""A server in a thread, its streams' clients, and a program that a camera shows its events."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from factories import network_of
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import neurodeploy as nd
from neurodeploy.network import Events
from neurodeploy.serve.inference.models import Model, Models
from neurodeploy.serve.lifecycle import make_server
from neurodeploy.serve.options import Limits, ServeOptions
from neurodeploy.serve.service import Service

WAIT_S = 30
NEURON = nd.LoihiCuba(du=1024, dv=256, vth_mant=60)
ROW = {"steps": 2, "aer": 4}


@functools.cache
def camera(seed=3):
    """A program that sees a camera of 4 rows and 6 columns."""
    rng = np.random.default_rng(seed)
    network = network_of(
        [nd.Population(name="cells", shape=8, neuron=NEURON), nd.Population(name="out", shape=3, neuron=NEURON)],
        [
            nd.dense("in", "cells", rng.integers(-30, 90, (8, 48))),
            nd.dense("cells", "out", rng.integers(-20, 90, (3, 8))),
        ],
        inputs=(nd.Input(name="in", shape=(2, 4, 6), encoder=Events()),),
        outputs="out",
        name="camera",
    )
    return nd.compile(network, "loihi1")


def rows_of(number, seed=0, steps=50, lines=48):
    """Distinct rows (step, line) in the order of their steps."""
    rng = np.random.default_rng(seed)
    return np.unique(np.stack([rng.integers(1, steps + 1, number), rng.integers(0, lines, number)], axis=1), axis=0)


def whole_run(program, rows, steps, **choices):
    """The recording of rows (step, line) of the only input."""
    (item,) = program.network.inputs
    spikes = {item.name: np.insert(np.asarray(rows), 0, 0, axis=1).astype(np.int32)}
    return nd.run(program, nd.Stimulus(n_samples=1, n_steps=steps, spikes=spikes), **choices)


@dataclass
class Running:
    """A server that runs in a thread."""

    service: Service
    port: int
    loop: asyncio.AbstractEventLoop
    server: Any

    def call(self, awaitable) -> Any:
        """What an awaitable of the server gives."""
        return asyncio.run_coroutine_threadsafe(awaitable, self.loop).result(WAIT_S)

    def streams_end(self):
        """Wait until no stream is open."""
        self.call(self.service.streams.ended())

    def raw(self, name="camera"):
        """A socket that asked for a stream: a client that does what no library lets it do."""
        made = socket.create_connection(("127.0.0.1", self.port), WAIT_S)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        lines = (
            f"GET /v2/models/{name}/stream HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version: 13",
        )
        made.sendall("\r\n".join((*lines, "", "")).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += made.recv(1)
        assert head.startswith(b"HTTP/1.1 101")
        return made

    def client(self, name="camera", version="", **choices):
        """A connection to the stream of a model."""
        path = f"{name}/versions/{version}" if version else name
        address = f"ws://127.0.0.1:{self.port}/v2/models/{path}/stream"
        choices = {"open_timeout": WAIT_S, "close_timeout": WAIT_S, "compression": None, **choices}
        return connect(address, **choices)


@contextmanager
def serving(*programs, **limits):
    """A server of programs, on a free port."""
    programs = programs or (camera(),)
    models = Models({p.network.name: (Model(p.network.name, p),) for p in programs})
    service = Service(models, ServeOptions(port=0, limits=Limits(**limits)))
    started, loops = threading.Event(), []

    def on_start():
        loops.append(asyncio.get_running_loop())
        started.set()

    server = make_server(service, on_start)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert started.wait(WAIT_S)
            yield Running(service, listener.getsockname()[1], loops[0], server)
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
            assert not thread.is_alive()


def answer(client, columns=3):
    """(rows of spikes, last text) of what follows a message, until it is done."""
    parts, text = [np.zeros((0, columns), dtype="<i4")], {"more": True}
    while text.get("more"):
        data = client.recv(timeout=WAIT_S)
        if isinstance(data, bytes):
            parts.append(np.frombuffer(data, dtype="<i4").reshape(-1, columns))
        else:
            text = json.loads(data)
    return np.concatenate(parts), text


def ask(client, message, columns=3):
    """Send a message, and return (rows of spikes, last text) of what follows it."""
    client.send(message if isinstance(message, bytes) else json.dumps(message))
    return answer(client, columns)


def frame(payload, opcode=2, *, last=True):
    """A frame of a client, with a mask of zeros, which leaves the payload as it is. `opcode`: 0 further part, 1 text, 2 bytes."""
    return struct.pack("!BBQI", opcode | (0x80 if last else 0), 0x80 | 127, len(payload), 0) + payload


def packed(rows, bits=32):
    """Rows as a client sends them."""
    return np.ascontiguousarray(rows, dtype=f"<i{bits // 8}").tobytes()


def closed(client):
    """The code with which the server closes, once what is left was read."""
    try:
        while True:
            client.recv(timeout=WAIT_S)
    except ConnectionClosed as error:
        assert error.rcvd is not None, "cut without a close"
        return error.rcvd.code


def same_spikes(rows, recording, names):
    """Assert that rows (population, step, neuron, ...) of a stream are those of a recording, and that there are some."""
    for index, name in enumerate(names):
        own = recording.spikes[name][:, 1:]
        assert len(own), f"population '{name}' is silent, so the test shows nothing"
        np.testing.assert_array_equal(rows[rows[:, 0] == index][:, 1:3], own)
