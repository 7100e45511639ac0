"""The program and the stimulus that the doors of recordings, states and stimuli share."""

from __future__ import annotations

import functools

import numpy as np

import neurodeploy as nd
from neurodeploy.network import Current, SigmaDelta, WeightFormat
from neurodeploy.network.neurons import Noise
from neurodeploy.simulate import Stimulus

STYLE = WeightFormat(weight_bits=8, exponent=2, sign_mode="mixed")


@functools.cache
def program():
    """Plain, noisy and graded populations, delays, a loop, and an input of each kind."""
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=6),
        inputs=(nd.Input(name="lines", shape=5), nd.Input(name="values", shape=2, encoder=Current())),
        populations=(
            nd.Population(name="cells", shape=4, neuron=nd.LoihiCuba(du=900, dv=300, vth_mant=30)),
            nd.Population(
                name="noisy",
                shape=3,
                neuron=nd.LoihiCuba(du=0, dv=100, vth_mant=40, noise=Noise(exponent=8, at="membrane")),
            ),
            nd.Population(name="sums", shape=2, neuron=SigmaDelta(threshold=30, spike_exp=0, state_exp=0)),
        ),
        projections=(
            nd.dense(
                "lines",
                "cells",
                np.full((4, 5), 20),
                delay_steps=np.arange(4),
                delay_axis="target",
                weight_format=STYLE,
            ),
            nd.dense("cells", "noisy", np.full((3, 4), 16), weight_format=STYLE),
            nd.dense("noisy", "noisy", np.full((3, 3), -6), delay_steps=2, weight_format=STYLE, name="back"),
            nd.dense("values", "sums", np.full((2, 2), 10), weight_format=STYLE),
        ),
        outputs=(nd.Output(name="out", source="noisy"),),
        probes=(nd.Probe(name="v", target="cells", variable="v"),),
    )
    return nd.compile(network, "loihi2")


def stimulus():
    """Two samples of six steps, every other line in every step."""
    rows = np.argwhere(np.indices((2, 6, 5)).sum(axis=0) % 2) + [0, 1, 0]
    values = np.arange(24, dtype=float).reshape(2, 6, 2) % 7
    return Stimulus(n_samples=2, n_steps=6, spikes={"lines": rows.astype(np.int32)}, currents={"values": values})
