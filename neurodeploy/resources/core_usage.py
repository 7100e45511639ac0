"""Verb: what some neurons of a population need of a core, counted exactly. Knows no mapping; the mapper asks, it never guesses.

Encoding is chosen per (projection, neurons of the core): the cheapest of dense, sparse, run-length and shared in words;
shared lists are sparse or run-length, whichever is less. Input axons:
one for each source neuron or line with a synapse in the core; the synapses of all projections from that source share its
list. So lists are shared among sources only where one projection alone makes them; there the channels of a place may share
an input axon too (see populations.py), and do where the core is less full with it. Output axons: one for each (neuron,
destination core), whichever kind of axon it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.quantize.wiring import QuantizedProjection, WindowProjection
from neurodeploy.resources.axons import Kind
from neurodeploy.resources.output_axons import OutputAxonUse
from neurodeploy.resources.population_axons import (
    Groups,
    PopulationAxonFormat,
    grouping_of,
    groups_of,
    population_axon_formats,
    shares_of,
)
from neurodeploy.resources.run_length import list_runs
from neurodeploy.resources.shared_lists import BySource, Patterns, by_source, patterns_of
from neurodeploy.resources.synapse_memory import delay_bits_for, dense_words, index_bits_for, segment_words

__all__ = [
    "CoreUsage",
    "Projection",
    "SegmentPlan",
    "add",
    "core_usage",
    "empty",
    "plan_segment",
    "projections_into",
    "stored",
]

Ints = NDArray[np.int64]
Projection = QuantizedProjection | WindowProjection


@dataclass(frozen=True)
class SegmentPlan:
    """How one projection is stored for some neurons of a core."""

    projection: Projection
    encoding: str
    delay_bits: int
    index_bits: int
    words: int
    words_per_source: Ints
    """(n_source,)."""
    alone: SegmentPlan | None = None
    """Of shared lists: what is stored if another projection adds to the lists of the same sources."""
    skip_bits: int = 0
    """0: no run-length lists."""
    grouped: Grouped | None = None
    """Of sources that share input axons."""

    @property
    def kind(self) -> Kind:
        """Of the input axons."""
        return "discrete" if self.grouped is None else self.grouped.reach.kind

    @property
    def input_axons(self) -> int:
        """Input axons of the lists, if no other projection has the same sources."""
        return int(np.count_nonzero(self.words_per_source)) if self.grouped is None else self.grouped.axons

    @property
    def touched(self) -> NDArray[np.bool_]:
        """(n_source,): sources with a synapse."""
        return self.words_per_source > 0

    @property
    def style(self) -> tuple[Any, ...]:
        """What makes two formats of one core distinct."""
        own = self.projection.weight_format
        return own.weight_bits, own.exponent, own.sign_mode, self.delay_bits, self.index_bits, self.skip_bits


@dataclass(frozen=True)
class Grouped:
    """Input axons that several sources share."""

    reach: PopulationAxonFormat
    axons: int
    otherwise: SegmentPlan
    """What is stored where no number is left for them."""


def stored(plans: tuple[SegmentPlan, ...]) -> dict[str, list[SegmentPlan]]:
    """Return by source population how each projection of a core is really stored.

    Lists of several projections are not shared; sources share axons as long as there are numbers for these.
    """
    found: dict[str, list[SegmentPlan]] = {}
    for plan in plans:
        found.setdefault(plan.projection.source, []).append(plan)
    numbered = dict[Kind, int]()
    for name, same in found.items():
        if len(same) > 1:
            found[name] = [plan.alone or plan for plan in same]
        elif (grouped := same[0].grouped) is not None:
            total = numbered.get(grouped.reach.kind, 0) + grouped.axons
            if total <= grouped.reach.numbers:
                numbered[grouped.reach.kind] = total
            else:
                found[name] = [grouped.otherwise]
    return found


@dataclass
class CoreUsage:
    """Use of a core; grows as neurons are added."""

    rows: int = 0
    """Neurons, each of which has one row of the core's tables."""
    compartments: int = 0
    output_axons: int = 0
    plans: tuple[SegmentPlan, ...] = ()
    parameter_sets: frozenset[tuple[int, ...]] = frozenset()
    threshold_sets: frozenset[int] = frozenset()

    @cached_property
    def segments(self) -> dict[str, list[SegmentPlan]]:
        """Source population -> its projections as they are stored."""
        return stored(self.plans)

    @cached_property
    def list_words(self) -> dict[str, Ints]:
        """Source population -> (n_source,) words of each list."""
        return {
            name: sum((plan.words_per_source for plan in same[1:]), same[0].words_per_source)
            for name, same in self.segments.items()
        }

    def figures(self) -> dict[str, int]:
        """Return use by the names of CoreLimits, plus words_per_axon."""
        plans = [plan for same in self.segments.values() for plan in same]
        return {
            "compartments": self.compartments,
            "synapse_memory": sum(plan.words for plan in plans),
            "input_axons": sum(
                same[0].input_axons if len(same) == 1 else int(np.count_nonzero(self.list_words[name]))
                for name, same in self.segments.items()
            ),
            "output_axons": self.output_axons,
            "parameter_sets": len(self.parameter_sets),
            "threshold_sets": len(self.threshold_sets),
            "synapse_formats": len({plan.style for plan in plans}),
            "accumulators": self.compartments << max((plan.delay_bits for plan in plans), default=0),
            "words_per_axon": max((int(words.max(initial=0)) for words in self.list_words.values()), default=0),
        }


