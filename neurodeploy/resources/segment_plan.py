"""The encoding of one projection in one core: the one that takes the fewest words, and its cost.

The encoding is chosen per (projection, neurons of the core): the cheapest of dense, sparse, run-length and shared; shared
lists are sparse or run-length, whichever is smaller. Each source neuron or line with a synapse in the core takes an input
axon, and the synapses of all projections from that source share its list. Lists are therefore shared among sources only
where a single projection makes them; there the channels of a position may also share an input axon (`population_axons`),
and do so where that leaves the core less full. Synapse memory follows `synapse_memory`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.network.connectivity import WindowConnectivity
from neurodeploy.network.convolution import output_shape
from neurodeploy.network.synapse_views import SynapsesBySource, SynapsesByTarget
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.resources.axons import Kind
from neurodeploy.resources.compiled_lists import window_lists
from neurodeploy.resources.convolution_axons import box_of, convolution_axons, holds_tile, kernel_words
from neurodeploy.resources.learning import axons_each, learning_bits, rule_key
from neurodeploy.resources.population_axons import (
    GroupedLists,
    PopulationAxonFormat,
    SourceGroups,
    grouped_lists,
    limit_shares,
    population_axon_formats,
    source_groups,
)
from neurodeploy.resources.run_length import list_runs
from neurodeploy.resources.shared_lists import SharedLists, shared_lists_of
from neurodeploy.resources.synapse_memory import delay_bits_for, dense_words, index_bits_for, segment_words
from neurodeploy.resources.tile_usage import channel_use

__all__ = ["Encoding", "PopulationAxonPlan", "ProjectionSlice", "SegmentPlan", "plan_segment", "stored_plans"]

Ints = NDArray[np.int64]
Encoding = Literal["dense", "sparse", "runlength", "shared"]


@dataclass(frozen=True, eq=False)
class ProjectionSlice:
    """The synapses of one projection into the neurons of one core; its views are computed once, when first read."""

    target: Target
    """Target that the core belongs to."""
    projection: QuantizedProjection
    """Projection whose synapses these are."""
    neurons: Ints
    """(n,) neurons of the target population in the core, ascending."""
    first_row: int = 0
    """Row of the core that holds the first of them."""
    compact: bool = False
    """Whether sources are renumbered from 0, so that arrays by source hold only those with a synapse in the slice."""

    @cached_property
    def _numbered(self) -> tuple[SynapsesByTarget, Ints | None]:
        synapses = self.projection.connectivity.into(self.neurons)
        if not self.compact:
            return synapses, None
        ids, number = np.unique(synapses.source, return_inverse=True)
        return synapses._replace(source=number.ravel().astype(np.int32)), ids.astype(np.int64)

    @property
    def synapses(self) -> SynapsesByTarget:
        """The synapses by target."""
        return self._numbered[0]

    @property
    def n_source(self) -> int:
        """Sources that are numbered."""
        ids = self._numbered[1] if self.compact else None
        return self.projection.connectivity.n_source if ids is None else int(ids.size)

    def source_ids(self, sources: Ints) -> Ints:
        """Return the neurons of the source population that `sources` stand for."""
        ids = self._numbered[1] if self.compact else None
        return sources if ids is None else ids[sources]

    @cached_property
    def by_source(self) -> SynapsesBySource:
        """The synapses by source."""
        connectivity = self.projection.connectivity
        compiled = window_lists(connectivity, self.neurons) if isinstance(connectivity, WindowConnectivity) else None
        return self.synapses.by_source() if compiled is None or self.compact else compiled

    def counts(self, *, listed: bool) -> tuple[Ints, Ints, int]:
        """Return (sources with a synapse, synapses of each, longest delay); `listed`: from the synapses by source."""
        if listed:
            lists = self.by_source
            return lists.source, lists.length, int(lists.delay_steps.max(initial=0))
        count = np.bincount(self.synapses.source, minlength=self.n_source)
        sources = np.flatnonzero(count)
        return sources, count[sources], int(self.synapses.delay_steps.max(initial=0))

    @cached_property
    def shared_lists(self) -> SharedLists:
        """The distinct lists of the sources."""
        return shared_lists_of(self.by_source)

    @cached_property
    def groups(self) -> SourceGroups | None:
        """The sources by the population axon that they share; None if they cannot share any."""
        formats = population_axon_formats(self.target)
        return source_groups(formats[0].atoms, self.projection, self.shared_lists) if formats else None


@dataclass(frozen=True)
class SegmentPlan:
    """The encoding of one projection for some neurons of a core, and its cost."""

    projection: QuantizedProjection
    """Projection that is stored."""
    encoding: Encoding
    """How the targets of a list are written."""
    delay_bits: int
    """Bits of a stored delay."""
    index_bits: int
    """Bits of a stored target index; 0 in dense lists."""
    words: int
    """Synapse memory of all lists."""
    sources: Ints
    """(n,) sources with a list, as the slice numbers them."""
    list_words: Ints
    """(n,) synapse memory of each source's list."""
    n_source: int
    """Sources that the slice numbers."""
    unshared: SegmentPlan | None = None
    """Of shared lists: the plan if another projection adds synapses to the lists of the same sources."""
    skip_bits: int = 0
    """Bits of a stored skip in run-length lists; 0 in others."""
    grouped: PopulationAxonPlan | None = None
    """Of sources that share population axons."""
    learning_bits: int = 0
    """Bits of a synapse beyond those of its weight and delay, see `resources.learning`."""
    axons_each: int = 1
    """Input axons that one axon takes."""
    convolution: int = 0
    """Convolution axons that all sources share; 0: they share none."""

    @cached_property
    def words_per_source(self) -> Ints:
        """(n_source,) synapse memory of each source's list."""
        words = np.zeros(self.n_source, dtype=np.int64)
        words[self.sources] = self.list_words
        return words

    @property
    def longest(self) -> int:
        """Synapse memory of the longest list."""
        return int(self.list_words.max(initial=0))

    @property
    def kind(self) -> Kind:
        """Kind of the input axons."""
        if self.convolution:
            return "convolution"
        return "discrete" if self.grouped is None else self.grouped.axon_format.kind

    @property
    def input_axons(self) -> int:
        """Input axons of the lists, if no other projection has the same sources."""
        if self.convolution:
            return self.convolution
        axons = int(np.count_nonzero(self.list_words)) if self.grouped is None else self.grouped.axons
        return axons * self.axons_each

    @property
    def format_key(self) -> tuple[int | str, ...]:
        """The properties by which two synapse formats of one core differ."""
        given, rule = self.projection.weight_format, rule_key(self.projection.plasticity)
        widths = (self.delay_bits, self.index_bits, self.skip_bits, self.learning_bits)
        return given.weight_bits, given.exponent, given.sign_mode, *widths, rule


