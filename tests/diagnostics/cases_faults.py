"""Triggers of findings about hardware faults that a program cannot have, or a backend cannot run."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import integer
from factories import network_of, pair_network

import neurodeploy as nd
from neurodeploy.network import Dense, WeightFormat
from neurodeploy.network.plasticity import SumOfProducts, Trace
from neurodeploy.simulate import Stimulus

DEAD = nd.Fault(where="neuron", what="dead", population="cells", neuron=1)


def pair():
    return nd.compile(pair_network(), "loihi1")


def learning():
    """Two lines onto one neuron, by synapses that learn."""
    wire = nd.Projection(
        name="wires",
        source="in",
        target="cells",
        operation=Dense(weights=[[4, 8]]),
        weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory"),
        plasticity=SumOfProducts(dw="2^-2*x1*y0", x1=Trace(impulse=16, tau_steps=10)),
    )
    return nd.compile(network_of([nd.Population(name="cells", shape=1, neuron=integer())], [wire]), "loihi1")


def unable():
    """A program with a fault on the float reference, which knows no cores."""
    stimulus = Stimulus(n_samples=1, n_steps=4, spikes={"lines": np.array([[0, 1, 0]], dtype=np.int32)})
    return nd.run(nd.inject(pair(), DEAD), stimulus, backend="reference")


CASES = {
    "ND970": lambda _: nd.inject(
        pair(), nd.Fault(where="synapse", projection="lines_to_cells", pre=0, post=1, field="weight")
    ),
    "ND971": lambda _: nd.inject(pair(), DEAD.model_copy(update={"neuron": 300})),
    "ND972": lambda _: nd.inject(
        pair(), nd.Fault(where="synapse", projection="lines_to_cells", pre=0, post=1, field="weight", bit=8)
    ),
    "ND973": lambda _: nd.inject(learning(), DEAD.model_copy(update={"neuron": 0})),
    "ND974": lambda _: unable(),
}
