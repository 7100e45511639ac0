"""Clients of streams that send nonsense, too much or nothing, that do not read, that vanish; and a server that ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct

import numpy as np
import pytest
from factories import network_of
from stream_servers import (
    NEURON,
    WAIT_S,
    answer,
    ask,
    camera,
    closed,
    frame,
    packed,
    rows_of,
    same_spikes,
    serving,
    whole_run,
)
from websockets.exceptions import InvalidStatus

import neurodeploy as nd


@pytest.fixture(scope="module")
def server():
    with serving(camera(), busy(), driven(), steps=1_000, frame_bytes=1 << 20) as running:
        yield running


def busy():
    """A program that answers every event with many spikes, and takes long for a step."""
    size = 1_000
    network = network_of(
        [nd.Population(name="cells", shape=size, neuron=nd.LoihiCuba(du=4095, dv=4095, vth_mant=1))],
        [nd.dense("in", "cells", np.full((size, 1), 120))],
        inputs=1,
        name="busy",
    )
    return nd.compile(network, "loihi1")


def driven():
    """A program whose input is currents."""
    network = network_of(
        [nd.Population(name="cells", shape=1, neuron=NEURON)],
        [nd.dense("in", "cells", [[1]])],
        inputs=(nd.Input(name="in", shape=1, encoder="current"),),
        name="driven",
    )
    return nd.compile(network, "loihi1")


def code_of(client):
    """Code of the first finding that the server tells."""
    return json.loads(client.recv(timeout=WAIT_S))["findings"][0]["code"]


@pytest.mark.parametrize(
    ("message", "code", "close"),
    [
        ("", "ND944", 1007),
        ("[1]", "ND944", 1007),
        ('{"a":' * 1_000, "ND944", 1007),
        ('{"seed": NaN}', "ND944", 1007),
        ('{"seed": 1e400}', "ND944", 1007),
        ('{"seed": "1"}', "ND944", 1007),
        ('{"fromat": "aer"}', "ND944", 1007),
        ('{"format": "pickle"}', "ND944", 1007),
        ('{"bits": 16}', "ND944", 1007),
        ('{"input": "' + "x" * 70_000 + '"}', "ND943", 1009),
        ('{"input": "ears"}', "ND936", 1008),
        ('{"record": ["ears"]}', "ND510", 1008),
        ('{"format": "aer", "events": {"crop": "center"}}', None, None),
    ],
)
def test_first_texts_that_mean_nothing(server, message, code, close):
    with server.client() as client:
        client.send(message)
        if code is None:
            assert "model" in json.loads(client.recv())
            client.send(packed([[0, 0, 0, 0]]))
            code, close = "ND098", 1008
        assert code_of(client) == code
        assert closed(client) == close
    server.streams_end()


@pytest.mark.parametrize(
    ("message", "code", "close"),
    [
        (b"1234567", "ND944", 1007),
        (packed([[1, 48]]), "ND931", 1008),
        (packed([[1, -1]]), "ND931", 1008),
        (packed([[0, 1]]), "ND931", 1008),
        (packed([[-5, 1]]), "ND931", 1008),
        (packed([[2**31 - 1, 1]]), "ND935", 1008),
        (packed([[1_002, 1]]), "ND935", 1008),
        (bytes((1 << 20) + 8), None, 1009),
        ('{"until": 0}', "ND944", 1007),
        ('{"until": 2147483647}', "ND944", 1007),
        ('{"until": 1001}', "ND935", 1008),
        ('{"input": "ears"}', "ND936", 1008),
        ('{"seed": 3}', "ND944", 1007),
    ],
)
def test_messages_that_mean_nothing(server, message, code, close):
    with server.client() as client:
        client.send("{}")
        client.recv()
        client.send(message)
        assert code is None or code_of(client) == code
        assert closed(client) == close
    server.streams_end()


def test_late_rows_end_the_stream(server):
    with server.client() as client:
        client.send('{"until": 9}')
        client.recv()
        answer(client)
        client.send(packed([[9, 1]]))
        assert code_of(client) == "ND930"
        assert closed(client) == 1008


def test_most_steps_may_be_run_at_once(server):
    with server.client() as client:
        client.send('{"until": 1000}')
        client.recv()
        assert answer(client)[1]["step"] == 1_000
        assert ask(client, {"until": 2_000})[1]["step"] == 2_000


def test_inputs_of_currents_take_no_events(server):
    with server.client("driven") as client:
        client.send(packed([[1, 0]]))
        client.recv()
        assert code_of(client) in ("ND931", "ND936")
        assert closed(client) == 1008


@pytest.mark.parametrize(("name", "version"), [("ears", ""), ("camera", "0" * 16)])
def test_models_that_are_not_served_are_refused_with_a_status(server, name, version):
    with pytest.raises(InvalidStatus) as error, server.client(name, version):
        pass
    assert error.value.response.status_code == 404
    assert json.loads(error.value.response.body)["findings"]


def test_only_so_many_streams_are_open():
    with serving(streams=2) as server, server.client() as first:
        with server.client() as second:
            for client in (first, second):
                client.send("{}")
                client.recv()
            with server.client() as third:
                assert code_of(third) == "ND942"
                assert closed(third) == 1013
            assert ask(first, {"until": 3})[1]["step"] == 3, "those that were open go on"
        with server.client() as third:
            third.send("{}")
            assert "model" in json.loads(third.recv())


def test_a_silent_client_gives_its_place_back():
    with serving(stream_idle_s=0.1) as server, server.client() as client:
        assert code_of(client) == "ND937"
        assert closed(client) == 1008
        server.streams_end()


def cut(raw):
    """End a connection as a killed process does: without a close, and with what is on its way lost."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        frame(b"{}", 1),
        frame(b"{}", 1)[:9],
        frame(b'{"until": 900}', 1),
        frame(packed([[900, 0]])),
        frame(packed([[900, 0]])) * 3,
        frame(packed([[9, 0]]), last=False),
    ],
)
def test_a_killed_client_gives_its_place_back(server, sent):
    raw = server.raw("busy")
    raw.sendall(sent)
    cut(raw)
    server.streams_end()