@dataclass(frozen=True)
class PopulationAxonPlan:
    """Population axons that the sources of a segment share."""

    axon_format: PopulationAxonFormat
    """Their address space."""
    axons: int
    """Number of input axons."""
    otherwise: SegmentPlan
    """The plan with discrete axons, for a core that has no axon numbers left."""


def stored_plans(plans: tuple[SegmentPlan, ...]) -> dict[str, list[SegmentPlan]]:
    """Return the plans of a core as they are stored, by source population.

    Lists that several projections add synapses to are not shared; sources share axons while axon numbers last.
    """
    by_source: dict[str, list[SegmentPlan]] = {}
    for plan in plans:
        by_source.setdefault(plan.projection.source, []).append(plan)
    numbered = dict[Kind, int]()
    for name, same in by_source.items():
        if len(same) > 1:
            by_source[name] = [plan.unshared or plan for plan in same]
        elif (grouped := same[0].grouped) is not None:
            kind, total = grouped.axon_format.kind, numbered.get(grouped.axon_format.kind, 0) + grouped.axons
            if total <= grouped.axon_format.numbers:
                numbered[kind] = total
            else:
                by_source[name] = [grouped.otherwise]
    return by_source


def plan_segment(given: ProjectionSlice) -> SegmentPlan:
    """Return the encoding of a slice that takes the fewest words, or leaves the core least full where axons are shared."""
    target, projection, rules = given.target, given.projection, given.target.counting
    shares = projection.connectivity.shares_weights
    listed = shares or rules.skip_bits is not None
    sources, count, longest_delay = given.counts(listed=listed)
    delay_bits, stored = delay_bits_for(target, longest_delay), projection.weight_format.weight_bits
    extra = learning_bits(target, projection.plasticity, stored)
    bits, each = stored + extra, axons_each(target, projection.plasticity)
    index_bits = index_bits_for(target, given.neurons.size)
    dense = int(dense_words(rules, given.neurons.size, bits, delay_bits, index_bits))
    sparse = segment_words(rules, count, bits, delay_bits, index_bits)
    total = int(sparse.sum())
    if dense * count.size <= total:
        of_source = np.full(count.size, dense)
        best = SegmentPlan(projection, "dense", delay_bits, 0, dense * count.size, sources, of_source, given.n_source)
    else:
        best = SegmentPlan(projection, "sparse", delay_bits, index_bits, total, sources, sparse, given.n_source)
    if projection.plasticity is not None:
        best = replace(best, learning_bits=extra, axons_each=each)
    if not count.size or not listed:
        return best
    best = _run_length(given, index_bits, best) or best
    return _with_shared_axons(given, _shared(given, best) or best) if shares else best