def empty() -> CoreUsage:
    """Return the use of an empty core."""
    return CoreUsage()


def plan_segment(target: Target, projection: Projection, neurons: Ints, first_row: int = 0) -> SegmentPlan:
    """Return how the synapses into `neurons` are stored at least cost; the first of them is row `first_row` of the core."""
    part = projection.into(neurons)
    count = np.bincount(part.source, minlength=projection.n_source)
    delay_bits = delay_bits_for(target, int(part.delay_steps.max()) if part.delay_steps.size else 0)
    bits, width = projection.weight_format.weight_bits, neurons.size
    index_bits = index_bits_for(target, width)
    rules = target.counting
    dense = dense_words(rules, width, bits, delay_bits, index_bits) * (count > 0)
    sparse = segment_words(rules, count, bits, delay_bits, index_bits)
    if int(dense.sum()) <= int(sparse.sum()):
        alone = SegmentPlan(projection, "dense", delay_bits, 0, int(dense.sum()), dense)
    else:
        alone = SegmentPlan(projection, "sparse", delay_bits, index_bits, int(sparse.sum()), sparse)
    if not part.source.size or not (projection.shares or rules.skip_bits is not None):
        return alone
    held = by_source(part)
    alone = _run_length(target, held, width, index_bits, alone) or alone
    if not projection.shares:
        return alone
    lists = patterns_of(held)
    discrete = _shared(target, projection, lists, first_row, alone) or alone
    return _grouped(target, lists, first_row, discrete)


def _run_length(target: Target, held: BySource, width: int, index_bits: int, other: SegmentPlan) -> SegmentPlan | None:
    """The plan with run-length lists, if the rules know such and they take fewer words than the other encoding."""
    projection = other.projection
    if target.counting.skip_bits is None or int(held.length.max()) < 2 or int(held.length.min()) == width:
        return None  # one synapse needs no skip, and those of every neuron none either
    bits = projection.weight_format.weight_bits + other.delay_bits
    found = list_runs(target.counting, held.length, held.row, bits, index_bits)
    if found is None or int(found.words.sum()) >= other.words:
        return None
    of_source = np.zeros(projection.n_source, dtype=np.int64)
    of_source[held.source] = found.words
    words = int(found.words.sum())
    return SegmentPlan(
        projection, "runlength", other.delay_bits, index_bits, words, of_source, skip_bits=found.skip_bits
    )


def _shared(
    target: Target, projection: Projection, lists: Patterns, first_row: int, alone: SegmentPlan
) -> SegmentPlan | None:
    """The plan with lists that sources share, if the target has such and it takes fewer words."""
    furthest = target.precision.shared_base
    if furthest is None:
        return None
    if first_row + int(lists.base.max()) > furthest.high:
        return None
    bits, delay_bits = projection.weight_format.weight_bits, alone.delay_bits
    index_bits = index_bits_for(target, int(lists.reach.max()) + 1)
    of_source, skip_bits = segment_words(target.counting, lists.length, bits, delay_bits, index_bits), 0
    if target.counting.skip_bits is not None:
        runs = list_runs(target.counting, lists.length[lists.first], lists.targets, bits + delay_bits, index_bits)
        if runs is not None and int(runs.words.sum()) < int(of_source[lists.first].sum()):
            of_source, skip_bits = runs.words[lists.pattern], runs.skip_bits
    words = int(of_source[lists.first].sum())
    if words >= alone.words:
        return None
    per_source = np.zeros(projection.n_source, dtype=np.int64)
    per_source[lists.source] = of_source
    return SegmentPlan(projection, "shared", delay_bits, index_bits, words, per_source, alone, skip_bits=skip_bits)


