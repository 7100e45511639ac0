"""Shards: parts of populations that are filled into cores apart from each other, in any order and on any machine.

A shard begins a core of its own, so its cores depend on nothing but its neurons, the synapses into them and the output axons
that they are expected to take. Synapses are generated batch by batch; none is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.kernels.calls import stream_fill
from neurodeploy.mapping.kernels.structs import CORE, SOURCES, CoreLimits, CoreState, Stream, StreamBatch
from neurodeploy.mapping.partition.search.hypergraph import delay_classes_of
from neurodeploy.mapping.partition.search.limits import limits_of
from neurodeploy.mapping.partition.stream.order import stream_order
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.core_usage import projections_into

__all__ = ["Shard", "ShardCores", "StreamProblem", "fill_shard", "problem_of", "shards_of"]

Ints = NDArray[np.int64]
SHARD = 1 << 18
"""Neurons of a shard at most: enough for many cores, of which the last stays partly empty."""
BATCH = 1 << 22
"""Synapses that are generated at a time, about."""
MOST_NEURONS = 1 << 17
"""Neurons of a batch at most."""


class Shard(NamedTuple):
    """Neurons [start, stop) of the order of a population."""

    population: str
    start: int
    stop: int


class ShardCores(NamedTuple):
    """Cores of a shard, numbered from 0, and the sources of each."""

    core: NDArray[np.int32]
    """(neurons,) core of each neuron, in the order of the population."""
    pair_ptr: Ints
    """(cores + 1,) where the sources of each core begin."""
    pair_source: NDArray[np.int32]
    """(pairs,) sources: all neurons in the order of the network, then all lines."""
    overfull: int | None
    """Place in the order of a neuron that alone overfills an empty core; None: there is none."""

    @property
    def n_cores(self) -> int:
        """Cores in use."""
        return int(self.pair_ptr.size) - 1


@dataclass(frozen=True)
class StreamProblem:
    """A network to fill into cores, with what all shards of it share."""

    quantized: Quantized
    target: Target
    limits: CoreLimits
    """Limits, with the projections in the order of the network."""
    orders: dict[str, Ints | None]
    """Population -> (size,) order of its neurons; None: that of the network."""
    first: dict[str, int]
    """Population or input -> number of its first neuron or line; lines are numbered after all neurons."""
    sizes: dict[str, int]
    """Population or input -> neurons or lines."""

    def neurons(self, shard: Shard) -> Ints:
        """Return the neurons of a shard in their order."""
        order = self.orders[shard.population]
        return np.arange(shard.start, shard.stop) if order is None else order[shard.start : shard.stop]


def problem_of(quantized: Quantized, target: Target) -> StreamProblem:
    """Return the problem of a network in the integers of a target."""
    into, sizes = projections_into(quantized), {item.name: item.size for item in quantized.populations}
    every = {**sizes, **{item.name: item.size for item in quantized.network.inputs}}
    numbers = np.r_[0, np.cumsum(list(every.values()))]
    first = {name: int(number) for name, number in zip(every, numbers, strict=False)}
    orders = {item.name: stream_order(quantized, item, into[item.name]) for item in quantized.populations}
    return StreamProblem(
        quantized, target, limits_of(quantized, target, list(quantized.projections)), orders, first, every
    )


def shards_of(quantized: Quantized, most: int = SHARD) -> list[Shard]:
    """Return the shards of a network: each population in equal parts of at most `most` neurons."""
    found = list[Shard]()
    for item in quantized.populations:
        edges = np.linspace(0, item.size, max(-(-item.size // most), 1) + 1).astype(np.int64).tolist()
        found += [Shard(item.name, a, b) for a, b in pairwise(edges) if b > a]
    return found


def fill_shard(problem: StreamProblem, shard: Shard, expected: Ints) -> ShardCores:
    """Return the cores of a shard; `expected` (neurons,): output axons of its neurons, in their order."""
    every = [item.name for item in problem.quantized.projections]
    into = [item for item in problem.quantized.projections if item.target == shard.population]
    number = [item.name for item in problem.quantized.populations].index(shard.population)
    neurons, limits = problem.neurons(shard), problem.limits
    bound = bool((limits.parameter_class >= 0).any())
    mine = limits.parameter_class[:, problem.first[shard.population] + neurons] if bound else np.full((2, 1), -1)
    limits = limits._replace(parameter_class=np.ascontiguousarray(mine, dtype=np.int64))
    state, stream = _empty_core(limits, number), _stream(problem, into, every, neurons.size)
    core, at = np.zeros(neurons.size, dtype=np.int32), 0
    while at < neurons.size:
        stop = min(at + _batch_size(into), neurons.size)
        places = np.arange(at, stop) if bound else np.zeros(stop - at, dtype=np.int64)
        batch = _batch(problem, into, neurons[at:stop], places, expected[at:stop])
        stream, done = _placed(limits, state, stream, batch, core[at:stop])
        if done < 0:
            return ShardCores(core, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), at - 1 - done)
        at = stop
    cores = int(stream.counters[CORE]) + (neurons.size > 0)
    stream.pair_ptr[cores] = stream.counters[SOURCES]
    pairs = stream.pair_source[: int(stream.counters[SOURCES])].copy()
    return ShardCores(core, stream.pair_ptr[: cores + 1].copy(), pairs, None)


def _placed(
    limits: CoreLimits, state: CoreState, stream: Stream, batch: StreamBatch, core: NDArray[np.int32]
) -> tuple[Stream, int]:
    """Place a batch, with more room for sources as they come; (stream, -1 - k if neuron k fits no core, or 0 or more)."""
    done, n = 0, batch.column.size
    while done < n:
        done = stream_fill(limits, state, stream, batch, done, core)
        if done < 0:
            return stream, done
        if done < n:
            more = np.zeros(max(stream.pair_source.size, batch.source.size), dtype=np.int32)
            stream = stream._replace(pair_source=np.concatenate([stream.pair_source, more]))
    return stream, done


def _batch_size(into: list[QuantizedProjection]) -> int:
    """Neurons of a batch, from the mean number of synapses into one."""
    mean = sum(item.connectivity.n_synapses / max(item.connectivity.n_target, 1) for item in into)
    return max(min(int(BATCH / max(mean, 1.0)), MOST_NEURONS), 1)


def _batch(
    problem: StreamProblem, into: list[QuantizedProjection], neurons: Ints, places: Ints, expected: Ints
) -> StreamBatch:
    """The synapses into some neurons of one population, projection after projection."""
    sort = np.argsort(neurons, kind="stable")
    column = np.empty(neurons.size, dtype=np.int64)
    column[sort] = np.arange(neurons.size)
    parts = [item.connectivity.into(neurons[sort]) for item in into]
    delayed = bool((problem.limits.n_delay_classes > 1).any())
    _, classes = delay_classes_of(
        max((int(part.delay_steps.max(initial=0)) for part in parts), default=0), problem.target
    )
    starts = np.r_[0, np.cumsum([part.source.size for part in parts])].astype(np.int64)
    ptr = [part.ptr + start for part, start in zip(parts, starts, strict=False)]
    levels = [classes[part.delay_steps] for part in parts] if delayed and parts else [np.zeros(1, dtype=np.uint8)]
    return StreamBatch(
        column=column,
        neuron=places.astype(np.int64),
        expected=np.ascontiguousarray(expected, dtype=np.int64),
        ptr=_one(ptr, np.int64),
        source=_one([part.source for part in parts], np.int32),
        level=_one(levels, np.uint8),
    )


def _one(arrays: list[Any], dtype: Any) -> NDArray[Any]:
    """The arrays one after the other; a single one needs no copy."""
    if len(arrays) == 1 and arrays[0].dtype == dtype:
        return np.ascontiguousarray(arrays[0])
    return np.concatenate([np.zeros(0, dtype=dtype), *arrays]).astype(dtype, copy=False)


def _stream(problem: StreamProblem, into: list[QuantizedProjection], every: list[str], neurons: int) -> Stream:
    """Cells for every source of the projections, all of them empty."""
    rows = np.r_[0, np.cumsum([item.connectivity.n_source for item in into])].astype(np.int64)
    sources = [item.source for item in into]
    shared, room = dict[str, int](), 0
    for name in dict.fromkeys(name for name in sources if sources.count(name) > 1):
        shared[name], room = room, room + problem.sizes[name]
    return Stream(
        projection=np.array([every.index(item.name) for item in into], dtype=np.int64),
        first_row=rows[:-1].copy(),
        first_shared=np.array([shared.get(name, -1) for name in sources], dtype=np.int64),
        first_source=np.array([problem.first[name] for name in sources], dtype=np.int64),
        synapses=np.zeros(int(rows[-1]), dtype=np.int64),
        rows_of_source=np.zeros(room, dtype=np.int64),
        pair_source=np.zeros(1 << 16, dtype=np.int32),
        pair_ptr=np.zeros(neurons + 2, dtype=np.int64),
        counters=np.zeros(3, dtype=np.int64),
    )


def _empty_core(limits: CoreLimits, population: int) -> CoreState:
    """One empty core; what a search needs beyond it is absent."""
    projections, levels = limits.weight_class.size, limits.delay_bits.size
    classes = max(int(limits.parameter_class.max(initial=-1)) + 1, 1)
    ints = {name: np.zeros(1, dtype=np.int32) for name in ("list_size", "list_count", "core_of", "chip", "size")}
    members = {f"{name}_member": np.full(1, -1, dtype=np.int32) for name in ("first", "next", "previous")}
    return CoreState(
        **ints,
        **members,
        load=np.zeros((4, 1), dtype=np.int64),
        n_neurons=np.zeros((1, limits.compartments.size), dtype=np.int32),
        n_rows=np.zeros((1, projections), dtype=np.int32),
        sparse_words=np.zeros((1, projections, levels, limits.index_bits.size), dtype=np.int64),
        n_delayed=np.zeros((1, projections, levels), dtype=np.int32),
        list_ptr=np.zeros(2, dtype=np.int64),
        list_core=np.zeros(1, dtype=np.uint32),
        list_position=np.full((1, 1), -1, dtype=np.int16),
        n_destinations=np.zeros(1, dtype=np.int64),
        n_of_class=np.zeros((2, 1, classes), dtype=np.int32),
        pin_group=np.full(1, population, dtype=np.int32),
        cost=np.zeros(3),
        penalty=np.zeros((4, 1)),
        format_keys=np.zeros(projections, dtype=np.int64),
    )
