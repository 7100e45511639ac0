"""Faults of networks whose synapses are drawn are those of the same network written out."""

from __future__ import annotations

import numpy as np
import pytest
from factories import drawn_network

import neurodeploy as nd


@pytest.fixture(scope="module")
def programs():
    """(drawn, written out)."""
    network = drawn_network(200, 20, outputs=[nd.Output(name="out", source="cells")])
    return nd.compile(network, "loihi2"), nd.compile(nd.written_out(network), "loihi2")


def faults_of(program):
    stratum = next(item for item in nd.faults_in(program).strata if item.where == "synapse")
    pre, post = int(stratum.places[0][10]), int(stratum.places[1][10])
    return [
        nd.Fault(where="synapse", what="flip", projection="drawn", pre=pre, post=post, field="weight", bit=2),
        nd.Fault(where="neuron", what="dead", population="cells", neuron=5),
    ]


def test_a_fault_acts_as_in_the_network_written_out(programs, tmp_path):
    drawn, listed = programs
    faults = faults_of(drawn)
    broken = nd.inject(drawn, faults)
    mine = nd.run(broken).spikes["cells"]
    np.testing.assert_array_equal(mine, nd.run(nd.inject(listed, faults)).spikes["cells"])
    assert 0 < len(mine) != len(nd.run(drawn).spikes["cells"])
    nd.save(broken, tmp_path / "broken.ndp")
    again = nd.load(tmp_path / "broken.ndp", kind=nd.Program)
    assert again.digest() == broken.digest()
    np.testing.assert_array_equal(nd.run(again).spikes["cells"], mine)


def test_a_campaign_has_the_same_outcomes(programs):
    mine, other = (nd.fault_campaign(program, size=80, criterion="spikes") for program in programs)
    assert mine.critical == other.critical
    assert 0 < mine.critical.value < 1
    assert mine.by_kind == other.by_kind
    assert mine.by_bit == other.by_bit
