"""Spikes counted in groups, offsets added to v, the faults of both, and files written before they existed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.network import Membrane, SpikeCount
from neurodeploy.network.validate import validate
from neurodeploy.signals import Recording
from neurodeploy.simulate import answers
from neurodeploy.simulate.probes import membrane_probe


def network(decoder):
    cells = nd.Population(name="cells", shape=6, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0))
    out = nd.Output(name="out", source="cells", decoder=decoder)
    return network_of((cells,), (nd.dense("in", "cells", np.ones((6, 2))),), outputs=(out,))


def recorded(counts, v=None):
    """A recording in which neuron k of sample s spikes counts[s][k] times."""
    rows = [(s, t + 1, k) for s, row in enumerate(counts) for t in range(9) for k, n in enumerate(row) if t < n]
    states = {} if v is None else {membrane_probe("out"): np.asarray(v)[:, None]}
    table = np.array(rows, dtype=np.int32).reshape(-1, 3)
    shape = {"seed": 0, "n_samples": len(counts), "n_steps": 9}
    ran = {"ran_on": "emulator", "backend": "b", "program_digest": ""}
    return Recording(**ran, **shape, spikes={"cells": table}, states=states)


def test_the_group_with_the_most_spikes_is_the_answer():
    counts = [[5, 0, 0, 3, 3, 0], [1, 1, 1, 1, 1, 2], [2, 2, 3, 1, 0, 4]]
    expected = {None: [0, 5, 5], 3: [0, 2, 0], 2: [1, 1, 0], 1: [0, 0, 0], 6: [0, 5, 5]}  # ties: the first
    for groups, answer in expected.items():
        assert answers(network(SpikeCount(groups=groups)), recorded(counts)).tolist() == answer


def test_an_offset_is_added_to_v_before_the_comparison():
    v = [[0.0, 1, 2, 3, 4, 5], [9.0, 0, 0, 0, 0, 0]]
    for offset, answer in ((0.0, [5, 0]), (7.0, [5, 0]), (np.array([0, 0, 9, 0, 0, 0]), [2, 0])):
        assert answers(network(Membrane(offset=offset)), recorded([[0] * 6] * 2, v)).tolist() == answer


@pytest.mark.parametrize(
    ("decoder", "message"),
    [
        (SpikeCount(groups=4), "4 groups have no equal size in population 'cells' of 6"),
        (Membrane(offset=np.zeros(5)), "parameter 'offset' has shape [5]; needs one number or shape [6]"),
    ],
)
def test_decoders_that_do_not_fit_their_population(decoder, message):
    (item,) = validate(network(decoder))
    assert (item.code, item.message) == ("ND104", message)


def test_files_hold_the_fields_only_if_they_are_used(tmp_path):
    """So that the hash of a network that was written before the fields existed stays the same."""
    for decoder, fields in (
        (SpikeCount(), {"kind"}),
        (SpikeCount(groups=2), {"kind", "groups"}),
        (Membrane(), {"kind"}),
        (Membrane(offset=2.0), {"kind", "offset"}),
        (Membrane(offset=np.arange(6.0)), {"kind", "offset"}),
    ):
        path = tmp_path / "net.nd.json"
        nd.save(network(decoder), path)
        assert set(json.loads(path.read_text())["outputs"][0]["decoder"]) == fields
        assert nd.load(path) == network(decoder)