def _run_length(given: ProjectionSlice, index_bits: int, other: SegmentPlan) -> SegmentPlan | None:
    """The plan with run-length lists, if the rules have these and they take fewer words than the other encoding."""
    rules, lists = given.target.counting, given.by_source
    if rules.skip_bits is None or int(lists.length.max()) < 2 or int(lists.length.min()) == given.neurons.size:
        return None  # neither a single synapse nor a full list needs skips
    bits = given.projection.weight_format.weight_bits + other.delay_bits + other.learning_bits
    runs = list_runs(rules, lists.length, lists.row, bits, index_bits)
    words = int(runs.words.sum()) if runs is not None else other.words
    if runs is None or words >= other.words:
        return None
    return replace(
        other, encoding="runlength", index_bits=index_bits, words=words, list_words=runs.words, skip_bits=runs.skip_bits
    )


def _shared(given: ProjectionSlice, unshared: SegmentPlan) -> SegmentPlan | None:
    """The plan with shared lists, if the target has these and they take fewer words."""
    target, furthest = given.target, given.target.precision.shared_base
    if furthest is None or target.counting.convolution is not None:
        return None  # discrete axons have no base where convolution axons are the way to share
    lists = given.shared_lists
    if given.first_row + int(lists.base.max()) > furthest.high:
        return None
    bits, delay_bits = given.projection.weight_format.weight_bits, unshared.delay_bits
    index_bits = index_bits_for(target, int(lists.furthest.max()) + 1)
    of_source, skip_bits = segment_words(target.counting, lists.length, bits, delay_bits, index_bits), 0
    if target.counting.skip_bits is not None:
        some, starts = lists.length[lists.example], lists.synapses.starts[lists.example]
        runs = list_runs(target.counting, some, lists.synapses.row, bits + delay_bits, index_bits, starts)
        if runs is not None and int(runs.words.sum()) < int(of_source[lists.example].sum()):
            of_source, skip_bits = runs.words[lists.list_of], runs.skip_bits
    words = int(of_source[lists.example].sum())
    if words >= unshared.words:
        return None
    return SegmentPlan(
        given.projection,
        "shared",
        delay_bits,
        index_bits,
        words,
        lists.source,
        of_source,
        given.n_source,
        unshared,
        skip_bits=skip_bits,
    )


