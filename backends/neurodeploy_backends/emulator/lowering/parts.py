"""Parts that the engine holds as one, populations or ranges of them, and statistics of the synapses between them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.native.structs import lend
from neurodeploy.program.program import Program
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.library import walks
from neurodeploy_backends.emulator.lowering.walk import SYNAPSE_FACTS, Routes, Survey, Walk

__all__ = [
    "BATCH",
    "LANES",
    "RUN",
    "WINDOWS",
    "BlockStats",
    "Classes",
    "Part",
    "Sources",
    "Statistics",
    "classes_of",
    "cut_parts",
    "padded",
    "sources_of",
    "statistics_of",
    "whole",
]

Array = NDArray[Any]
LANES, RUN, BATCH = 32, 16, 64
"""Accumulators of a dense row, those of a run of shared synapses, and rows of a part come in multiples of these: what the
widest vector holds."""
WINDOWS = ("conv1d", "conv2d", "sum_pool2d", "avg_pool2d", "chain")
"""Operations in which many sources share one pattern."""


class Part(NamedTuple):
    """A range of a population (or a whole input) that the engine holds as one."""

    name: str
    start: int
    """First engine row."""
    size: int
    neurons: Array
    """(size,) neuron of each row."""
    owner: int
    """Thread that updates it."""
    is_input: bool


def whole(size: int, multiple: int) -> int:
    """The size rounded up to a multiple."""
    return -(-size // multiple) * multiple


def padded(size: int) -> int:
    """Rows of a part: whole batches, with room behind its last accumulator for the zeros at the end of a run."""
    return whole(size + RUN - 1, BATCH)


def _orders(program: Program) -> dict[str, Array]:
    """Neurons of each population in the order in which the engine holds them."""
    valued = models.graded(program)
    receives = {item.target for item in program.network.projections if item.operation.kind in WINDOWS}
    found: dict[str, Array] = {}
    for item in program.network.populations:
        order = np.arange(item.size, dtype=np.int32)
        if item.name in receives and len(item.shape) == 3 and item.name not in valued:
            order = order.reshape(item.shape).transpose(1, 2, 0).ravel()
        found[item.name] = order
    return found


def cut_parts(program: Program, pieces: int) -> list[Part]:
    """Populations, each in `pieces` ranges, then inputs."""
    parts, start = list[Part](), 0
    orders = _orders(program)
    for item in program.populations:
        cuts = [min(whole(k * item.size // pieces, BATCH), item.size) for k in range(pieces + 1)]
        for owner in range(pieces):
            size = cuts[owner + 1] - cuts[owner]
            if size > 0:
                neurons = orders[item.name][cuts[owner] : cuts[owner + 1]]
                parts.append(Part(item.name, start, size, neurons, owner, False))
                start += padded(size)
    for number, item in enumerate(program.inputs):
        size = item.ptr.size - 1
        parts.append(Part(item.name, start, size, np.arange(size, dtype=np.int32), number % pieces, True))
        start += padded(size)
    return parts


class Classes(NamedTuple):
    """Classes of synapses that one block may hold: of one projection and exponent, and of one delay where the sum of each
    step is shifted before it is added to the sums of other steps."""

    of: Array
    """(formats, delays): class of a format's synapses of that delay; the classes of one format are consecutive."""
    plane: Array
    """(classes,): number of the class's plane."""
    planes: list[tuple[int, int]]
    """(port, shift of the sum on arrival) of each plane; plane 0 is (0, 0)."""
    weight: Array
    """(formats, mantissas): weight of mantissa `lowest` + k."""
    lowest: int


def classes_of(program: Program) -> Classes:
    """Classes of a program's formats, with the weight of every mantissa."""
    tables, dialect = program.tables, program.target.dialect
    lowest = min(int(tables.entry_mantissa.min(initial=0)), 0)
    mantissas = np.arange(lowest, max(int(tables.entry_mantissa.max(initial=0)), 0) + 1)
    ports = {item.name: "ab".index(item.port) for item in program.network.projections}
    delays = int(tables.entry_delay.max(initial=0)) + 1
    found, of_class, planes = dict[tuple[str, int], int](), list[int](), [(0, 0)]
    of = np.zeros((max(len(program.formats), 1), delays), dtype=np.int64)
    weight = np.zeros((max(len(program.formats), 1), mantissas.size), dtype=np.int64)
    plastic = {item.name for item in program.network.projections if item.plasticity is not None}
    for index, style in enumerate(program.formats):
        if style.projection not in plastic:  # those of plastic synapses change, and walks pass them over
            weight[index] = effective_weights(dialect, mantissas, style.weight_bits, style.exponent, style.sign_mode)
        key, on_sum = (style.projection, style.exponent), style.exponent < 0 and dialect.exponent_stage == "sum"
        if key not in found:
            found[key] = len(of_class)
            plane = (ports[style.projection], -style.exponent if on_sum else 0)
            # sums that are shifted on arrival are of one projection and one step each; all others of a port share a plane
            planes += [plane] * delays if on_sum else [plane] * (plane not in planes)
            of_class += range(len(planes) - delays, len(planes)) if on_sum else [planes.index(plane)]
        of[index] = found[key] + (np.arange(delays) if on_sum else 0)
    return Classes(of, np.array([*of_class, 0], dtype=np.int64), planes, weight, lowest)


