"""netx files on lava itself: recurrence, delays, resonators, adaptive neurons, resets and split weights, state by state."""

from __future__ import annotations

import numpy as np
import pytest
from netx_files import CUBA, OPTIONS, dense, file_of

import neurodeploy as nd
from neurodeploy.importers import load

BACKENDS = ("lava",)
RF = {"type": "RF_PHASE", "sinDecay": 800, "cosDecay": 3900, "vThMant": 5}
ALIF = {"type": "ALIF", "iDecay": 900, "vDecay": 300, "thDecay": 200, "refDecay": 500, "vThMant": 40, "vThStep": 11}


def weights(rng, out, sources, low=-30, high=60):
    return rng.integers(low, high, (out, sources)) * 2


def resonators(rng, out, sources):
    layer = dense(weights(rng, out, sources), neuron=RF)
    return {**layer, "weight": {"real": layer["weight"], "imag": weights(rng, out, sources).astype(float)}}


CASES = {
    "recurrence and delays": lambda rng: (
        dense(weights(rng, 6, 5), delay=rng.integers(0, 20, 6)),
        dense(
            weights(rng, 6, 6), type="dense_rec", weight_rec=weights(rng, 6, 6, -60, 20), delay=rng.integers(0, 63, 6)
        ),
        dense(weights(rng, 3, 6), delay=rng.integers(0, 9, (3, 6))),
    ),
    "weights of any size": lambda rng: (
        dense(rng.integers(-255, 256, (6, 5))),
        dense(rng.integers(-5, 128, (4, 6))),
        dense(rng.integers(-900, 1500, (3, 4))),
    ),
    "resonators": lambda rng: (resonators(rng, 6, 5), dense(weights(rng, 4, 6), neuron={**CUBA, "vThMant": 20})),
    "adaptive": lambda rng: (dense(weights(rng, 6, 5), neuron=ALIF), dense(weights(rng, 4, 6))),
    "resets": lambda rng: (
        dense(weights(rng, 6, 5)),
        dense(weights(rng, 6, 6), type="dense_rec", weight_rec=weights(rng, 6, 6)),
        dense(weights(rng, 3, 6), neuron=None),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_lava_and_the_emulator_agree_in_every_state(tmp_path, vendor, name):
    rng = np.random.default_rng(7)
    options = OPTIONS.model_copy(update={"reset_interval_steps": 13 if name == "resets" else None})
    network = load(file_of(tmp_path / "a.net", *CASES[name](rng)), options).network
    program = nd.compile(network, "loihi2")
    shown = {"input": (rng.random((2, 120, 5)) < 0.35).astype(int)}
    probes = [(item.name, variable) for item in network.populations for variable in ("u", "v")]
    own = nd.run(program, shown, probes=probes)
    other = nd.run(program, shown, probes=probes, backend=vendor)
    assert all(own.spikes[item.name].size for item in network.populations[:-1])
    for item in network.populations:
        assert np.array_equal(own.spikes[item.name], other.spikes[item.name])
    for key, value in own.states.items():
        assert np.array_equal(value, other.states[key]), key
