"""Verb: synapse memory of lists under a rule set. The only place that knows the formulas; chooses no encoding.

A segment is the synapses of one source neuron of one projection inside one core. They are stored in entries of up to
`synapses_per_entry`; each entry has a prefix. Bits of an entry of n synapses, and of a prefix:
  dense      n * (weight + delay)           entry_prefix (+ index); every target of the slice in order, zeros stored
  sparse     n * (weight + delay + index)   entry_prefix; only synapses
  runlength  n * (weight + delay + skip)    entry_prefix + index, of its first target; only synapses
The skip of a synapse is the way from the target before it: a target that is 2 ** skip or more further on begins an entry,
and any entry begins with a skip of 0. Words of a segment:
  without list_end   sum over its entries of ceil(bits of the entry / word)
  with list_end      ceil((sum over its entries of their bits + list_end) / word)
Source: nengo-loihi 1.1.0 block.py (bits_per_axon: dense and sparse, each entry padded, no index in a dense prefix);
intel-nrc-ecosystem/models, NxTF's data_structures.py (SynEntry, SynapseGroup) and synapse_compression.py (all three; the
entries of a neuron follow one another, and a word is added where fewer than 6 bits of the last are free). NxTF chooses the
index and skip widths entry by entry; here a segment has one of each, wide enough for its core.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.target.target import RuleSet, Target

__all__ = ["delay_bits_for", "entry_bits", "index_bits_for", "segment_words", "whole_words"]

Ints = NDArray[np.int64]


def segment_words(rules: RuleSet, n_entries: Any, weight_bits: int, delay_bits: int, index_bits: int) -> Ints:
    """Return the words of segments of `n_entries` stored synapses (int or array); index_bits 0 means dense."""
    bits, prefix = weight_bits + delay_bits + index_bits, int(rules.entry_prefix.value)
    count = np.asarray(n_entries, dtype=np.int64)
    longest = int(count.max(initial=0))
    if longest < count.size:  # lengths repeat: each is counted once
        return whole_words(rules, entry_bits(rules, np.arange(longest + 1), bits, prefix))[count]
    return whole_words(rules, entry_bits(rules, count, bits, prefix))


def entry_bits(rules: RuleSet, n_synapses: Any, bits: int, prefix: int) -> Ints:
    """Return the bits of the entries of `n_synapses` (int or array) that follow one another, `bits` each."""
    group, word = int(rules.synapses_per_entry.value), int(rules.word.value)
    count = np.asarray(n_synapses, dtype=np.int64)
    full, rest = count // group, count % group
    whole, part = group * bits + prefix, np.where(rest > 0, rest * bits + prefix, 0)
    if rules.list_end is None:
        whole, part = -(-whole // word) * word, -(-part // word) * word
    return full * whole + part


def whole_words(rules: RuleSet, bits: Any) -> Ints:
    """Return the words of segments whose entries take `bits` (int or array)."""
    end, word = 0 if rules.list_end is None else int(rules.list_end.value), int(rules.word.value)
    given = np.asarray(bits, dtype=np.int64)
    return np.where(given > 0, -(-(given + end) // word), 0)


def delay_bits_for(target: Target, max_delay_steps: int) -> int:
    """Return the smallest legal width that holds the delay; the widest if none does."""
    legal = [int(bits) for bits in target.precision.delay_bits.values]
    return next((bits for bits in legal if (1 << bits) > max_delay_steps), legal[-1])


def index_bits_for(target: Target, width: int) -> int:
    """Return the smallest legal width of an index into `width` targets; the widest if none does."""
    legal = [int(bits) for bits in target.precision.index_bits.values]
    return next((bits for bits in legal if (1 << bits) >= width), legal[-1])
