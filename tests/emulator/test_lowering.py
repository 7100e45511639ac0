"""The layout against the core tables: its blocks, written out one synapse at a time, hold the synapses of the tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neurodeploy_backends.emulator.engine import tables
from neurodeploy_backends.emulator.lowering import blocks, walk
from neurodeploy_backends.emulator.lowering.lower import lower
from neurodeploy_backends.emulator.spec_tables import machine_of, synapses_of

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.native.header import header_of
from neurodeploy.network import Conv2d, Current, Sparse, WeightFormat
from neurodeploy.quantize import quantize

SIZES = {"in": 60, "drive": 9, "image": 90, "cells": 70}
TILED_FROM = 80
"""Between the sizes of the two populations, so that blocks into one of them are tiled."""


class Link(NamedTuple):
    """A projection; `delay` None: each synapse has its own."""

    source: str
    target: str
    filled: float = 0.1
    weights: tuple[int, int] = (-9, 10)
    exponent: int = 0
    delay: int | None = 0


def synapses_of_tables(program):
    """How often each (source, pre, target, post, delay, weight, port, shift) occurs in the core tables, weights of 0 left out."""
    machine, found = machine_of(program), Counter()
    names, t = list(machine.populations), program.tables
    for source, own in machine.routes.items():
        core, axon, pre = own.follow(np.arange(own.start.size))
        row, entry, touched = synapses_of(t, core, axon)
        for at, k, line in zip(row.tolist(), entry.tolist(), pre[touched].tolist(), strict=True):
            cells = machine.populations[names[int(machine.population[at])]]
            planes = [*((port, 0) for port in range(cells.ports)), *cells.deferred]
            plane = planes[int(machine.plane(np.array([k]), np.array([at]))[0])]
            weight, delay = int(machine.weight[k]), int(t.entry_delay[k])
            if weight:
                found[(source, line, cells.name, int(t.neuron[at]), delay, weight, *plane)] += 1
    return found


def groups(weights, start, stop, size):
    """(target, weight) of groups [start, stop) from element `size` on; those that fill a group up are (0, 0)."""
    each = 12 if weights.itemsize == 1 else 8
    for k in range(start, stop):
        group = weights[size + k * each : size + (k + 1) * each]
        yield from zip(group[: each - 4].view(np.uint16).tolist(), group[each - 4 :].tolist(), strict=True)


def listed(layout, block, weights, source, padded):
    """(row of the target, delay, weight) of the synapses of one source in a block of any kind."""
    kind, pointer, first, own = (
        block["kind"],
        layout.pointer[block["pointer"] :].tolist(),
        block["weights"],
        block["delay"],
    )
    if kind == tables.DENSE:
        begin = first + source * block["width"]
        return [(k, own, w) for k, w in enumerate(weights[begin : begin + block["width"]].tolist())]
    if kind == tables.SPARSE:
        return [(k, own, w) for k, w in groups(weights, pointer[source], pointer[source + 1], first)]
    if kind == tables.TILED:
        begins = pointer[block["tiles"] + 1 :]
        return [
            ((begins[2 * s + 1] << block["tile_bits"]) + k, own, w)
            for s in range(pointer[source], pointer[source + 1])
            for k, w in groups(weights, begins[2 * s], begins[2 * s + 2], first)
        ]
    if kind == tables.SHARED:
        pattern, base = pointer[2 * source : 2 * source + 2]
        first_run = pointer[2 * block["tiles"] :]
        runs = np.array(first_run[block["tile_bits"] + 1 :][: 3 * first_run[block["tile_bits"]]]).reshape(-1, 3)
        return [
            (base + begin + k, own, int(weights[first + at + k]))
            for begin, length, at in runs[first_run[pattern] : first_run[pattern + 1]].tolist()
            for k in range(length)
        ]
    index = layout.index32[block["targets"] :]
    return [
        (int(index[k]) % padded, int(index[k]) // padded, int(weights[first + k]))
        for k in range(pointer[source], pointer[source + 1])
    ]


def synapses_of_layout(low):
    """The same as `synapses_of_tables`, from the blocks of a layout; and the kinds of its blocks."""
    layout, found, kinds = low.layout, Counter(), set()
    for record in layout.blocks:
        block = {name: int(record[name]) for name in record.dtype.names}
        source, target = low.parts[block["source"]], low.parts[block["target"]]
        population = layout.populations[block["target"]]
        plane = int(population["plane_shift"]) + block["plane"]
        sums = int(layout.plane_port[plane]), int(layout.plane_shift[plane])
        up = block["shift"] + int(population["left"]) - int(population["right"])
        weights = layout.weights8 if block["bytes"] == 1 else layout.weights16
        assert block["weights"] % 64 == 0
        kinds.add(block["kind"])
        for k in range(source.size):
            for row, delay, weight in listed(layout, block, weights, k, int(population["padded"])):
                if weight:
                    ends = source.name, int(source.neurons[k]), target.name, int(target.neurons[row])
                    found[(*ends, delay, weight << up, *sums)] += 1
    return found, kinds


def operation_of(rng, link):
    if (link.source, link.target) == ("in", "image"):
        return Conv2d(input_shape=(2, 6, 5), weights=rng.integers(*link.weights, (3, 2, 3, 3)) * 2, padding=(1, 1))
    shape = SIZES[link.target], SIZES[link.source]
    weights = rng.integers(*link.weights, shape) * 2 * (rng.random(shape) < link.filled)
    post, pre = np.nonzero(weights)
    return Sparse(shape=shape, post=post, pre=pre, weights=weights[post, pre])


def program_of(seed, chip, links, *, valued=False):
    """Two populations and two inputs, one of which gives values if `valued`; a convolution from "in" to "image"."""
    rng, projections, neuron = np.random.default_rng(seed), [], nd.LoihiCuba(du=1000, dv=200, vth_mant=100)
    for number, link in enumerate(links):
        operation, spread = operation_of(rng, link), link.delay is None
        projections.append(
            nd.Projection(
                name=f"p{number}",
                source=link.source,
                target=link.target,
                operation=operation,
                delay_steps=rng.integers(0, 5, operation.post.size) if spread else link.delay,
                delay_axis="synapse" if spread else "projection",
                weight_format=WeightFormat(weight_bits=8, exponent=link.exponent, sign_mode="mixed"),
            )
        )
    network = network_of(
        (
            nd.Population(name="image", shape=(3, 6, 5), neuron=neuron),
            nd.Population(name="cells", shape=70, neuron=neuron),
        ),
        tuple(projections),
        inputs=(
            nd.Input(name="in", shape=(2, 6, 5)),
            nd.Input(name="drive", shape=9, encoder=Current() if valued else "spikes"),
        ),
    )
    target = load_target(chip, rules="lava-loihi" if chip == "loihi2" else None)  # which has dense lists
    return emit_program(place(partition(quantize(network, target), target)))


ENDS = [
    ("in", "image"),
    ("in", "cells"),
    ("image", "cells"),
    ("cells", "image"),
    ("cells", "cells"),
    ("drive", "cells"),
]


@st.composite
def programs(draw):
    chip, links = draw(st.sampled_from(["loihi1", "loihi2"])), []
    for source, target in draw(st.lists(st.sampled_from(ENDS), min_size=1, max_size=4, unique=True)):
        delays = [0, 3] if (source, target) == ENDS[0] else [0, 3, None]
        filled, delay = draw(st.sampled_from([0.03, 0.15, 0.9])), draw(st.sampled_from(delays))
        weights, exponent = draw(st.sampled_from([(-9, 10), (-120, 127)])), draw(st.integers(-3, 4))
        links.append(Link(source, target, filled, weights, exponent, delay))
    return program_of(draw(st.integers(0, 1000)), chip, links, valued=chip == "loihi2" and draw(st.booleans()))


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(1, 3), st.booleans(), st.sampled_from([0.0, 0.5]))
def test_the_blocks_hold_the_synapses_of_the_tables(program, pieces, watched, dense_from):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "TILED_FROM", TILED_FROM)
        patch.setattr(blocks, "DENSE_FROM", dense_from)
        found, _ = synapses_of_layout(lower(program, pieces=pieces, watched=watched))
    assert found == synapses_of_tables(program)


def test_one_program_has_blocks_of_every_kind(monkeypatch):
    monkeypatch.setattr(blocks, "TILED_FROM", TILED_FROM)
    monkeypatch.setattr(blocks, "DENSE_FROM", 0.5)
    links = [
        Link("in", "image"),
        Link("in", "cells", exponent=-2),
        Link("image", "cells", filled=0.9, weights=(-120, 127), delay=3),
        Link("cells", "image"),
        Link("cells", "cells", delay=None, exponent=2),
        Link("drive", "cells"),
    ]
    program = program_of(0, "loihi2", links, valued=True)
    found, kinds = synapses_of_layout(lower(program))
    assert kinds == {tables.DENSE, tables.SPARSE, tables.DELAYED, tables.TILED, tables.SHARED, tables.VALUED}
    assert found == synapses_of_tables(program)
    assert sum(found.values()) > 1000


def test_the_header_declares_the_nouns_of_the_walks():
    assert Path(walk.__file__).with_suffix(".h").read_text() == header_of(walk)
