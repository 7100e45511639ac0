"""Networks that learn, and samples for them, that several test modules share."""

from __future__ import annotations

import numpy as np
from factories import network_of

import neurodeploy as nd
from neurodeploy.network import Dense, OneToOne, Sparse, WeightFormat

__all__ = ["STDP", "learner", "float_learner", "operation_of", "shown", "trained"]

STDP = {
    "x1": nd.Trace(impulse=16, tau_steps=10),
    "y1": nd.Trace(impulse=16, tau_steps=10),
    "seed": 7,
}
"""Traces of a rule for pairs of spikes."""
PAIRS = "2^-2*x1*y0 - 2^-2*y1*x0"


def operation_of(kind, seed=3, step=2):
    """An operation of 4 sources (3 for one_to_one) and 3 targets with integer weights, multiples of `step`."""
    rng = np.random.default_rng(seed)
    if kind == "dense":
        return Dense(weights=rng.integers(10, 60, (3, 4)) * step)
    if kind == "one_to_one":
        return OneToOne(weights=rng.integers(30, 60, 3) * step)
    post, pre = np.array([2, 0, 1, 0, 2, 1, 1]), np.array([3, 0, 2, 2, 1, 0, 3])
    return Sparse(shape=(3, 4), post=post, pre=pre, weights=rng.integers(30, 60, 7) * step)


def learner(kind="dense", *, dw=PAIRS, seed=3, sign_mode="mixed", operation=None, weight_bits=8, **rule):
    """A network of integer neurons whose only projection, "in_cells", learns."""
    plasticity = nd.SumOfProducts(**{"dw": dw, **STDP, **rule})
    projection = nd.Projection(
        name="in_cells",
        source="in",
        target="cells",
        operation=operation or operation_of(kind, seed),
        weight_format=WeightFormat(weight_bits=weight_bits, exponent=0, sign_mode=sign_mode),
        plasticity=plasticity,
    )
    cells = nd.Population(name="cells", shape=3, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=200))
    inputs = 3 if kind == "one_to_one" else 4
    return network_of((cells,), (projection,), inputs=inputs, outputs="cells", name="learner", steps_per_sample=20)


def float_learner(kind="dense", *, r=2.0, dw=PAIRS, seed=3, **rule):
    """A network of float neurons whose only projection, "in_cells", learns. `r`: gain, or one for each neuron."""
    whole = operation_of(kind, seed)
    projection = nd.Projection(
        name="in_cells",
        source="in",
        target="cells",
        operation=whole.model_copy(update={"weights": whole.weights / 70.0}),
        plasticity=nd.SumOfProducts(**{"dw": dw, **STDP, **rule}),
    )
    cells = nd.Population(name="cells", shape=3, neuron=nd.Lif(tau_m_s=0.02, r=r, v_threshold=0.3))
    inputs = 3 if kind == "one_to_one" else 4
    return network_of((cells,), (projection,), inputs=inputs, outputs="cells", name="learner", steps_per_sample=20)


def shown(network, samples=1, seed=0, share=0.3):
    """Spikes of the input, (samples, 20, lines)."""
    rng = np.random.default_rng(seed)
    return {"in": (rng.random((samples, 20, network.inputs[0].size)) < share).astype(np.uint8)}


def trained(network=None, samples=1, seed=0, target="loihi1", **choices):
    """(program, recording) of a network that learns, by default `learner()`, on the definition of the emulator."""
    network = network or learner()
    program = nd.compile(network, target)
    return program, nd.run(program, shown(network, samples, seed), engine="spec", **choices)
