"""A program of two populations that ran, for all pictures."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import neurodeploy as nd

mpl.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    """Close what a test left open; pyplot warns of many figures."""
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def network(**fields: Any) -> nd.Network:
    rng = np.random.default_rng(2)
    cells = nd.Lif(tau_m_s=0.02, r=20, v_threshold=1)
    return nd.Network(
        name="pictured",
        time=nd.Time(dt_s=1e-3, steps_per_sample=30),
        inputs=[nd.Input(name="sensor", shape=8, encoder="rate")],
        populations=[
            nd.Population(name="hidden", shape=24, neuron=cells),
            nd.Population(name="answer", shape=3, neuron=cells),
        ],
        projections=[
            nd.dense("sensor", "hidden", rng.normal(0.1, 0.4, (24, 8)), name="in_hidden"),
            nd.dense("hidden", "answer", rng.normal(0.05, 0.5, (3, 24)), name="hidden_out"),
        ],
        outputs=[nd.Output(name="class", source="answer")],
        **fields,
    )


@pytest.fixture(scope="session")
def ran():
    program = nd.compile(network(), target="loihi1")
    samples = np.random.default_rng(3).random((4, 8))
    return program, nd.run(program, samples, probes=["hidden.v", "hidden.u"])


@pytest.fixture(scope="session")
def spread():
    """The same network over several cores of a small chip, and a recording."""
    rng = np.random.default_rng(4)
    cells = nd.If(v_threshold=1.0)
    many = nd.Network(
        name="spread",
        time=nd.Time(dt_s=1e-3, steps_per_sample=20),
        inputs=[nd.Input(name="sensor", shape=4, encoder="rate")],
        populations=[nd.Population(name=name, shape=10, neuron=cells) for name in ("first", "second")],
        projections=[
            nd.dense("sensor", "first", rng.normal(0.3, 0.5, (10, 4))),
            nd.dense("first", "second", rng.normal(0.2, 0.5, (10, 10))),
        ],
    )
    program = nd.compile(many, target="tiny")
    return program, nd.run(program, rng.random((2, 4)))
