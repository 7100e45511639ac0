"""Workloads as networks, programs and stimuli. Each program is compiled once and cached."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from workloads import DU, DV, Case, Layer, Link

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.network.operations import Conv2d, Sparse, WeightFormat
from neurodeploy.program import save_program

__all__ = ["network", "program", "save_program", "stimulus"]

FORMAT = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")


def _neuron(layer: Layer) -> nd.LoihiCuba:
    if layer.bias is None:
        return nd.LoihiCuba(du=DU, dv=DV, vth_mant=layer.vth)
    return nd.LoihiCuba(du=DU, dv=DV, vth_mant=layer.vth, bias_mant=layer.bias, bias_exp=layer.bias_exp)


def _operation(link: Link, sizes: dict[str, int]) -> Any:
    if link.dense is not None:
        return nd.dense("a", "b", np.ascontiguousarray(link.dense.T)).operation
    if link.conv is not None:
        conv, stride = link.conv, (link.conv.stride, link.conv.stride)
        return Conv2d(input_shape=conv.source_shape, weights=conv.weights, stride=stride)
    csr = link.as_csr()
    pre = np.repeat(np.arange(csr.indptr.size - 1, dtype=np.int32), np.diff(csr.indptr))
    return Sparse(shape=(sizes[link.target], sizes[link.source]), post=csr.indices, pre=pre, weights=csr.data)


def network(case: Case) -> nd.Network:
    """Return the network of a case."""
    inputs = [nd.Input(name=name, shape=shape) for name, shape in case.inputs.items()]
    sizes = {item.name: item.size for item in [*inputs, *case.layers]}
    return nd.Network(
        name=case.key,
        time=nd.Time(dt_s=1e-3),
        inputs=inputs,
        populations=[nd.Population(name=item.name, shape=item.shape, neuron=_neuron(item)) for item in case.layers],
        projections=[
            nd.Projection(
                name=f"{link.source}_to_{link.target}",
                source=link.source,
                target=link.target,
                operation=_operation(link, sizes),
                weight_format=FORMAT,
            )
            for link in case.links
        ],
    )


def program(case: Case) -> nd.Program:
    """Return the compiled program."""
    options = nd.CompileOptions(fixes=False)
    target = nd.load_target(case.target, board=case.board)
    return compile_network(network(case), target, options).require()


def stimulus(case: Case, steps: int, samples: int = 1) -> nd.Stimulus:
    """Return the events of a case; with several samples each has its own seed."""
    spikes: dict[str, NDArray[Any]] = {}
    for name in case.inputs:
        parts = []
        for sample in range(samples):
            rows = case.events(steps, seed=1 + sample)[name]
            parts.append(np.column_stack([np.full(len(rows), sample, dtype=np.int32), rows]))
        spikes[name] = np.concatenate(parts)
    return nd.Stimulus(n_samples=samples, n_steps=steps, spikes=spikes)
