"""Triggers of findings about where the events of a stream come from, and about its clients."""

from __future__ import annotations

import asyncio

import numpy as np
from diagnostic_cases import net

from neurodeploy.serve.observing.metrics import StreamMetrics
from neurodeploy.serve.options import Limits, ServeOptions
from neurodeploy.serve.streams.client import Client
from neurodeploy.serve.streams.messages import command_of, rows_of
from neurodeploy.serve.streams.work import Streams
from neurodeploy.stream.aer import event_form
from neurodeploy.stream.sources import replay
from neurodeploy.stream.udp import UdpEvents


class Silent:
    """A connection on which nothing arrives, or one message."""

    def __init__(self, message=None):
        self.message = message

    async def receive(self):
        if self.message is None:
            await asyncio.Event().wait()
        return {"type": "websocket.receive", "bytes": self.message}


def received(socket, **limits):
    """What a client gets from a connection."""

    async def receive():
        return await Client(socket, Limits(**limits), asyncio.Event()).receive()

    return asyncio.run(receive())


def crowded():
    async def enter():
        streams = Streams(ServeOptions(limits=Limits(streams=1)))
        with streams.place(StreamMetrics()), streams.place(StreamMetrics()):
            pass

    asyncio.run(enter())


def datagrams(**counts):
    """Findings of a receiver that has counted something."""
    with UdpEvents(net()) as source:
        source.port = 3333
        for name, value in counts.items():
            setattr(source.counts, name, value)
        return source.findings()


CASES = {
    "ND936": lambda _: event_form(net(), "ears"),
    "ND937": lambda _: received(Silent(), stream_idle_s=0.01),
    "ND938": lambda _: replay(net(), {"in": np.array([[0, 1, 0]])}, sample=8, steps=4),
    "ND939": lambda _: UdpEvents(net(), host="0.0.0.0"),
    "ND940": lambda _: datagrams(datagrams=1_000, lost=20, system_lost=4),
    "ND941": lambda _: datagrams(datagrams=1_000, malformed=3),
    "ND942": lambda _: crowded(),
    "ND943": lambda _: received(Silent(b"12345678"), frame_bytes=4),
    "ND944": lambda _: [*rows_of(b"1234567", 2, 32), command_of("{}")],
}
