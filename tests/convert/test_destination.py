"""A converted network is compiled for the target that it was converted for, unless another one is given."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import neurodeploy as nd

X = np.random.default_rng(0).random((60, 5))
Y = (X @ [1.0, -2, 1, 0.5, -0.5] > 0.1).astype(int)


@pytest.fixture(scope="module")
def classifier():
    return LogisticRegression(C=100).fit(X, Y)


@pytest.mark.parametrize(("target", "scheme"), [("loihi1", "soft"), ("loihi2", "sigma_delta")])
def test_the_target_is_in_the_network(call, classifier, target, scheme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = nd.convert(classifier, "made.nd.json", calibration=X, labels=Y, target=target, steps=8)
    assert (made.target, made.scheme) == (target, scheme)
    assert nd.compile(made).target.name == target
    assert nd.compile(nd.load("made.nd.json")).target.name == target
    assert nd.check(made).program.target.name == target
    np.savez("test.npz", x=X, y=Y)
    status, out, _ = call("run", "made.nd.json", "--stimulus", "test.npz", "--no-reference", "--json")
    assert status == 0
    document = json.loads(out)
    program = nd.compile(made)
    assert document["profile"]["target"] == target
    assert document["profile"]["accuracy"] == nd.accuracy(program, nd.run(program, X), Y)


def test_another_target_takes_precedence(classifier):
    made = nd.convert(classifier, calibration=X, labels=Y, steps=8)
    assert nd.compile(made, "loihi2").target.name == "loihi2"


def test_other_networks_need_a_target_on_the_command_line(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = nd.Network(
        name="plain",
        time=nd.Time(dt_s=1e-3, steps_per_sample=4),
        populations=(nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
    )
    nd.save(network, "plain.nd.json")
    status, _, err = call("compile", "plain.nd.json")
    assert status == 2
    assert "ND705" in err
    assert nd.compile(network).target.name == "loihi1"
