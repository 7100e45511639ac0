"""What the compiled walks over the core tables read and write.

A walk follows the spikes of one part, source by source, through its routes to the lists of the cores, and visits every
synapse without expanding the tables. `walk.h` declares the same for C: `python -m neurodeploy.native.header` writes it from
this file.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray

from neurodeploy.native.structs import (
    Bytes,
    Ints,
    Longs,
    Shorts,
    SmallInts,
    Unsigned,
    UnsignedLongs,
    UnsignedShorts,
    record_type,
)

__all__ = [
    "SYNAPSE_FACTS",
    "FILL",
    "GROUP",
    "GROUPED",
    "LEAST_BITS",
    "LEVELS",
    "LISTED",
    "ROWS",
    "SynapseFacts",
    "Fill",
    "Fills",
    "Patterns",
    "Range",
    "Routes",
    "Survey",
    "Tiles",
    "Walk",
]

GROUP = 4
"""Synapses stored together: four targets, then their weights."""
LEAST_BITS, LEVELS = 10, 6
"""Bits of the smallest tile of targets, and sizes that are tried, each twice the one before."""
ROWS, LISTED, GROUPED = range(3)
"""Forms that `fill` writes: rows of weights for all targets; an index and a weight each; groups."""


class Routes(NamedTuple):
    """Where the spikes of one part go: routes [start[i], stop[i]) of source i."""

    start: Longs
    stop: Longs
    core: Ints
    axon: Ints
    """Input axon of the core."""


class Walk(NamedTuple):
    """The core tables, see `program.tables.Tables`, and what engine rows, classes and weights their entries have."""

    in_axon_ptr: Longs
    list_ptr: Longs
    compartment_ptr: Longs
    in_axon_list: Ints
    in_axon_base: Ints
    segment_ptr: Longs
    segment_format: Ints
    entry_ptr: Longs
    entry_target: UnsignedShorts
    entry_mantissa: Shorts
    entry_delay: Bytes
    row: Ints
    """(table rows,) engine row of each."""
    part: Ints
    """(engine rows / 64,) part of each 64 engine rows."""
    parts: int
    class_of: Ints
    """(formats, delays) class of a synapse; the classes of one format are consecutive."""
    delays: int
    weight: Longs
    """(formats, mantissas) weight of mantissa `lowest` + k."""
    mantissas: int
    lowest: int


class SynapseFacts(NamedTuple):
    """The synapses of one class from one part to another, those with a weight of 0 left out."""

    entries: int
    bits: int
    """Set in any weight."""
    least: int
    """Least weight."""
    most: int
    least_delay: int
    most_delay: int


class Survey(NamedTuple):
    """What `survey` fills."""

    facts: Annotated[NDArray[Any], SynapseFacts]
    """(classes, parts) of SYNAPSE_FACTS, all 0 before."""
    plane_of_class: Longs
    low: Longs
    """(planes, engine rows) sum of the negative weights that can reach a row in one step; the positive ones in `high`."""
    high: Longs
    counts: Ints
    """(sources,) synapses of each source, those with a weight of 0 left out; 0 before."""


class Fill(NamedTuple):
    """One block that `fill` writes."""

    form: int
    """ROWS, LISTED or GROUPED."""
    bytes: int
    """Of a weight: 1 or 2."""
    start: int
    """First engine row of the target."""
    shift: int
    """Shift down of a weight."""
    stride: int
    """Weights of a row, or accumulators of a delay."""
    weights: int
    """Offset in `Fills.weights8` or `Fills.weights16`."""
    targets: int
    """Offset in `Fills.index32`, of listed ones."""
    pointer: int
    """Offset in `Fills.pointer`, of listed and grouped ones: where each source begins."""


class Fills(NamedTuple):
    """The blocks of one source part, and the arenas into which they are written; these are 0 before."""

    block: Ints
    """(classes, parts) number of the block; -1 for those that `fill` and `count` pass over."""
    blocks: Annotated[NDArray[Any], Fill]
    """(blocks,) of FILL."""
    place: Longs
    """(blocks,) scratch."""
    weights8: SmallInts
    weights16: Shorts
    index32: Unsigned
    pointer: Ints


class Range(NamedTuple):
    """The synapses of one block: a class, and engine rows [start, stop)."""

    kind: int
    start: int
    stop: int
    shift: int
    """Shift down of a weight."""
    room: UnsignedLongs
    """(2, n) scratch for the most synapses that one source has."""


class Patterns(NamedTuple):
    """Distinct lists of a part's sources: equal offsets from the first target, and equal weights."""

    slots: Ints
    """Hash table: 1 + number of a pattern, 0 before; a power of two above the number of sources."""
    keys: UnsignedLongs
    """(sources,) hash of each pattern."""
    of_source: Ints
    """(sources, 2) pattern and first target of each; -1 before, and where a source has no synapses."""
    first: Longs
    """(sources + 1,) first word of each pattern, and one after the last; 0 before."""
    words: UnsignedLongs
    """Offset << 16 | weight of each synapse of the patterns."""


class Tiles(NamedTuple):
    """A block sorted by tile of its targets."""

    bits: int
    """Of a tile's size."""
    bytes: int
    segments: int
    weights: int
    """Offset of the groups in `Fills.weights8` or `Fills.weights16`."""
    pointer: int
    """Offset in `Fills.pointer`: first segment of each source (n + 1), then first group and tile of each segment (m + 1)."""


SYNAPSE_FACTS = record_type(SynapseFacts)
FILL = record_type(Fill)
