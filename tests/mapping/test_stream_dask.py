"""Shards filled by the workers of a Dask cluster, some of which are killed."""

from __future__ import annotations

import os
import signal
import threading
from importlib import import_module

import numpy as np
import pytest
from factories import drawn_network

import neurodeploy as nd
from neurodeploy.hardware import load_target

distributed = pytest.importorskip("distributed", reason="package distributed missing and cannot be had: extra dask")
pytestmark = pytest.mark.slow


def network():
    """A million synapses that a rule joins."""
    return drawn_network(6_000, 170, "million")


@pytest.fixture
def large(monkeypatch):
    """Networks of this test are above the limit for written synapses, and have several shards."""
    monkeypatch.setattr(import_module("neurodeploy.mapping.partition.strategy"), "GROUPED", 1000)
    shards = import_module("neurodeploy.mapping.partition.stream.shards").shards_of
    monkeypatch.setattr(shards, "__defaults__", (500,))


@pytest.fixture
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as found,
    ):
        yield found


def mapped(executor=None):
    return nd.check(network(), load_target("loihi2"), board="hala_point", stop="place", executor=executor).mapping


@pytest.mark.filterwarnings("ignore")  # of the cluster, about workers that end
def test_machines_map_as_one_process_does_and_a_killed_worker_changes_nothing(large, client):
    alone = mapped()
    assert alone.pairs is not None
    both = mapped(client.get_executor())
    np.testing.assert_array_equal(both.core_of["cells"], alone.core_of["cells"])
    np.testing.assert_array_equal(both.core_ids, alone.core_ids)
    victim = next(iter(client.run(os.getpid).values()))
    killer = threading.Timer(0.05, os.kill, (victim, signal.SIGKILL))
    killer.start()
    after = mapped(client.get_executor())
    killer.join()
    np.testing.assert_array_equal(after.core_of["cells"], alone.core_of["cells"])
    np.testing.assert_array_equal(after.pairs.source, alone.pairs.source)


def test_a_million_generated_synapses_run_as_written_out_ones(large):
    drawn, listed = nd.compile(network(), "loihi2", board="hala_point"), nd.written_out(network())
    assert drawn.tables.entry_mantissa.size == 1_020_000
    mine, other = nd.run(drawn), nd.run(nd.compile(listed, "loihi2", board="hala_point"))
    np.testing.assert_array_equal(mine.spikes["cells"], other.spikes["cells"])
    assert len(mine.spikes["cells"]) > 0