@pytest.mark.parametrize("sent", [frame(b"\xff", 1), frame(b"", 0), frame(b"", 3), b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_message_ends_the_stream(server, sent):
    raw = server.raw()
    raw.sendall(sent)
    while raw.recv(1 << 16):
        pass
    raw.close()
    server.streams_end()


def test_a_message_has_only_so_many_parts(server):
    raw = server.raw()
    raw.sendall(frame(b"", last=False) + frame(b"", 0, last=False) * 5_000)
    told = b""
    with contextlib.suppress(ConnectionError):
        while data := raw.recv(1 << 16):
            told += data
    raw.close()
    assert struct.pack("!H", 1009) in told
    server.streams_end()


def test_a_client_that_never_reads_has_to_wait():
    """Its messages fill the buffers between the two, and the server takes no more; others are served meanwhile."""
    with serving(camera(), busy(), stream_idle_s=1) as server:
        raw, sent_bytes = server.raw("busy"), 0
        raw.settimeout(0.5)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for first in range(1, 1_000_000, 100):
                sent_bytes += raw.send(frame(packed([[step, 0] for step in range(first, first + 100)] * 50)))
        assert 0 < sent_bytes < 64 << 20, "buffers of both systems, and three messages"
        with server.client() as client:
            rows = rows_of(300)
            client.send("{}")
            client.recv()
            parts = [ask(client, packed(rows))[0], ask(client, {"until": 50, "finish": True})[0]]
        same_spikes(np.concatenate(parts), whole_run(camera(), rows, 50), ["cells", "out"])
        server.streams_end()
        raw.close()


def test_many_spikes_come_in_messages_that_clients_take(server):
    """A client refuses messages above 1 MiB unless told otherwise."""
    with server.client("busy") as client:
        client.send("{}")
        client.recv()
        rows, text = ask(client, packed([[step, 0] for step in range(1, 300)]))
        assert len(rows) > 100_000
        assert text["step"] == 298


def test_a_server_that_ends_closes_its_streams():
    with serving() as server, server.client() as client:
        client.send("{}")
        client.recv()
        client.send(packed([[3, 1]]))
        answer(client)
        server.server.should_exit = True  # as a signal does
        assert closed(client) == 1001
        server.streams_end()


def test_a_stream_that_is_cancelled_lets_its_turn_end():
    """The session is closed after the turn that is at work, never under it."""
    with serving(busy()) as server, server.client("busy") as client:
        client.send("{}")
        client.recv()
        client.send(packed([[step, 0] for step in range(1, 5_000)]))

        async def cancel():
            for task in asyncio.all_tasks():
                if task.get_coro().__name__ == "run_asgi":
                    task.cancel()

        server.call(cancel())
        server.streams_end()
