"""Learning against values that lava-nc 0.10.0 gave: tests/conformance/test_learning_lava.py runs it and keeps the table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_learning import OneSynapse, learned_weights, networks, one_synapse
from neurodeploy_backends.emulator.spec_learning import Synapses, cleared_epoch, count_source, count_target, learn

import neurodeploy as nd
from neurodeploy.network import Current
from neurodeploy.simulate.learning_draws import epoch_draws

TABLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "learning_lava.json").read_text())
ZERO = np.zeros(1, dtype=np.int64)


@pytest.mark.parametrize("case", one_synapse(), ids=lambda case: case.name)
def test_graded_spikes_set_traces_and_weights_as_lava(case: OneSynapse) -> None:
    synapses, found = Synapses(ZERO, ZERO, 1, 1, "mixed"), {name: list[int]() for name in ("w", "x1", "x2")}
    epoch = cleared_epoch(synapses, ZERO + 10, ZERO, ZERO, 1)
    epoch.x1[:] = case.x1
    draws = epoch_draws(case.rule, len(case.sent), 0)
    for t in range(1, len(case.sent) + 1):
        count_source(case.rule, epoch, case.sent[None, t - 1], t)
        count_target(case.rule, epoch, case.returned[None, t - 1], {}, t, draws)
        learn(case.rule, synapses, epoch, t, draws)
        for name, values in found.items():
            values.append(int(getattr(epoch, name)[0, 0]))
    assert found == TABLE["one_synapse"][case.name]


@pytest.mark.parametrize("name", list(networks()))
def test_stdp_learns_the_weights_of_lava(name: str) -> None:
    network, rewards = networks()[name]
    learned = learned_weights(network, rewards, engine="spec")
    assert any(learned)
    assert learned == TABLE["networks"][name]


def test_third_factors_are_0_after_the_input_ends() -> None:
    """A run goes on for the steps in which the network drains; values of an input are 0 there."""
    rule = nd.SumOfProducts.model_validate({"dw": "u0*y2", "third_factors": [{"source": "reward", "trace": "y2"}]})
    network, _ = networks()["stdp_one"]
    plastic = network.projections[0].model_copy(update={"plasticity": rule})
    reward = nd.Input(name="reward", shape=(1,), encoder=Current())
    network = network.model_copy(update={"projections": (plastic,), "inputs": (reward,)})
    program = nd.compile(network, "loihi2", fixes=False)
    given = {"reward": np.full((1, 3, 1), 2.0)}
    recording = nd.run(program, given, until=6, engine="spec", probes=["learns.y2", "learns.w"])
    assert recording.states["learns.y2"][0, :, 0].tolist() == [0, 2, 2, 2, 0, 0], "a reward acts in the step after"
    assert recording.states["learns.w"][0, :, 0].tolist() == [0, 2, 4, 6, 6, 6]
