"""Run-length lists, which store the distance from each target to the next; `synapse_memory` has the formula.

A run is a sequence of synapses whose targets are less than 2 ** skip bits apart; each run begins an entry. Wider skips make
fewer runs of longer synapses. The skip width of a segment is the legal one that takes the fewest words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.hardware.target import RuleSet
from neurodeploy.native.library import Kernels
from neurodeploy.resources.compiled_lists import Measure, loops
from neurodeploy.resources.synapse_memory import entry_bits, whole_words

__all__ = ["ListRuns", "box_runs", "list_runs", "run_words"]

Ints = NDArray[np.int64]


class ListRuns(NamedTuple):
    """Words of run-length lists at the best skip width."""

    skip_bits: int
    """The skip width."""
    words: Ints
    """Words of each list, in the shape of the lists given."""


def _best(rules: RuleSet, times: Any, words: Callable[[int], Ints]) -> ListRuns | None:
    """The legal skip width of fewest words, the narrowest of equals; None if the rules have no run-length lists."""
    if rules.skip_bits is None:
        return None
    found = [ListRuns(int(bits), words(int(bits))) for bits in rules.skip_bits.values]
    return min(found, key=lambda item: int((item.words * times).sum()))


def run_words(rules: RuleSet, starts: Ints, targets: NDArray[Any], bits: int, index_bits: int, skip_bits: int) -> Ints:
    """Return (n_lists,) words of each list.

    List i has the ascending targets [starts[i], starts[i + 1]), at least one. `bits`: of a weight and its delay;
    `index_bits`: of the first target of an entry.
    """
    gaps = np.diff(targets, prepend=0)
    begins = gaps >= 1 << skip_bits
    begins[starts] = True
    run = np.flatnonzero(begins)
    prefix = int(rules.entry_prefix.value) + index_bits
    stored_bits = entry_bits(rules, np.diff(np.r_[run, gaps.size]), bits + skip_bits, prefix)
    return whole_words(rules, np.add.reduceat(stored_bits, np.searchsorted(run, starts)))


def list_runs(
    rules: RuleSet, lengths: Ints, targets: NDArray[Any], bits: int, index_bits: int, starts: Ints | None = None
) -> ListRuns | None:
    """Return the words of lists at the best skip width; None if the rules have no run-length lists.

    `lengths`: (n_lists,) synapses of each, at least 1; `targets`: those of all lists; `starts`: (n_lists,) first target of
    each list, None: one list follows the other.
    """
    if rules.skip_bits is None:
        return None
    starts = np.cumsum(lengths) - lengths if starts is None else starts
    compiled = loops()
    if compiled is not None:
        return _best(
            rules, 1, partial(_compiled_run_words, compiled, rules, (starts, lengths, targets), bits, index_bits)
        )
    chosen, own = targets[places_of(starts, lengths)].astype(np.int64), np.cumsum(lengths) - lengths
    return _best(rules, 1, lambda skip: run_words(rules, own, chosen, bits, index_bits, skip))


def _compiled_run_words(
    compiled: Kernels,
    rules: RuleSet,
    lists: tuple[Ints, Ints, NDArray[Any]],
    bits: int,
    index_bits: int,
    skip_bits: int,
) -> Ints:
    """As `run_words`."""
    starts, lengths, targets = lists
    end, word, entry = rules.list_end, int(rules.word.value), int(rules.synapses_per_entry.value)
    prefix = int(rules.entry_prefix.value) + index_bits
    measure = Measure(bits + skip_bits, prefix, entry, word, -1 if end is None else int(end.value))
    words = np.empty(lengths.size, dtype=np.int64)
    compiled.call("list_run_words", starts, lengths, targets.astype(np.int32, copy=False), skip_bits, measure, words)
    return words


def box_runs(rules: RuleSet, reach: tuple[Any, Any, Any], times: ArrayLike, sides: tuple[int, int], bits: int, index_bits: int) -> ListRuns | None:  # fmt: skip
    """Return the words of lists whose targets form boxes in a tile of `sides` (rows, columns), with any number of channels.

    `reach`: channels, rows and columns of each list, at least 1; `times`: number of such lists; all broadcast together.
    """
    if rules.skip_bits is None:
        return None
    channels, rows, columns = reach
    next_row = sides[1] - columns + 1
    next_channel = sides[0] * sides[1] - (rows - 1) * sides[1] - columns + 1

    def words(skip: int) -> Ints:
        by_channel = np.where(next_channel >= 1 << skip, channels, 1)
        by_row = np.where(next_row >= 1 << skip, rows, 1)  # then channels, which are further apart, begin entries too
        runs, prefix = by_channel * by_row, int(rules.entry_prefix.value) + index_bits
        stored_bits = runs * entry_bits(rules, channels * rows * columns // runs, bits + skip, prefix)
        return whole_words(rules, stored_bits)

    return _best(rules, times, words)
