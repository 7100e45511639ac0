"""Verb: what a slice of a population needs of a core, counted exactly. Knows no mapping; the mapper asks, it never guesses.

A slice is neurons [start, stop) of one population. Encoding is chosen per (projection, slice): the cheaper of dense and
sparse in words. Input axons: one for each source neuron or line with a synapse in the core; the synapses of all
projections from that source share its list. Output axons: one for each (neuron, destination core).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.words import delay_bits_for, index_bits_for, segment_words
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation, QuantizedProjection
from neurodeploy.target.target import Target

__all__ = ["Columns", "Demand", "SegmentPlan", "add", "columns_of", "empty", "plan_segment", "slice_demand"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """A projection by target neuron: target j has synapses [ptr[j], ptr[j+1])."""

    projection: QuantizedProjection
    ptr: Ints
    source: NDArray[np.int32]
    mantissas: NDArray[np.int16]
    delay_steps: NDArray[np.uint8]

    @property
    def n_source(self) -> int:
        """Source neurons or lines."""
        return self.projection.indptr.size - 1


def columns_of(projection: QuantizedProjection, n_target: int) -> Columns:
    """Return the projection by target neuron."""
    source = np.repeat(np.arange(projection.indptr.size - 1, dtype=np.int32), np.diff(projection.indptr))
    order = np.argsort(projection.targets, kind="stable")
    ptr = np.zeros(n_target + 1, dtype=np.int64)
    np.cumsum(np.bincount(projection.targets, minlength=n_target), out=ptr[1:])
    return Columns(projection, ptr, source[order], projection.mantissas[order], projection.delay_steps[order])


@dataclass(frozen=True)
class SegmentPlan:
    """How one projection is stored for one slice."""

    encoding: str
    delay_bits: int
    index_bits: int
    words: int
    words_per_source: Ints
    """(n_source,)."""
    touched: NDArray[np.bool_]
    """(n_source,): sources with a synapse in the slice."""


@dataclass
class Demand:
    """Use of a core; grows as slices are added."""

    compartments: int = 0
    synapse_memory: int = 0
    output_axons: int = 0
    sources: dict[str, NDArray[np.bool_]] = field(default_factory=dict[str, NDArray[np.bool_]])
    list_words: dict[str, Ints] = field(default_factory=dict[str, Ints])
    parameter_sets: frozenset[tuple[int, ...]] = frozenset()
    threshold_sets: frozenset[int] = frozenset()
    formats: frozenset[tuple[Any, ...]] = frozenset()
    delay_bits: int = 0

    @cached_property
    def input_axons(self) -> int:
        """Distinct sources."""
        return int(sum(int(mask.sum()) for mask in self.sources.values()))

    def figures(self) -> dict[str, int]:
        """Return use by the names of CoreLimits, plus words_per_axon."""
        return {
            "compartments": self.compartments,
            "synapse_memory": self.synapse_memory,
            "input_axons": self.input_axons,
            "output_axons": self.output_axons,
            "parameter_sets": len(self.parameter_sets),
            "threshold_sets": len(self.threshold_sets),
            "synapse_formats": len(self.formats),
            "accumulators": self.compartments << self.delay_bits,
            "words_per_axon": max((int(words.max(initial=0)) for words in self.list_words.values()), default=0),
        }


def empty() -> Demand:
    """Return the use of an empty core."""
    return Demand()


def plan_segment(target: Target, columns: Columns, start: int, stop: int) -> SegmentPlan:
    """Return how the synapses into targets [start, stop) are stored at least cost."""
    low, high = columns.ptr[start], columns.ptr[stop]
    count = np.bincount(columns.source[low:high], minlength=columns.n_source)
    touched = count > 0
    delays = columns.delay_steps[low:high]
    delay_bits = delay_bits_for(target, int(delays.max()) if delays.size else 0)
    bits, width = columns.projection.weight_format.weight_bits, stop - start
    index_bits = index_bits_for(target, width)
    rules = target.counting
    extra = index_bits if rules.index_in_prefix else 0
    prefixed = (
        rules
        if not extra
        else rules.model_copy(
            update={"entry_prefix": rules.entry_prefix.model_copy(update={"value": rules.entry_prefix.value + extra})}
        )
    )
    dense = segment_words(prefixed, width, bits, delay_bits, 0) * touched
    sparse = segment_words(rules, count, bits, delay_bits, index_bits)
    if int(dense.sum()) <= int(sparse.sum()):
        return SegmentPlan("dense", delay_bits, 0, int(dense.sum()), dense, touched)
    return SegmentPlan("sparse", delay_bits, index_bits, int(sparse.sum()), sparse, touched)


def _parameter_sets(population: QuantizedPopulation, start: int, stop: int) -> frozenset[tuple[int, ...]]:
    rows = np.stack(
        [getattr(population, name)[start:stop] for name in ("du", "dv", "refract_delay", "vmin_exp", "vmax_exp")],
        axis=1,
    )
    return frozenset(tuple(int(value) for value in row) for row in np.unique(rows, axis=0))


def slice_demand(
    target: Target,
    population: QuantizedPopulation,
    into: list[Columns],
    start: int,
    stop: int,
    destinations: Ints,
) -> Demand:
    """Return what neurons [start, stop) need; `destinations` (size,) is each neuron's output-axon count."""
    demand = Demand(
        compartments=(stop - start) * population.compartments_per_neuron,
        output_axons=int(destinations[start:stop].sum()),
        parameter_sets=_parameter_sets(population, start, stop),
        threshold_sets=frozenset(int(value) for value in np.unique(population.vth_mant[start:stop]))
        if population.spiking
        else frozenset(),
    )
    for columns in into:
        plan = plan_segment(target, columns, start, stop)
        if not plan.touched.any():
            continue
        name, style = columns.projection.source, columns.projection.weight_format
        demand.synapse_memory += plan.words
        demand.sources[name] = plan.touched | demand.sources.get(name, np.zeros_like(plan.touched))
        demand.list_words[name] = plan.words_per_source + demand.list_words.get(
            name, np.zeros_like(plan.words_per_source)
        )
        key = (
            style.weight_bits,
            style.exponent,
            style.sign_mode,
            plan.delay_bits,
            plan.index_bits,
            plan.encoding,
        )
        demand.formats |= {key}
        demand.delay_bits = max(demand.delay_bits, plan.delay_bits)
    return demand


def add(left: Demand, right: Demand) -> Demand:
    """Return the use of a core that holds both."""
    both = Demand(
        compartments=left.compartments + right.compartments,
        synapse_memory=left.synapse_memory + right.synapse_memory,
        output_axons=left.output_axons + right.output_axons,
        sources=dict(left.sources),
        list_words=dict(left.list_words),
        parameter_sets=left.parameter_sets | right.parameter_sets,
        threshold_sets=left.threshold_sets | right.threshold_sets,
        formats=left.formats | right.formats,
        delay_bits=max(left.delay_bits, right.delay_bits),
    )
    for name, mask in right.sources.items():
        both.sources[name] = mask | left.sources[name] if name in left.sources else mask
        words = right.list_words[name]
        both.list_words[name] = words + left.list_words[name] if name in left.list_words else words
    return both


def columns_by_target(quantized: Quantized) -> dict[str, list[Columns]]:
    """Return the projections into each population, by target neuron."""
    sizes = {item.name: item.size for item in quantized.populations}
    found: dict[str, list[Columns]] = {name: [] for name in sizes}
    for projection in quantized.projections:
        found[projection.target].append(columns_of(projection, sizes[projection.target]))
    return found
