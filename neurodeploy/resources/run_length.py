"""Verb: run-length lists, which store the way from target to target; see words.py for the formula. Stores nothing.

A run is the synapses of a list whose targets follow one another more closely than 2 ** skip bits; it begins an entry. Wider
skips make fewer runs of longer synapses: the width of a segment is the legal one that takes the fewest words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import RuleSet
from neurodeploy.resources.synapse_memory import entry_bits, whole_words

__all__ = ["ListRuns", "box_runs", "list_runs", "run_words"]

Ints = NDArray[np.int64]


class ListRuns(NamedTuple):
    """Lists of a segment in the best skip width."""

    skip_bits: int
    words: Ints
    """Of each list, in the shape in which they were given."""


def _best(rules: RuleSet, times: Any, words: Callable[[int], Ints]) -> ListRuns | None:
    """The legal width of fewest words, the narrowest of several; None where the rules know no run-length lists."""
    if rules.skip_bits is None:
        return None
    found = [ListRuns(int(bits), words(int(bits))) for bits in rules.skip_bits.values]
    return min(found, key=lambda item: int((item.words * times).sum()))


def run_words(rules: RuleSet, starts: Ints, targets: Any, bits: int, index_bits: int, skip_bits: int) -> Ints:
    """Return the words of every list; list i has the targets [starts[i], starts[i + 1]), which ascend and are not none.

    bits: of a weight and its delay; index_bits: of an entry's first target.
    """
    gaps = np.diff(targets, prepend=0)
    begins = gaps >= 1 << skip_bits
    begins[starts] = True
    run = np.flatnonzero(begins)
    prefix = int(rules.entry_prefix.value) + index_bits
    held = entry_bits(rules, np.diff(np.r_[run, gaps.size]), bits + skip_bits, prefix)
    return whole_words(rules, np.add.reduceat(held, np.searchsorted(run, starts)))


def list_runs(rules: RuleSet, lengths: Ints, targets: Any, bits: int, index_bits: int) -> ListRuns | None:
    """Return lists of `lengths` synapses, at least one each, with the targets of all one after the other."""
    starts = np.cumsum(lengths) - lengths
    return _best(rules, 1, lambda skip: run_words(rules, starts, targets.astype(np.int64), bits, index_bits, skip))


def box_runs(rules: RuleSet, reach: tuple[Any, Any, Any], times: Any, sides: tuple[int, int], bits: int, index_bits: int) -> ListRuns | None:  # fmt: skip
    """Return lists whose targets are boxes of a tile of `sides` (rows, columns), of any number of channels.

    reach: channels, rows and columns of each, all at least 1; times: how often each occurs; all broadcast to one shape.
    """
    if rules.skip_bits is None:
        return None
    channels, rows, columns = reach
    next_row = sides[1] - columns + 1
    next_channel = sides[0] * sides[1] - (rows - 1) * sides[1] - columns + 1

    def words(skip: int) -> Ints:
        by_channel = np.where(next_channel >= 1 << skip, channels, 1)
        by_row = np.where(next_row >= 1 << skip, rows, 1)  # and then channels begin entries too, being further apart
        runs, prefix = by_channel * by_row, int(rules.entry_prefix.value) + index_bits
        held = runs * entry_bits(rules, channels * rows * columns // runs, bits + skip, prefix)
        return whole_words(rules, held)

    return _best(rules, times, words)
