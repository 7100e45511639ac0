"""Networks without inputs run without a stimulus; the first samples of event rows are samples, not rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd

pytestmark = pytest.mark.usefixtures("engine")


def alone(**time):
    cells = nd.Population(name="cells", shape=3, neuron=nd.If(v_threshold=1.0, bias=0.25))
    return nd.Network(name="self", time=nd.Time(dt_s=1e-3, **time), populations=(cells,))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(alone(), "self.nd.json")
    return tmp_path


RUN = ("run", "self.nd.json", "-t", "loihi1")


def test_a_network_that_drives_itself_runs_for_as_long_as_is_asked(folder, call):
    status, out, _ = call(*RUN, "--steps", 12, "--samples", 2, "--json", "--out", "run.ndr")
    shown = json.loads(out)["profile"]
    recording = nd.run(nd.compile(alone(), "loihi1"), steps=12)
    assert status == 0
    assert (shown["n_samples"], shown["populations"][0]["spikes"]) == (2, 2 * len(recording.spikes["cells"]))
    status, out, _ = call("profile", "self.nd.json", "-t", "loihi1", "--steps", 12, "--json")
    assert (status, json.loads(out)["profile"]["n_samples"]) == (0, 1)
    twice = ("compare", "self.nd.json", "-t", "loihi1", "-b", "emulator", "-b", "emulator")
    assert call(*twice)[0] == 2
    assert call(*twice, "--steps", 12)[1].startswith("identical: 6 spikes of 1 samples in 12 steps")


def test_a_network_that_says_how_long_needs_nothing(folder, call):
    nd.save(alone(steps_per_sample=8), "long.nd.json")
    status, out, _ = call("run", "long.nd.json", "-t", "loihi1", "--json")
    assert (status, json.loads(out)["profile"]["n_samples"]) == (0, 1)


def test_nobody_says_how_long(folder, call):
    status, _, err = call(*RUN)
    assert status == 2
    assert "error[ND702] network 'self': has no inputs, and the length of its run is not specified" in err
    assert "fix: --steps N" in err


def test_steps_beyond_the_memory_are_refused_before_the_run(folder, call):
    for words in (("--steps", 2**31 - 1), ("--steps", 4, "--samples", 2**31 - 1)):
        status, _, err = call(*RUN, *words, "--no-reference")
        assert status in (1, 2), err
        assert "ND901" not in err


def test_the_first_samples_of_rows_of_events_are_samples(folder, call):
    """Four samples of a spike for each of 2 steps: the first two are 4 rows, and not the first 2."""
    network = network_of(
        (nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
        (nd.dense("lines", "cells", 2 * np.eye(2), name="wires"),),
        inputs=(nd.Input(name="lines", shape=2, encoder="spikes"),),
        name="pair",
    )
    nd.save(network, "pair.nd.json")
    rows = np.array([(sample, step, 0) for sample in range(4) for step in (1, 2)], dtype=np.int64)
    np.savez("pair.stimulus.npz", lines=rows)
    _, out, _ = call("run", "pair.nd.json", "-t", "loihi1", "--samples", 2, "--json", "--no-reference", "-o", "run.ndr")
    assert json.loads(out)["profile"]["n_samples"] == 2
    assert sorted(map(int, nd.load("run.ndr").spikes["cells"][:, 0])) == [0, 0, 1, 1]
