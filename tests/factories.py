"""Networks, chips and calls of the command line that several test modules share.

`from factories import one_layer`: `conftest.py` finds this file under that name. The tests folder stays off `sys.path`, and with
it the checkout, so that what is tested is what is installed. A script that runs outside pytest puts this folder on `sys.path`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from itertools import pairwise
from numbers import Integral

import h5py
import numpy as np
import pytest
import typer.main

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.network import FixedNumber, WeightFormat
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.coordinates import target_size
from neurodeploy.network.operations import Conv2d

every_example = False
"""Whether property tests run all of their examples; `conftest.py` sets it from the selection of tests."""


def examples(count: int, quick: int | None = None) -> int:
    """`max_examples` of a property test: `count` in the slow run; `quick` or a fifth, but at least 5, in the default run."""
    return count if every_example else min(count, max(5, count // 5)) if quick is None else quick


def network_of(populations, projections=(), *, inputs=2, outputs=(), name="net", steps_per_sample=None, **fields):
    """A network with steps of 1 ms.

    `inputs` is the shape of a single input "in", or a sequence of `nd.Input`; `outputs` is the population that a single output
    "out" reads, or a sequence of `nd.Output`.
    """
    is_shape = isinstance(inputs, Integral) or all(isinstance(item, Integral) for item in inputs)
    return nd.Network(
        name=name,
        time=nd.Time(dt_s=1e-3, steps_per_sample=steps_per_sample),
        inputs=(nd.Input(name="in", shape=inputs),) if is_shape and inputs else inputs,
        populations=tuple(populations),
        projections=tuple(projections),
        outputs=(nd.Output(name="out", source=outputs),) if isinstance(outputs, str) else outputs,
        **fields,
    )


def one_layer(
    neuron,
    weights=1.0,
    *,
    source="in",
    target="cells",
    output=None,
    encoder="spikes",
    input_shape=None,
    probes=(),
    projection=None,
    name="net",
    steps_per_sample=None,
    metadata=None,
    **fields,
):
    """One input, one population, one dense projection: a row of `weights` per neuron, a column per input line.

    `output` names an output of the population, `probes` lists the variables to record, each under its own name; `projection` is
    the name of the projection, and `fields` are further arguments of `nd.dense`.
    """
    table = np.atleast_2d(np.asarray(weights))
    shape = table.shape[1] if input_shape is None else input_shape
    return network_of(
        [nd.Population(name=target, shape=table.shape[0], neuron=neuron)],
        [nd.dense(source, target, table, **({"name": projection} if projection else {}), **fields)],
        inputs=(nd.Input(name=source, shape=shape, encoder=encoder),),
        outputs=(nd.Output(name=output, source=target),) if output else (),
        name=name,
        steps_per_sample=steps_per_sample,
        probes=tuple(nd.Probe(name=variable, target=target, variable=variable) for variable in probes),
        **({} if metadata is None else {"metadata": metadata}),
    )


def pair_network(neuron=None, *, scale=2.0, output="answer", **options):
    """Two input lines "lines", each onto a neuron of its own in "cells"; one input spike makes one output spike."""
    neuron = nd.If(v_threshold=1.0) if neuron is None else neuron
    return one_layer(neuron, scale * np.eye(2), source="lines", output=output, **{"name": "pair", **options})


def wide_network(size=30, n_in=10, neuron=None, *, seed=1, **options):
    """`n_in` lines onto `size` neurons with random weights: by default one core more than the test chip "tiny" has."""
    neuron = nd.Lif(tau_m_s=0.01, v_threshold=1) if neuron is None else neuron
    weights = np.random.default_rng(seed).normal(0, 4, (size, n_in))
    return one_layer(neuron, weights, **{"name": "wide", **options})


def layered_network(operations: Sequence, neuron, *, names=None, n_in=None, weight_format=None, **options):
    """Populations one behind the other; each has the shape that its `Conv2d` puts out, or a neuron for each row of weights."""
    names = ["in", *(names or (f"layer{number}" for number in range(len(operations))))]
    shapes = [output_shape(window_of(item)) if isinstance(item, Conv2d) else item.shape[:1] for item in operations]
    first = operations[0]
    n_in = n_in or (first.input_shape if isinstance(first, Conv2d) else first.shape[1])
    return network_of(
        [nd.Population(name=name, shape=shape, neuron=neuron) for name, shape in zip(names[1:], shapes, strict=True)],
        [
            nd.Projection(
                name=f"to_{target}", source=source, target=target, operation=operation, weight_format=weight_format
            )
            for (source, target), operation in zip(pairwise(names), operations, strict=True)
        ],
        inputs=n_in,
        **options,
    )


def operation_network(operation, before=(2, 8, 8), after=None, neuron=None, **fields):
    """An input of shape `before`, one projection "wires" with the operation, and the population "cells" that it reaches.

    `fields` are further fields of the projection.
    """
    neuron = nd.If(v_threshold=1.0) if neuron is None else neuron
    size = target_size(operation, int(np.prod(before)))
    return network_of(
        [nd.Population(name="cells", shape=after or size, neuron=neuron)],
        [nd.Projection(name="wires", source="in", target="cells", operation=operation, **fields)],
        inputs=before,
        name="one",
    )


def ones_conv(out=4, kernel=(3, 3), before=(2, 8, 8), **fields):
    """A convolution of `out` channels whose weights are all 1; `before` is its input shape (channels, height, width)."""
    weights = np.ones((out, before[0] // fields.get("groups", 1), *kernel))
    return Conv2d(input_shape=before, weights=weights, **fields)


def nir_ports(source, target):
    """Nodes "input" and "output" of a NIR graph, for the fixture `nir_file`."""
    return {"input": ("Input", {"shape": source}), "output": ("Output", {"shape": target})}


def nir_chain(*names):
    """Edges of a NIR graph from "input" through the named nodes, in that order, to "output"."""
    return list(pairwise(["input", *names, "output"]))


def nir_if(*shape):
    """A NIR node of integrate-and-fire neurons with threshold 1."""
    return ("IF", {"r": np.ones(shape), "v_threshold": np.ones(shape)})


def write_nir_neuron(path):
    """Write a NIR file of one LIF neuron; NIR files hold no step and no reset."""
    with h5py.File(path, "w") as file:
        file["version"] = "1.0.8"
        node = file.create_group("node")
        node["type"] = "NIRGraph"
        node["edges"] = np.array(nir_chain("lif"), dtype="S")
        for name in ("input", "output"):
            node[f"nodes/{name}/type"] = name.capitalize()
            node[f"nodes/{name}/shape"] = [1]
        node["nodes/lif/type"] = "LIF"
        for name, value in {"tau": 0.01, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.1}.items():
            node[f"nodes/lif/{name}"] = [value]


def with_limits(target, **values):
    """The target with other figures: limits of a core (`input_axons=12`), and sizes of the chip (`cores=4`).

    A sequence replaces the values of a figure that has several.
    """
    changed = {}
    for part in ("limits", "chip"):
        group = getattr(target, part, None)
        named = values.keys() & type(group).model_fields.keys() if group is not None else set()
        figures = {name: _with_value(getattr(group, name), values.pop(name)) for name in sorted(named)}
        changed |= {part: group.model_copy(update=figures)} if figures else {}
    assert not values, f"the target has no figure {sorted(values)}"
    return target.model_copy(update=changed)


def _with_value(figure, value):
    field = {"values": tuple(value)} if isinstance(value, (list, tuple)) else {"value": value}
    return figure.model_copy(update=field)


@functools.cache
def command_line():
    """The whole command, built once: building it takes longer than most calls of it."""
    return typer.main.get_command(app)


def leave(words: Iterable[object], **options) -> int:
    """Call the command line in this process; return the status with which it leaves."""
    with pytest.raises(SystemExit) as left:
        command_line()([str(word) for word in words], **options)
    return int(left.value.code or 0)


def drawn_network(neurons, number, name="drawn", **fields):
    """A population "cells" whose neurons each have `number` sources among themselves, joined by a rule of the same name."""
    rule = FixedNumber(shape=(neurons, neurons), number=number, weights=7, seed=3)
    cell = nd.LoihiCuba(du=1000, dv=100, vth_mant=900, bias_mant=40, bias_exp=6)
    form = WeightFormat(weight_bits=8, sign_mode="excitatory")
    return nd.Network(
        name=name,
        time=nd.Time(dt_s=1e-3, steps_per_sample=60),
        populations=[nd.Population(name="cells", shape=neurons, neuron=cell)],
        projections=[nd.Projection(name="drawn", source="cells", target="cells", operation=rule, weight_format=form)],
        **fields,
    )