def _with_shared_axons(given: ProjectionSlice, discrete: SegmentPlan) -> SegmentPlan:
    """The plan with the kind of input axons that leaves the core least full, among those that the target has."""
    convolution = _with_convolution_axons(given, discrete)
    return convolution or _with_population_axons(given, discrete)


def _with_convolution_axons(given: ProjectionSlice, discrete: SegmentPlan) -> SegmentPlan | None:
    """The plan with convolution axons, if the slice is a tile that these can address and the core is less full with them."""
    target, window, furthest = given.target, given.projection.connectivity, given.target.precision.shared_base
    if target.counting.convolution is None or furthest is None or not isinstance(window, WindowConnectivity):
        return None
    box = box_of(output_shape(window.window), given.neurons)
    if box is None or not holds_tile(target, *(stop - start for start, stop in box)):
        return None
    lists = given.shared_lists
    if given.first_row + int(lists.base.max()) > furthest.high:
        return None
    channels = channel_use(window.input_shape[0], window.kernel.shape[0], window.groups, box[0])
    bits, taps = given.projection.weight_format.weight_bits, prod(window.kernel.shape[2:])
    words, longest = kernel_words(target.counting, channels.reach, taps, bits, discrete.delay_bits)
    sources, axons = lists.source, convolution_axons(target, lists.source.size)
    positions = np.unique(sources % prod(window.input_shape[1:])).size
    shares = limit_shares(target, "convolution", words, axons, positions)
    if shares >= limit_shares(target, "discrete", discrete.words, sources.size, sources.size):
        return None
    of_source, unshared = np.full(sources.size, longest), discrete.unshared or discrete
    plan = SegmentPlan(
        given.projection, "shared", discrete.delay_bits, 0, words, sources, of_source, given.n_source, unshared
    )
    return replace(plan, convolution=axons)


def _with_population_axons(given: ProjectionSlice, discrete: SegmentPlan) -> SegmentPlan:
    """The plan with population axons, if the target has these and they leave the core less full (`population_axons`)."""
    groups = given.groups
    if groups is None:
        return discrete
    sources, best = discrete.input_axons, discrete
    least = limit_shares(given.target, discrete.kind, discrete.words, sources, sources)
    for axon_format in population_axon_formats(given.target):
        if groups.starts.size > axon_format.numbers:
            continue
        plan = _of_kind(given, axon_format, grouped_lists(axon_format, groups), discrete)
        if plan is not None:
            shares = limit_shares(given.target, axon_format.kind, plan.words, plan.input_axons, sources)
            best, least = (plan, shares) if shares < least else (best, least)
    return best


def _of_kind(
    given: ProjectionSlice, axon_format: PopulationAxonFormat, grouped: GroupedLists, discrete: SegmentPlan
) -> SegmentPlan | None:
    """The plan with population axons of one kind; None if a list becomes too long for an axon."""
    target, lists = given.target, grouped.lists
    bits, delay_bits = given.projection.weight_format.weight_bits, discrete.delay_bits
    index_bits = index_bits_for(target, given.first_row + int(lists.furthest.max()) + 1)
    of_source = segment_words(target.counting, lists.length, bits, delay_bits, index_bits)
    most = target.counting.words_per_axon
    if most is not None and discrete.longest <= most.value < int(of_source.max()):
        return None
    axons = PopulationAxonPlan(axon_format, grouped.axons, discrete)
    unshared, words = discrete.unshared or discrete, grouped.words(of_source)
    return SegmentPlan(
        given.projection,
        "shared",
        delay_bits,
        index_bits,
        words,
        lists.source,
        of_source,
        given.n_source,
        unshared,
        grouped=axons,
    )
