"""The encodings of a mapping: how every projection is stored in every core, planned once when the assignment is final."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Lists

from neurodeploy.mapping.mapping import Mapping, planned_target
from neurodeploy.resources.core_usage import projections_into
from neurodeploy.resources.encode_cores import encode_cores
from neurodeploy.resources.encoding import EncodedSegment

__all__ = ["encoded", "segments_by_core"]


def encoded(mapping: Mapping, known: Lists[int, Sequence[EncodedSegment]] | None = None) -> Mapping:
    """Return the mapping with its encoded segments; itself if it has them already.

    `known`: core -> its segments, of cores whose neurons are encoded already; their numbers may have been others.
    """
    if mapping.segments is not None:
        return mapping
    segments = tuple(item for core in segments_by_core(mapping, known) for item in core)
    return mapping.model_copy(update={"segments": segments})


def segments_by_core(
    mapping: Mapping, known: Lists[int, Sequence[EncodedSegment]] | None = None
) -> Iterator[list[EncodedSegment]]:
    """Yield the segments of each core: those of the mapping, or new ones, of which none is kept; `known` as in `encoded`."""
    if mapping.segments is None:
        into = projections_into(mapping.quantized)
        yield from encode_cores(planned_target(mapping), into, mapping.core_of, mapping.n_cores, known)
        return
    by_core: list[list[EncodedSegment]] = [[] for _ in range(mapping.n_cores)]
    for item in mapping.segments:
        by_core[item.core].append(item)
    yield from by_core
