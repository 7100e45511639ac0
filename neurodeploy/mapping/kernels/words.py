"""What a core stores: words of its synapses, its formats, and whether it keeps every limit.

The words of both encodings and of every index and delay width are summed at all times, so that memory is never recounted.
"""

from __future__ import annotations

from neurodeploy.mapping.kernels.structs import ACCUMULATORS, COMPARTMENTS, FORMATS, NO_LIMIT, CoreLimits, CoreState

__all__ = ["all_fit", "fits", "keeps_rare_limits", "synapse_memory"]


def _widest_delay_class(limits: CoreLimits, state: CoreState, core: int, projection: int) -> int:
    """Widest delay class among the synapses of a projection in a core."""
    for level in range(limits.n_delay_classes[projection] - 1, 0, -1):
        if state.n_delayed[core, projection, level] > 0:
            return level
    return 0


def _projection_words(limits: CoreLimits, state: CoreState, core: int, projection: int) -> tuple[int, int, int]:
    """(words, delay class, index class) of a projection in a core, in the smaller encoding; index class -1: dense."""
    width = state.n_neurons[core, limits.target_population[projection]]
    level, index = _widest_delay_class(limits, state, core, projection), int(limits.index_class[width])
    row_words = limits.dense_words[limits.weight_class[projection], level, width]
    dense, sparse = state.n_rows[core, projection] * row_words, state.sparse_words[core, projection, level, index]
    return (dense, level, -1) if dense <= sparse else (sparse, level, index)


def synapse_memory(limits: CoreLimits, state: CoreState, core: int) -> int:
    """Words of all synapses of a core."""
    total = 0
    for projection in range(limits.weight_class.size):
        if state.n_rows[core, projection] > 0:
            total += _projection_words(limits, state, core, projection)[0]
    return total


def keeps_rare_limits(limits: CoreLimits, state: CoreState, core: int) -> bool:
    """Whether a core keeps the limits that seldom bind: parameter sets, thresholds, formats, accumulators."""
    for kind in range(2):
        most = limits.rare_limit[kind]
        if most < NO_LIMIT and (state.n_of_class[kind, core] > 0).sum() > most:
            return False
    if limits.rare_limit[FORMATS] >= NO_LIMIT and limits.rare_limit[ACCUMULATORS] >= NO_LIMIT:
        return True
    return _keeps_format_limits(limits, state, core)


def _keeps_format_limits(limits: CoreLimits, state: CoreState, core: int) -> bool:
    """Whether the synapse formats and the accumulators of a core are within their limits.

    Every compartment has one accumulator for each step of the longest delay that the delay bits can hold.
    """
    used, widest, keys = 0, 0, state.format_keys
    for projection in range(limits.weight_class.size):
        if state.n_rows[core, projection] == 0:
            continue
        _, level, index = _projection_words(limits, state, core, projection)
        delay_bits, index_bits = limits.delay_bits[level], 0 if index < 0 else limits.index_bits[index]
        key = (limits.format_id[projection] * 64 + delay_bits) * 64 + index_bits
        if key not in keys[:used]:
            keys[used] = key
            used += 1
        widest = max(widest, int(delay_bits))
    accumulators = int(state.load[COMPARTMENTS, core]) << widest
    return bool(used <= limits.rare_limit[FORMATS] and accumulators <= limits.rare_limit[ACCUMULATORS])


def fits(limits: CoreLimits, state: CoreState, core: int) -> bool:
    """Whether a core keeps every limit."""
    return bool((state.load[:, core] <= limits.limit).all()) and keeps_rare_limits(limits, state, core)


def all_fit(limits: CoreLimits, state: CoreState) -> bool:
    """Whether all cores keep every limit."""
    return all(fits(limits, state, core) for core in range(state.size.size))