class Sources(NamedTuple):
    """The data of a program that walks over the core tables read."""

    walk: Any
    """A lent Walk."""
    routes: list[Any]
    """By part: the lent Routes of its spikes."""


def sources_of(program: Program, parts: list[Part], classes: Classes) -> Sources:
    """The core tables as walks read them, and the routes of every part."""
    tables = program.tables
    row, routes = np.zeros(tables.n_rows, dtype=np.int32), list[Any]()
    inputs = {item.name: item for item in program.inputs}
    for part in parts:
        if part.is_input:
            item = inputs[part.name]
            routes.append(lend(Routes(item.ptr[:-1], item.ptr[1:], item.core, item.in_axon)))
            continue
        rows = program.table_rows[part.name][part.neurons]
        row[rows] = part.start + np.arange(part.size, dtype=np.int32)
        ptr = tables.out_axon_ptr
        routes.append(lend(Routes(ptr[rows], ptr[rows + 1], tables.out_core, tables.out_in_axon)))
    names = ("in_axon_ptr", "list_ptr", "compartment_ptr", "in_axon_list", "in_axon_base", "segment_ptr")
    names += ("segment_format", "entry_ptr", "entry_target", "entry_mantissa", "entry_delay")
    columns = {name: getattr(tables, name) for name in names}
    walk = Walk(
        **columns,
        row=row,
        part=np.repeat(np.arange(len(parts), dtype=np.int32), [padded(part.size) // BATCH for part in parts]),
        parts=len(parts),
        class_of=classes.of.astype(np.int32),
        delays=classes.of.shape[1],
        weight=classes.weight,
        mantissas=classes.weight.shape[1],
        lowest=classes.lowest,
    )
    return Sources(lend(walk), routes)


class BlockStats(NamedTuple):
    """Statistics of the synapses from one part to another in one class."""

    source: int
    target: int
    kind: int
    entries: int
    zeros: int
    """Low bits that no weight has."""
    small: bool
    """Whether weights without those bits fit int8."""
    least_delay: int
    most_delay: int


class Statistics(NamedTuple):
    """What all synapses of a program are."""

    blocks: list[BlockStats]
    """By source, class and target."""
    low: Array
    """(planes, engine rows) least sum of weights that can arrive in one step; the greatest in `high`."""
    high: Array
    most_entries: list[int]
    """By part: the most synapses that one source has, those with a weight of 0 included."""
    counts: list[Array]
    """By part: (sources,) synapses of each source."""


def statistics_of(parts: list[Part], sources: Sources, classes: Classes, rows: int) -> Statistics:
    """Statistics of each block, and bounds of the sums of each plane and row."""
    low = np.zeros((len(classes.planes), rows), dtype=np.int64)
    found, most_entries, counts, high = list[BlockStats](), list[int](), list[Array](), np.zeros_like(low)
    kinds = int(classes.of.max(initial=0)) + 1
    for number, routes in enumerate(sources.routes):
        facts = np.zeros((kinds, len(parts)), dtype=SYNAPSE_FACTS)
        each = np.zeros(parts[number].size, dtype=np.int32)
        most_entries.append(walks().call("survey", sources.walk, routes, Survey(facts, classes.plane, low, high, each)))
        counts.append(each)
        for kind, target in zip(*np.nonzero(facts["entries"]), strict=True):
            count, bits, least, most, first, last = facts[kind, target].tolist()
            zeros = (bits & -bits).bit_length() - 1
            small = least >> zeros >= -128 and most >> zeros <= 127
            found.append(BlockStats(number, int(target), int(kind), count, zeros, small, first, last))
    return Statistics(found, low, high, most_entries, counts)
