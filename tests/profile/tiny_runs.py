"""Runs of a chain of two neurons on chosen cores of a target."""

from __future__ import annotations

import numpy as np
from factories import network_of

import neurodeploy as nd
from neurodeploy.mapping import Mapping, emit_program, place
from neurodeploy.network import WeightFormat
from neurodeploy.quantize import quantize
from neurodeploy.simulate import Stimulus

PJ, NS = 1e-12, 1e-9


def chain():
    """in -> a -> b, one neuron each; an input spike makes a spike one step later, and b one step after that."""
    integer = nd.LoihiCuba(du=4095, dv=4095, vth_mant=1)
    style = WeightFormat(weight_bits=8, sign_mode="excitatory")
    return network_of(
        (nd.Population(name="a", shape=1, neuron=integer), nd.Population(name="b", shape=1, neuron=integer)),
        (nd.dense("in", "a", [[100]], weight_format=style), nd.dense("a", "b", [[100]], weight_format=style)),
        inputs=1,
        name="chain",
    )


def run_on(cores, target, core_ids=None, samples=1):
    """One input spike in step 1 of each sample, four steps; neuron a on cores[0], b on cores[1]."""
    quantized = quantize(chain(), target)
    cut = Mapping(
        quantized=quantized,
        target=target,
        n_cores=max(cores) + 1,
        core_of={"a": np.array([cores[0]], "i4"), "b": np.array([cores[1]], "i4")},
    )
    program = emit_program(place(cut))
    if core_ids is not None:
        program = program.model_copy(
            update={"tables": program.tables.model_copy(update={"core_id": np.array(core_ids)})}
        )
    rows = np.array([[sample, 1, 0] for sample in range(samples)], dtype=np.int32)
    return program, nd.run(program, Stimulus(n_samples=samples, n_steps=1, spikes={"in": rows}), until=4)
