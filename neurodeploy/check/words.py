"""Verb: synapse memory of a list segment under a rule set. The only place that knows the formulas.

A segment is the synapses of one source neuron of one projection inside one core. They are stored in entries of up to
`synapses_per_entry`; each entry has a prefix and is padded to whole words:
  words(n) = sum over entries of ceil((n_entry * bits + prefix) / word)
dense: every target of the slice in order, zeros stored, bits = weight + delay. sparse: only synapses, bits also hold the
target's index. Source: nengo-loihi 1.1.0 block.py (bits_per_axon); NxTF counts an index in a dense entry's prefix too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.target.target import RuleSet, Target

__all__ = ["delay_bits_for", "index_bits_for", "segment_words"]


def segment_words(
    rules: RuleSet, n_entries: Any, weight_bits: int, delay_bits: int, index_bits: int
) -> NDArray[np.int64]:
    """Return the words of segments of `n_entries` stored synapses (int or array); index_bits 0 means dense."""
    group, word = int(rules.synapses_per_entry.value), int(rules.word.value)
    bits, prefix = weight_bits + delay_bits + index_bits, int(rules.entry_prefix.value)
    count = np.asarray(n_entries, dtype=np.int64)
    full, rest = count // group, count % group
    whole = -(-(group * bits + prefix) // word)
    return full * whole + np.where(rest > 0, -(-(rest * bits + prefix) // word), 0)


def delay_bits_for(target: Target, max_delay_steps: int) -> int:
    """Return the smallest legal width that holds the delay; the widest if none does."""
    legal = [int(bits) for bits in target.precision.delay_bits.values]
    return next((bits for bits in legal if (1 << bits) > max_delay_steps), legal[-1])


def index_bits_for(target: Target, width: int) -> int:
    """Return the smallest legal width of an index into `width` targets; the widest if none does."""
    legal = [int(bits) for bits in target.precision.index_bits.values]
    return next((bits for bits in legal if (1 << bits) >= width), legal[-1])
