"""Words of EVT 3.0: 16 bits, of which the upper 4 are the type. Row, time and column are kept until a word changes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.simulate.event_files.common import (
    Array,
    Columns,
    assumed,
    incomplete,
    require_events,
    unwrapped,
    whole_part,
)

__all__ = ["evt3_columns"]

ADDR_Y, ADDR_X, VECT_BASE, VECT_12, VECT_8, TIME_LOW, TIME_HIGH = 0x0, 0x2, 0x3, 0x4, 0x5, 0x6, 0x8
NOT_READ = {0x7: "continuations", 0xA: "triggers", 0xE: "monitoring", 0xF: "continuations"}
READ = (ADDR_Y, ADDR_X, VECT_BASE, VECT_12, VECT_8, TIME_LOW, TIME_HIGH)
TIME_BITS = 12
"""Bits of a word of time; the counter of both words together has 24 bits, which are 16.8 s."""


def evt3_columns(path: Path, content: Array) -> tuple[Columns, list[Diagnostic]]:
    """Return the events of the words, and findings for what is not read."""
    words, found = whole_part(path, content, "<u2")
    require_events(path, words.size)
    kind, value = (words >> 12).astype(np.uint8), words & 0xFFF
    row = _last(kind == ADDR_Y, value)
    times, rounds = _times(kind, value)
    word, offset = _event_words(path, kind, value)
    base, polarity = _bases(kind, value)
    single = kind[word] == ADDR_X
    x = np.where(single, value[word] & 0x7FF, base[word] + offset)
    p = np.where(single, (value[word] >> 11) & 1, polarity[word])
    known = (times[word] >= 0) & (row[word] >= 0) & (single | (base[word] >= 0))
    columns = Columns(times[word][known], x[known], (row[word] & 0x7FF)[known], p[known])
    if rounds:
        found.append(assumed(path, f"the counter of times starts again {rounds} times; times go on"))
    if not known.all():
        found.append(
            incomplete(path, f"{int((~known).sum()):,} events before the first time, row or column are not read")
        )
    return columns, [*found, *_left_out(path, kind)]


def _last(marks: Array, values: Array) -> Array:
    """(words,) value of the latest marked word, -1 before the first."""
    at = np.maximum.accumulate(np.where(marks, np.arange(marks.size), -1))
    return np.where(at >= 0, values[at].astype(np.int64), -1)


def _times(kind: Array, value: Array) -> tuple[Array, int]:
    """(words,) times in microseconds, -1 before the first, and how often the counter started again.

    A new word of the higher bits clears the lower bits until their own word follows.
    """
    marks = np.flatnonzero(kind == TIME_HIGH)
    ahead = np.cumsum(kind == TIME_HIGH)
    if not marks.size:
        return np.full(kind.size, -1, dtype=np.int64), 0
    high, rounds = unwrapped(value[marks], TIME_BITS)
    changed = np.r_[True, np.diff(high) != 0]
    low = _last(
        (kind == TIME_LOW) | np.isin(np.arange(kind.size), marks[changed]), np.where(kind == TIME_LOW, value, 0)
    )
    return np.where(ahead > 0, (high[np.maximum(ahead - 1, 0)] << TIME_BITS) | np.maximum(low, 0), -1), rounds


def _event_words(path: Path, kind: Array, value: Array) -> tuple[Array, Array]:
    """(events,) index of the word of each event, and its offset from the column of a vector."""
    is_vector = (kind == VECT_12) | (kind == VECT_8)
    vectors = np.flatnonzero(is_vector)
    masks = np.where(kind[vectors] == VECT_8, value[vectors] & 0xFF, value[vectors]).astype("<u2")
    bits = np.unpackbits(masks.view(np.uint8), bitorder="little").reshape(-1, 16)
    require_events(path, int(bits.sum()) + kind.size)
    of, offset = np.nonzero(bits)
    singles = np.flatnonzero(kind == ADDR_X)
    word = np.concatenate([singles, vectors[of]])
    offsets = np.concatenate([np.zeros(singles.size, dtype=np.int64), offset])
    order = np.argsort(word, kind="stable") if vectors.size else slice(None)
    return word[order], offsets[order]


def _bases(kind: Array, value: Array) -> tuple[Array, Array]:
    """(words,) first column of a vector at each word, -1 if unknown, and its polarity."""
    width = np.where(kind == VECT_12, 12, np.where(kind == VECT_8, 8, 0))
    passed = np.cumsum(width) - width
    marks = kind == VECT_BASE
    at = np.maximum.accumulate(np.where(marks, np.arange(kind.size), -1))
    base = np.where(at >= 0, (value[at] & 0x7FF) + passed - passed[at], -1)
    return base, (value[at] >> 11) & 1


def _left_out(path: Path, kind: Array) -> list[Diagnostic]:
    counts = np.bincount(kind, minlength=16)
    names = dict[str, int]()
    for code, name in NOT_READ.items():
        names[name] = names.get(name, 0) + int(counts[code])
    shown = ", ".join(f"{count:,} of {name}" for name, count in names.items() if count)
    found = [assumed(path, f"words that are no events are not read: {shown}")] if shown else []
    unknown = int(sum(counts[code] for code in range(16) if code not in NOT_READ and code not in READ))
    return [*found, incomplete(path, f"{unknown:,} words of an unknown type are not read")] if unknown else found