def _grouped(target: Target, lists: Patterns, first_row: int, discrete: SegmentPlan) -> SegmentPlan:
    """The plan with input axons that sources share, if the target has such and they are the better kind; see `populations`."""
    reaches = population_axon_formats(target)
    by = grouping_of(reaches[0].atoms, discrete.projection, lists) if reaches else None
    if by is None:
        return discrete
    sources, best = discrete.input_axons, discrete
    least = shares_of(target, discrete.kind, discrete.words, sources, sources)
    for reach in (item for item in reaches if by.starts.size <= item.numbers):
        plan = _of_kind(target, reach, groups_of(reach, by), first_row, discrete)
        if plan is not None:
            shares = shares_of(target, reach.kind, plan.words, plan.input_axons, sources)
            best, least = (plan, shares) if shares < least else (best, least)
    return best


def _of_kind(
    target: Target, reach: PopulationAxonFormat, groups: Groups, first_row: int, discrete: SegmentPlan
) -> SegmentPlan | None:
    """The plan with population axons of one kind, if no list is too long for an axon."""
    projection, lists = discrete.projection, groups.lists
    bits, delay_bits = projection.weight_format.weight_bits, discrete.delay_bits
    index_bits = index_bits_for(target, first_row + int(lists.reach.max()) + 1)
    of_source = segment_words(target.counting, lists.length, bits, delay_bits, index_bits)
    most = target.counting.words_per_axon
    if most is not None and int(discrete.words_per_source.max()) <= most.value < int(of_source.max()):
        return None
    per_source = np.zeros(projection.n_source, dtype=np.int64)
    per_source[lists.source] = of_source
    words, kept = groups.words(of_source), Grouped(reach, groups.axons, discrete)
    alone = discrete.alone or discrete
    return SegmentPlan(projection, "shared", delay_bits, index_bits, words, per_source, alone, grouped=kept)


def _parameter_sets(population: QuantizedPopulation, neurons: Ints) -> frozenset[tuple[int, ...]]:
    sets, of = population.parameter_sets
    return frozenset(sets[number] for number in np.flatnonzero(np.bincount(of[neurons], minlength=len(sets))))


def core_usage(
    target: Target,
    population: QuantizedPopulation,
    into: list[Projection],
    neurons: Ints,
    sends: OutputAxonUse,
    first_row: int = 0,
) -> CoreUsage:
    """Return what some neurons need, which ascend; `sends`: the population's output axons."""
    plans = [plan_segment(target, projection, neurons, first_row) for projection in into]
    thresholds = np.unique(population.vth_mant[neurons]) if population.spiking else np.zeros(0, dtype=np.int64)
    return CoreUsage(
        rows=neurons.size,
        compartments=neurons.size * population.compartments_per_neuron,
        output_axons=sends.of(neurons),
        plans=tuple(plan for plan in plans if plan.words),
        parameter_sets=_parameter_sets(population, neurons),
        threshold_sets=frozenset(int(value) for value in thresholds),
    )


def add(left: CoreUsage, right: CoreUsage) -> CoreUsage:
    """Return the use of a core that holds both."""
    return CoreUsage(
        rows=left.rows + right.rows,
        compartments=left.compartments + right.compartments,
        output_axons=left.output_axons + right.output_axons,
        plans=left.plans + right.plans,
        parameter_sets=left.parameter_sets | right.parameter_sets,
        threshold_sets=left.threshold_sets | right.threshold_sets,
    )


def projections_into(quantized: Quantized) -> dict[str, list[Projection]]:
    """Return the projections into each population."""
    found: dict[str, list[Projection]] = {item.name: [] for item in quantized.populations}
    for projection in quantized.projections:
        found[projection.target].append(projection)
    return found
