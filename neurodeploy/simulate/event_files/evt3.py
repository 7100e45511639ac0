"""Words of EVT 3.0: 16 bits, of which the upper 4 are the type. Row, time and column are kept until a word changes them.

Words are decoded in blocks. Ahead of each block stand the words that restore what the words before it have set.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.simulate.event_files.common import Array, Columns, assumed, incomplete, require_events, whole_part

__all__ = ["evt3_columns"]

ADDR_Y, ADDR_X, VECT_BASE, VECT_12, VECT_8, TIME_LOW, TIME_HIGH = 0x0, 0x2, 0x3, 0x4, 0x5, 0x6, 0x8
NOT_READ = {0x7: "continuations", 0xA: "triggers", 0xE: "monitoring", 0xF: "continuations"}
READ = (ADDR_Y, ADDR_X, VECT_BASE, VECT_12, VECT_8, TIME_LOW, TIME_HIGH)
TIME_BITS = 12
"""Bits of a word of time; the counter of both words together has 24 bits, which are 16.8 s."""
BLOCK = 1 << 18
"""Words that are decoded at once; their arrays fit the cache."""
LAST_COLUMN = 0x7FF


class _State(NamedTuple):
    """What the words so far have set: the words that set it again, and the rounds of the counter of times."""

    words: tuple[int, ...] = ()
    high: int = -1
    """Latest higher bits of the time, with rounds; -1 before the first."""
    rounds: int = 0


class _Block(NamedTuple):
    """Events of a block, the number of those without time, row or column, and the state after it."""

    columns: Columns
    unknown: int
    state: _State


def evt3_columns(path: Path, content: Array) -> tuple[Columns, list[Diagnostic]]:
    """Return the events of the words, and findings for what is not read."""
    words, found = whole_part(path, content, "<u2")
    parts, counts = [Columns(*(np.zeros(0, dtype=np.int64),) * 4)], np.zeros(16, dtype=np.int64)
    state, unknown, events = _State(), 0, 0
    for first in range(0, words.size, BLOCK):
        own = words[first : first + BLOCK]
        counts += np.bincount(own >> 12, minlength=16)
        block = _decoded(np.concatenate([np.array(state.words, dtype="<u2"), own]), state)
        state, unknown, events = block.state, unknown + block.unknown, events + block.columns.t.size
        require_events(path, events)
        parts.append(block.columns)
    columns = Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if state.rounds:
        found.append(assumed(path, f"the counter of times starts again {state.rounds} times; times go on"))
    if unknown:
        found.append(incomplete(path, f"{unknown:,} events before the first time, row or column are not read"))
    return columns, [*found, *_left_out(path, counts)]


def _decoded(words: Array, before: _State) -> _Block:
    """The events of a block that begins with the words of its state."""
    kind, value = (words >> 12).astype(np.uint8), (words & 0xFFF).astype(np.int32)
    index = np.arange(words.size, dtype=np.int32)
    row = _latest(kind == ADDR_Y, index)
    high, low, ahead, rounds = _times(kind, value, index, before)
    base, at = _bases(kind, value, index)
    word, offset = _event_words(kind, value)
    single, of_base = kind[word] == ADDR_X, at[word]
    x = np.where(single, value[word] & LAST_COLUMN, base[word] + offset)
    p = np.where(single, value[word], value[of_base]) >> 11 & 1
    known = (ahead[word] > 0) & (row[word] >= 0) & (single | (of_base >= 0))
    if not known.all():
        word, x, p = word[known], x[known], p[known]
    times = (high[ahead[word] - 1] << TIME_BITS) | low[word] if word.size else np.zeros(0, dtype=np.int64)
    columns = Columns(times, x.astype(np.int16), (value[row[word]] & LAST_COLUMN).astype(np.int16), p.astype(np.uint8))
    state = _after(words, (row[-1], at[-1]), (base[-1], kind[-1]), (high, int(low[-1])), before.rounds + rounds)
    return _Block(columns, int(known.size - known.sum()), state)


def _after(
    words: Array, places: tuple[int, int], vector: tuple[int, int], times: tuple[Array, int], rounds: int
) -> _State:
    """State after a block. `places`: of the latest words of row and vector. `vector`: column and type of the last word."""
    high, low = times
    row, base = places
    kept = list[int]()
    if high.size:
        kept += [(TIME_HIGH << 12) | (int(high[-1]) & 0xFFF), (TIME_LOW << 12) | low]
    if row >= 0:
        kept.append(int(words[row]))
    column = int(vector[0]) + {VECT_12: 12, VECT_8: 8}.get(int(vector[1]), 0)
    if base >= 0 and column <= LAST_COLUMN:
        kept.append((int(words[base]) & ~LAST_COLUMN) | column)
    return _State(tuple(kept), int(high[-1]) if high.size else -1, rounds)


def _latest(marks: Array, index: Array) -> Array:
    """(words,) place of the latest marked word, -1 before the first."""
    return np.maximum.accumulate(np.where(marks, index, np.int32(-1)))


def _times(kind: Array, value: Array, index: Array, before: _State) -> tuple[Array, Array, Array, int]:
    """Higher bits of the time, with rounds, for each word of them; lower bits and number of those words at every word; and
    how often the counter started again.

    A new value of the higher bits clears the lower bits until their own word follows. A fall by more than half of the range
    is a new start; smaller falls are events out of order.
    """
    marks = kind == TIME_HIGH
    ahead = np.cumsum(marks, dtype=np.int32)
    places = np.flatnonzero(marks)
    raw = value[places].astype(np.int64)
    starts = np.diff(raw, prepend=raw[:1]) < -(1 << (TIME_BITS - 1))
    high = raw + (np.cumsum(starts) << TIME_BITS) + (max(before.high, 0) >> TIME_BITS << TIME_BITS)
    sets = kind == TIME_LOW
    clears = places[np.diff(high, prepend=-1) != 0]
    sets[clears] = True
    at = _latest(sets, index)
    low = np.where((at >= 0) & (kind[at] == TIME_LOW), value[at], 0)
    return high, low, ahead, int(starts.sum())


def _event_words(kind: Array, value: Array) -> tuple[Array, Array]:
    """(events,) place of the word of each event, and its offset from the column of a vector."""
    vectors = np.flatnonzero((kind == VECT_12) | (kind == VECT_8))
    singles = np.flatnonzero(kind == ADDR_X)
    if not vectors.size:
        return singles, np.zeros(singles.size, dtype=np.int32)
    masks = np.where(kind[vectors] == VECT_8, value[vectors] & 0xFF, value[vectors]).astype("<u2")
    bits = np.unpackbits(masks.view(np.uint8), bitorder="little").reshape(-1, 16)
    of, offset = np.nonzero(bits)
    word = np.concatenate([singles, vectors[of]])
    offsets = np.concatenate([np.zeros(singles.size, dtype=np.int32), offset.astype(np.int32)])
    order = np.argsort(word, kind="stable")
    return word[order], offsets[order]


def _bases(kind: Array, value: Array, index: Array) -> tuple[Array, Array]:
    """(words,) first column of a vector at each word, and the place of the word that set it, -1 if none did."""
    width = np.where(kind == VECT_12, np.int32(12), np.where(kind == VECT_8, np.int32(8), np.int32(0)))
    passed = np.cumsum(width, dtype=np.int32) - width
    at = _latest(kind == VECT_BASE, index)
    return (value[at] & LAST_COLUMN) + passed - passed[at], at


def _left_out(path: Path, counts: Array) -> list[Diagnostic]:
    names = dict[str, int]()
    for code, name in NOT_READ.items():
        names[name] = names.get(name, 0) + int(counts[code])
    shown = ", ".join(f"{count:,} of {name}" for name, count in names.items() if count)
    found = [assumed(path, f"words that are no events are not read: {shown}")] if shown else []
    unknown = int(sum(counts[code] for code in range(16) if code not in NOT_READ and code not in READ))
    return [*found, incomplete(path, f"{unknown:,} words of an unknown type are not read")] if unknown else found
