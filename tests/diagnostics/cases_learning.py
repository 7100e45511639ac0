"""Triggers of findings about learning rules that a target, or its dialect, cannot run."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import compiled, integer
from factories import network_of

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.hardware.figure import Figure
from neurodeploy.network import Dense, WeightFormat
from neurodeploy.network.plasticity import SumOfProducts, Trace
from neurodeploy.profile import profile
from neurodeploy.simulate import Stimulus


def learns(*rules):
    """Two lines onto one neuron, by one projection for each rule."""
    wires = (
        nd.Projection(
            name=f"p{number}",
            source="in",
            target="cells",
            operation=Dense(weights=[[4, 8]]),
            weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory"),
            plasticity=rule,
        )
        for number, rule in enumerate(rules)
    )
    return network_of([nd.Population(name="cells", shape=1, neuron=integer())], wires, outputs="cells")


def rule(dw="2^-2*x1*y0", **fields):
    return SumOfProducts(dw=dw, x1=Trace(impulse=16, tau_steps=10), **fields)


def few_products():
    target = load_target("loihi1")
    figure = Figure(value=2, unit="product", source="made for this test", confidence="ours")
    return target.model_copy(update={"learning": target.learning.model_copy(update={"products": figure})})


FOUR = [rule().model_copy(update={"x1": Trace(impulse=16, tau_steps=tau)}) for tau in (5, 10, 20, 40)]


def learned():
    """One input spike, and a rule that visits both synapses in each of 4 epochs."""
    program = nd.compile(learns(rule("u0*x1")), "loihi1")
    stimulus = Stimulus(n_samples=1, n_steps=4, spikes={"in": np.array([[0, 1, 0]], dtype=np.int32)})
    return profile(program, nd.run(program, stimulus, until=4)).findings


def odd():
    """Weights of 3 and -5 in a format that stores even ones."""
    network = learns(rule())
    wire = network.projections[0].model_copy(
        update={"operation": Dense(weights=[[3, -5]]), "weight_format": WeightFormat(weight_bits=8)}
    )
    return compiled(network.model_copy(update={"projections": (wire,)}), "loihi1")


CASES = {
    "ND226": lambda _: odd(),
    "ND311": lambda _: compiled(learns(*FOUR), "loihi1"),
    "ND312": lambda _: compiled(learns(rule()), "tiny"),
    "ND313": lambda _: nd.check(learns(rule()), "loihi1", dialect="nengo").findings,
    "ND314": lambda _: compiled(learns(rule("x1*y0 - y1*x0 - u0*w")), few_products()),
    "ND315": lambda _: compiled(learns(rule("2^-2*(x1 + 400)*y0")), "loihi1"),
    "ND316": lambda _: compiled(learns(rule(epoch_steps=100)), "loihi1"),
    "ND317": lambda _: compiled(learns(rule(dd="x1*y0", delay=100)), "loihi1"),
    "ND318": lambda _: compiled(learns(rule(dd="x1*y0")), "loihi1"),
    "ND615": lambda _: learned(),
}
