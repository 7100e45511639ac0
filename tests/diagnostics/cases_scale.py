"""Triggers of findings about very large networks, whose synapses are generated."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module

import pytest
from diagnostic_cases import integer

import neurodeploy as nd
from neurodeploy.network import FixedProbability, OneToOne, WeightFormat
from neurodeploy.network.plasticity import SumOfProducts, Trace
from neurodeploy.program import load_program, save_program

RULE = SumOfProducts(dw="2^-2*x1*y0", x1=Trace(impulse=16, tau_steps=10))


def drawn(seed=1, plasticity=None):
    """Twenty neurons that a rule joins, and a written projection that may learn."""
    form = WeightFormat(weight_bits=8, sign_mode="excitatory")
    rule = FixedProbability(shape=(20, 20), probability=0.5, weights=3, seed=seed)
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=10),
        populations=[nd.Population(name="cells", shape=20, neuron=integer())],
        projections=[
            nd.Projection(name="drawn", source="cells", target="cells", operation=rule, weight_format=form),
            nd.Projection(
                name="written",
                source="cells",
                target="cells",
                operation=OneToOne(weights=[2] * 20),
                weight_format=form,
                plasticity=plasticity,
            ),
        ],
    )


class Gone(ThreadPoolExecutor):
    """An executor whose workers have ended."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.set_exception(RuntimeError("no workers are left"))
        return future


def _large(network, **arguments):
    """Compile as if the network were above the limit for written synapses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("neurodeploy.mapping.partition.strategy"), "GROUPED", 10)
        return nd.check(network, "loihi1", fixes=False, **arguments).findings


def not_in_shards():
    return _large(drawn(plasticity=RULE))


def lost():
    return _large(drawn(), executor=Gone(1))


def others():
    """A program whose rule was edited after its tables were sealed."""
    program = nd.compile(drawn(), "loihi1")
    edited = program.model_copy(update={"network": drawn(seed=2)})
    save_program(edited, "edited.ndp")
    load_program("edited.ndp")


CASES = {
    "ND990": lambda _: not_in_shards(),
    "ND991": lambda _: others(),
    "ND992": lambda _: lost(),
}
