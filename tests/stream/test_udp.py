"""Events in datagrams: the spikes of a run, and counts of what was lost or malformed."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Events
from neurodeploy.stream import open_session
from neurodeploy.stream.sources import play
from neurodeploy.stream.udp import UdpEvents

NEURON = nd.LoihiCuba(du=1024, dv=256, vth_mant=60)
NETWORK = network_of(
    [nd.Population(name="cells", shape=2, neuron=NEURON)],
    [nd.dense("in", "cells", np.full((2, 48), 70))],
    inputs=(nd.Input(name="in", shape=(2, 4, 6), encoder=Events()),),
)


def rows(*values):
    return np.array(values, dtype="<i4").tobytes()


def sent(source, *datagrams):
    """Send datagrams, and wait until the receiver has seen them all."""
    expected = source.counts.datagrams + len(datagrams)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in datagrams:
            sender.sendto(data, ("127.0.0.1", source.port))
    assert source.settle(expected, 10)


def taken(source):
    """All rows of a source that gets no more."""
    source.close()
    return [row for batch in source for row in batch.rows["in"].tolist()]


def test_rows_of_steps_arrive():
    with UdpEvents(NETWORK) as source:
        sent(source, rows([1, 3], [2, 4]), b"", rows([2, 5]))
        assert taken(source) == [[1, 3], [2, 4], [2, 5]]
        assert source.findings() == ()
        assert (source.counts.datagrams, source.counts.rows) == (3, 3)


def test_a_stream_of_datagrams_is_the_run():
    program, rng = nd.compile(NETWORK, "loihi1"), np.random.default_rng(0)
    events = np.stack([np.sort(rng.integers(0, 40_000, 90)), *(rng.integers(0, n, 90) for n in (6, 4, 2))], axis=1)
    with UdpEvents(NETWORK, format="aer") as source, open_session(program) as session:
        sent(source, *(part.astype("<i4").tobytes() for part in np.split(events, 9)))
        source.close()
        chunks = list(play(session, source))
    whole = nd.run(program, {"in": np.insert(events, 0, 0, axis=1)}).spikes["cells"]
    assert len(whole)
    np.testing.assert_array_equal(np.concatenate([chunk.spikes["cells"] for chunk in chunks]), whole[:, 1:])


def test_times_count_from_the_first_datagram():
    with UdpEvents(NETWORK, format="aer", time_origin="first") as source:
        sent(source, rows([70_000, 0, 0, 0]))
        first = next(iter(source)).rows["in"].tolist()
        sent(source, rows([72_000, 1, 0, 0]))
        assert [*first, *taken(source)] == [[1, 0], [3, 1]]


@pytest.mark.parametrize("bad", [b"1234567", rows([0, 1]), rows([1, 48]), rows([1, -1]), rows([-(2**31), 0])])
def test_malformed_datagrams_are_left_out_and_told(bad):
    with UdpEvents(NETWORK) as source:
        sent(source, rows([1, 3]), bad, rows([2, 4]))
        assert taken(source) == [[1, 3], [2, 4]]
        assert source.counts.malformed == 1
        assert [(item.code, item.found) for item in source.findings()] == [("ND941", 1)]


def test_malformed_events_are_left_out_and_told():
    with UdpEvents(NETWORK, format="aer") as source:
        sent(source, rows([1_000, 6, 0, 0]), rows([1_000, 5, 0, 0]), rows([1_000, 5, 0, 7]))
        assert taken(source) == [[2, 5]]
        assert source.counts.malformed == 2


def test_a_full_queue_loses_datagrams_and_tells():
    with UdpEvents(NETWORK, queue_bytes=100) as source:
        sent(source, *[rows([1, 3], [1, 4])] * 10)
        assert taken(source) == [[1, 3], [1, 4]] * 6
        assert source.counts.lost == 4
        assert [(item.code, item.found) for item in source.findings()] == [("ND940", 4)]


def test_closing_ends_the_source():
    source = UdpEvents(NETWORK)
    sent(source, rows([1, 3]))
    assert taken(source) == [[1, 3]]
    assert taken(source) == []


def test_silence_ends_the_source():
    with UdpEvents(NETWORK, idle_s=0.05) as source:
        assert list(source) == []


def test_an_address_that_others_reach_must_be_wanted():
    with pytest.raises(DiagnosticError, match="ND939"):
        UdpEvents(NETWORK, host="0.0.0.0")
    UdpEvents(NETWORK, host="0.0.0.0", anyone=True).close()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("::1%nowhere", 0)])
def test_addresses_that_cannot_be_used_are_findings(host, port):
    with pytest.raises(DiagnosticError, match="ND939"):
        UdpEvents(NETWORK, host=host, port=port, anyone=True)


@pytest.mark.parametrize(
    "choices",
    [{"port": -1}, {"port": 70_000}, {"port": "80"}, {"queue_bytes": 0}, {"idle_s": 0}, {"idle_s": float("nan")}],
)
def test_wrong_arguments_are_findings(choices):
    with pytest.raises(DiagnosticError, match="ND002"):
        UdpEvents(NETWORK, **choices)


def test_a_port_in_use_is_a_finding():
    with UdpEvents(NETWORK) as first, pytest.raises(DiagnosticError, match="ND939"):
        UdpEvents(NETWORK, port=first.port)
