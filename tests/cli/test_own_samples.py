"""Samples that come with a model are shown by the commands that run it, unless a stimulus is given."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from factories import leave, one_layer

import neurodeploy as nd
from neurodeploy.importers import load
from neurodeploy.importers.load import FORMATS, Format

SPIKES = np.zeros((2, 6, 2), dtype=np.uint8)
SPIKES[0, 0, 0] = SPIKES[1, 2, 1] = SPIKES[1, 4, 1] = 1


def load_own(path, options):
    """An importer whose model comes with two samples of three spikes in all."""
    network = one_layer(nd.If(v_threshold=0.5), np.eye(2), input_shape=2)
    return nd.Imported(network=network, samples=nd.SampleValues(values={"in": SPIKES}))


@pytest.fixture
def own(tmp_path, monkeypatch):
    home = sys.modules["neurodeploy.importers.load"]
    monkeypatch.setattr(home, "FORMATS", (*FORMATS, Format(".own", "own:load_own", ())))
    monkeypatch.setitem(sys.modules, "own", sys.modules[__name__])
    (tmp_path / "model.own").write_text("")
    return tmp_path / "model.own"


def recorded(tmp_path, *words):
    assert leave(["run", *words, "-t", "loihi1", "-o", tmp_path / "out.ndr"]) == 0
    recording = nd.load(tmp_path / "out.ndr")
    return recording.n_samples, recording.spikes["cells"].tolist()


def test_they_are_shown(own, tmp_path):
    assert load(own).samples is not None
    samples, rows = recorded(tmp_path, own)
    assert samples == 2
    assert rows == [[0, 2, 0], [1, 4, 1], [1, 6, 1]]


def test_their_number_can_be_limited(own, tmp_path):
    assert recorded(tmp_path, own, "--samples", 1) == (1, [[0, 2, 0]])


def test_a_given_stimulus_takes_their_place(own, tmp_path):
    nd.save(nd.SampleValues(values={"in": SPIKES[1:]}), tmp_path / "other.npz")
    assert recorded(tmp_path, own, "--stimulus", tmp_path / "other.npz") == (1, [[0, 4, 1], [0, 6, 1]])


@pytest.mark.parametrize(("command", "made"), [("compile", "net.ndp"), ("convert", "net.nd.json")])
def test_they_are_written_next_to_what_is_made_of_the_model(own, tmp_path, capsys, command, made):
    target = ["-t", "loihi1"] if command == "compile" else []
    assert leave([command, own, "-o", tmp_path / made, *target]) == 0
    assert "net.stimulus.npz,thesamplesofthemodel" in "".join(capsys.readouterr().out.split())
    assert recorded(tmp_path, tmp_path / made, *(["-t", "loihi1"] if command == "convert" else [])) == recorded(
        tmp_path, own
    )
