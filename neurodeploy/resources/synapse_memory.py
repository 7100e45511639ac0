"""Synapse memory of lists under a rule set: the formulas. Chooses no encoding.

A segment is the synapses of one source neuron of one projection in one core. They are stored in entries of up to
`synapses_per_entry` synapses, each with a prefix. Bits of an entry of n synapses, and of its prefix:
  dense      n * (weight + delay)           entry_prefix (+ index); every target of the slice in order, zeros stored
             (rules with index_in_dense store the index of each synapse as well)
  sparse     n * (weight + delay + index)   entry_prefix; synapses only
  runlength  n * (weight + delay + skip)    entry_prefix + index of the first target; synapses only
The skip of a synapse is the distance from the target before it. A target 2 ** skip or more further on begins an entry, and
every entry begins with a skip of 0. Words of a segment:
  without list_end   sum over its entries of ceil(bits of the entry / word)
  with list_end      ceil((sum over its entries of their bits + list_end) / word)
Source: nengo-loihi 1.1.0 block.py (bits_per_axon: dense and sparse, each entry padded, no index in a dense prefix);
intel-nrc-ecosystem/models, NxTF's data_structures.py (SynEntry, SynapseGroup) and synapse_compression.py (all three; the
entries of a neuron follow one another, and a word is added if fewer than 6 bits of the last are free). NxTF chooses index
and skip widths entry by entry; here a segment has one of each, wide enough for its core.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.hardware.target import RuleSet, Target

__all__ = [
    "delay_bits_for",
    "dense_words",
    "entry_bits",
    "index_bits_for",
    "segment_words",
    "whole_words",
]

Ints = NDArray[np.int64]
TABLE = 1 << 12
"""Synapses up to which words are read from a table: at least the compartments of most cores."""


class _Figures(NamedTuple):
    """The figures of a rule set and a segment that its words depend on."""

    bits: int
    """Bits of one synapse."""
    prefix: int
    """Bits of an entry's prefix."""
    group: int
    """Synapses of a full entry."""
    word: int
    """Bits of a word."""
    end: int | None
    """Bits of a list's end; None: every entry is padded to whole words."""


def _figures(rules: RuleSet, bits: int, prefix: int) -> _Figures:
    end = None if rules.list_end is None else int(rules.list_end.value)
    return _Figures(bits, prefix, int(rules.synapses_per_entry.value), int(rules.word.value), end)


def segment_words(rules: RuleSet, n_entries: ArrayLike, weight_bits: int, delay_bits: int, index_bits: int) -> Ints:
    """Return the words of sparse segments of `n_entries` synapses (int or array, same shape)."""
    return _words(_figures(rules, weight_bits + delay_bits + index_bits, int(rules.entry_prefix.value)), n_entries)


def dense_words(rules: RuleSet, n_targets: ArrayLike, weight_bits: int, delay_bits: int, index_bits: int) -> Ints:
    """Return the words of dense segments into `n_targets` neurons (int or array, same shape).

    `index_bits`: bits of an index into them, stored only where the rules put one into the prefix or beside each weight.
    """
    prefix = int(rules.entry_prefix.value) + (index_bits if rules.index_in_prefix else 0)
    bits = weight_bits + delay_bits + (index_bits if rules.index_in_dense else 0)
    return _words(_figures(rules, bits, prefix), n_targets)


def entry_bits(rules: RuleSet, n_synapses: ArrayLike, bits: int, prefix: int) -> Ints:
    """Return the bits of the entries of `n_synapses` consecutive synapses (int or array) of `bits` each."""
    count, figures = np.asarray(n_synapses, dtype=np.int64), _figures(rules, bits, prefix)
    return _bits_by_length(figures)[count] if int(count.max(initial=0)) <= TABLE else _bits_of(figures, count)


def whole_words(rules: RuleSet, bits: ArrayLike) -> Ints:
    """Return the words of segments whose entries take `bits` in all (int or array)."""
    return _words_of(_figures(rules, 0, 0), np.asarray(bits, dtype=np.int64))


def _words(figures: _Figures, n_entries: Any) -> Ints:
    """Words of segments of `n_entries` synapses."""
    count = np.asarray(n_entries, dtype=np.int64)
    if int(count.max(initial=0)) <= TABLE:
        return _words_by_length(figures)[count]
    return _words_of(figures, _bits_of(figures, count))


def _bits_of(figures: _Figures, count: Ints) -> Ints:
    """Bits of the entries of `count` synapses."""
    bits, prefix, group, word, end = figures
    full, rest = count // group, count % group
    whole, part = group * bits + prefix, np.where(rest > 0, rest * bits + prefix, 0)
    if end is None:
        whole, part = -(-whole // word) * word, -(-part // word) * word
    return full * whole + part


def _words_of(figures: _Figures, bits: Ints) -> Ints:
    """Words of segments whose entries take `bits` in all."""
    return np.where(bits > 0, -(-(bits + (figures.end or 0)) // figures.word), 0)


@lru_cache(maxsize=256)
def _bits_by_length(figures: _Figures) -> Ints:
    """(TABLE + 1,) bits of entries by number of synapses."""
    return _bits_of(figures, np.arange(TABLE + 1))


@lru_cache(maxsize=256)
def _words_by_length(figures: _Figures) -> Ints:
    """(TABLE + 1,) words of segments by number of synapses."""
    return _words_of(figures, _bits_by_length(figures))


def delay_bits_for(target: Target, max_delay_steps: int) -> int:
    """Return the smallest legal number of bits that holds a delay; the largest if none does."""
    legal = target.precision.delay_bits.values
    return int(next((bits for bits in legal if 1 << int(bits) > max_delay_steps), legal[-1]))


def index_bits_for(target: Target, width: int) -> int:
    """Return the smallest legal number of bits of an index into `width` targets; the largest if none suffices."""
    legal = (target.counting.index_bits or target.precision.index_bits).values
    return int(next((bits for bits in legal if 1 << int(bits) >= width), legal[-1]))
