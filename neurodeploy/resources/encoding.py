"""The synapses of a core in the encodings chosen for them: lists, and the list, base and axon of every source.

Segments are made once, when the assignment of neurons to cores is final. Placement and the tables of a program only read
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import narrowed, read_only
from neurodeploy.base.noun import Int16Column, Int64Column, Name, Noun, UInt8Column, UInt16Column
from neurodeploy.network import WeightFormat
from neurodeploy.resources.axons import Kind
from neurodeploy.resources.convolution_axons import source_addresses
from neurodeploy.resources.population_axons import grouped_lists
from neurodeploy.resources.segment_plan import Encoding, ProjectionSlice, SegmentPlan, plan_segment, stored_plans
from neurodeploy.resources.shared_lists import SharedLists

__all__ = ["EncodedSegment", "encode_core"]

Ints = NDArray[np.int64]


class EncodedSegment(Noun):
    """The synapses of one projection in one core, as they are stored: distinct lists, and the list of each source."""

    core: int
    """Logical core."""
    projection: Name
    """Projection whose synapses these are."""
    source: Name
    """Input or population that the projection starts from."""
    weight_format: WeightFormat
    """Stored bits, exponent and sign mode of the mantissas."""
    encoding: Encoding
    """How the targets of a list are written."""
    delay_bits: int
    """Bits of a stored delay."""
    index_bits: int
    """Bits of a stored target index; 0 in dense lists."""
    skip_bits: int
    """Bits of a stored skip in run-length lists; 0 in others."""
    words: int
    """Synapse memory that the lists take."""
    sources: Int64Column
    """(n,) source neurons, ascending."""
    list_of: Int64Column
    """(n,) list of each source."""
    base: Int64Column
    """(n,) row of the core that the targets of the source's list are counted from; 0 for lists that are not shared."""
    lengths: Int64Column
    """(n_lists,) entries of each list."""
    targets: UInt16Column
    """(n_entries,) rows relative to the base, list by list."""
    mantissas: Int16Column
    """(n_entries,) mantissas of the weights; zeros included in dense lists."""
    delays: UInt8Column
    """(n_entries,) delays, in steps beyond the one that every synapse takes."""
    kind: Kind = "discrete"
    """Kind of the input axons."""
    learning_bits: int = 0
    """Bits of a stored synapse beyond those of its weight and delay."""
    axon: Int64Column | None = None
    """(n,) input axon of each source, from 0; None: one axon for each source."""
    atom: Int64Column | None = None
    """(n,) atom of each source; None: no axon has atoms."""


def encode_core(core: int, slices: Sequence[ProjectionSlice]) -> Iterator[EncodedSegment]:
    """Yield the segments of one core: the slices of every projection into it, in the encodings that take the fewest words."""
    plans = [(given, plan_segment(given)) for given in slices]
    slice_of = {plan.projection.name: given for given, plan in plans}
    for same in stored_plans(tuple(plan for _, plan in plans if plan.words)).values():
        for plan in same:
            given = slice_of[plan.projection.name]
            yield _segment(core, given, plan, _lists(given, plan))


def _segment(core: int, given: ProjectionSlice, plan: SegmentPlan, lists: dict[str, Any]) -> EncodedSegment:
    projection = plan.projection
    columns = {name: read_only(values) for name, values in lists.items()}
    return EncodedSegment(
        core=core,
        projection=projection.name,
        source=projection.source,
        weight_format=projection.weight_format,
        encoding=plan.encoding,
        delay_bits=plan.delay_bits,
        index_bits=plan.index_bits,
        skip_bits=plan.skip_bits,
        learning_bits=plan.learning_bits,
        words=plan.words,
        kind=plan.kind,
        sources=read_only(given.source_ids(given.by_source.source)),
        **columns,
    )


def _lists(given: ProjectionSlice, plan: SegmentPlan) -> dict[str, Any]:
    """The columns of the lists, and of the sources that have them."""
    if plan.grouped is not None and given.groups is not None:
        groups = given.groups
        lists = grouped_lists(plan.grouped.axon_format, groups).lists
        return {
            **_distinct_lists(given, lists, first_target=given.first_row),
            "base": lists.base,
            "axon": groups.axon,
            "atom": groups.atom,
        }
    if plan.encoding == "shared":
        lists = given.shared_lists
        found = {**_distinct_lists(given, lists, first_target=0), "base": lists.base + given.first_row}
        return found | source_addresses(lists.source.size) if plan.convolution else found
    n = given.by_source.source.size
    columns = _dense_lists(given) if plan.encoding == "dense" else _sparse_lists(given)
    return {"list_of": np.arange(n), "base": np.zeros(n, dtype=np.int64), **columns}


def _dense_lists(given: ProjectionSlice) -> dict[str, Any]:
    """A list of all neurons of the slice for each source, with mantissa 0 where there is no synapse."""
    lists, width = given.by_source, given.neurons.size
    at = np.repeat(np.arange(lists.source.size) * width, lists.length) + lists.row
    mantissas = np.zeros(lists.source.size * width, dtype=np.int16)
    delays = np.zeros(mantissas.size, dtype=np.uint8)
    mantissas[at], delays[at] = lists.weights, lists.delay_steps
    targets = narrowed(np.arange(width) + given.first_row, np.uint16)
    return {
        "lengths": np.full(lists.source.size, width),
        "targets": np.tile(targets, lists.source.size),
        "mantissas": mantissas,
        "delays": delays,
    }


def _sparse_lists(given: ProjectionSlice) -> dict[str, Any]:
    """A list of its synapses for each source."""
    lists = given.by_source
    return {
        "lengths": lists.length,
        "targets": narrowed(lists.row + given.first_row, np.uint16),
        "mantissas": lists.weights,
        "delays": lists.delay_steps,
    }


def _distinct_lists(given: ProjectionSlice, lists: SharedLists, first_target: int) -> dict[str, Any]:
    """Each distinct list once; `first_target` is added to the targets of all."""
    stored = lists.stored
    return {
        "list_of": lists.list_of,
        "lengths": lists.length[lists.example],
        "targets": narrowed(lists.targets + first_target, np.uint16),
        "mantissas": lists.synapses.weights[stored],
        "delays": lists.synapses.delay_steps[stored],
    }
