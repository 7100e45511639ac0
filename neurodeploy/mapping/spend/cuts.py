"""Cuts of a core into parts: where the longer of the two parts is shortest, and least is received twice.

A part of a core sends what its rows send, and receives every message that reaches one of its rows. A message that reaches both
parts is received by both, and sent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.spend.content import CoreContent

__all__ = ["Part", "first_part", "halves"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
NEAR = 1.03
"""Cuts whose longer part takes at most this multiple of the best are equally good: the one that duplicates least is taken."""
LEAST_GAIN = 0.99
"""Largest share of the time of a part that the longer of its halves may take: less is no gain."""


class Part(NamedTuple):
    """Some rows of a core."""

    rows: Ints
    """(n,) rows of the core, ascending."""
    row: Ints
    """(entries,) index into `rows` of each of their entries."""
    axon: Ints
    """(entries,) input axon of each."""
    busy_s: float
    """Time in a step."""


def first_part(content: CoreContent) -> Part:
    """Return the whole core as one part."""
    send, read = float(content.send.sum()), float(content.read.sum() + content.receive.sum())
    busy = max(send, read) + float(content.learn.sum())
    return Part(np.arange(content.send.size), content.row, content.axon, busy)


def halves(
    content: CoreContent, part: Part, orders: Sequence[Ints], *, always: bool = False
) -> tuple[Part, Part] | None:
    """Return the two parts of the best cut of a part; None if no cut makes it quicker.

    `orders`: (rows of the core,) rank of every row, one array for each order in which rows may be cut.
    `always`: cut it even where that makes it no quicker.
    """
    if part.rows.size < 2:
        return None
    cuts = [_cut(content, part, np.argsort(order[part.rows], kind="stable")) for order in orders]
    best = min(cut.longer_s for cut in cuts)
    if not always and best > LEAST_GAIN * part.busy_s:
        return None
    chosen = min((cut for cut in cuts if cut.longer_s <= NEAR * best), key=lambda cut: cut.twice_s)
    inside = np.zeros(part.rows.size, dtype=bool)
    inside[chosen.order[: chosen.first]] = True
    return _taken(part, inside, chosen.busy_s[0]), _taken(part, ~inside, chosen.busy_s[1])


class _Cut(NamedTuple):
    """A cut behind the `first` rows of an order."""

    order: Ints
    first: int
    busy_s: tuple[float, float]
    longer_s: float
    twice_s: float
    """Time of messages that both parts receive."""


def _cut(content: CoreContent, part: Part, order: Ints) -> _Cut:
    """The best cut along an order of a part's rows."""
    n, rows = part.rows.size, part.rows[order]
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    place = rank[part.row]
    first, last = np.full(content.receive.size, n), np.full(content.receive.size, -1)
    np.minimum.at(first, part.axon, place)
    np.maximum.at(last, part.axon, place)
    reached = last >= 0
    came = _running(np.bincount(first[reached], content.receive[reached], n))
    gone = _running(np.bincount(last[reached], content.receive[reached], n))
    send, read, learn = (_running(values[rows]) for values in (content.send, content.read, content.learn))
    left = np.maximum(send, read + came) + learn
    right = np.maximum(send[-1] - send, read[-1] - read + came[-1] - gone) + learn[-1] - learn
    longer, twice = np.maximum(left, right)[:-1], (came - gone)[:-1]
    near = np.flatnonzero(longer <= NEAR * longer.min())
    at = int(near[np.lexsort((np.abs(near - n // 2), longer[near], twice[near]))[0]])
    return _Cut(order, at + 1, (float(left[at]), float(right[at])), float(longer[at]), float(twice[at]))


def _running(values: NDArray[np.float64] | Ints) -> Array:
    return np.cumsum(values, dtype=np.float64)


def _taken(part: Part, inside: NDArray[np.bool_], busy_s: float) -> Part:
    """The rows of a part that are `inside`."""
    number = np.cumsum(inside) - 1
    kept = inside[part.row]
    return Part(part.rows[inside], number[part.row[kept]], part.axon[kept], busy_s)
