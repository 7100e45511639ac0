# pyright: basic, reportCallIssue=false
"""Kernels of what a core stores: words of its synapses, its formats, and whether it keeps every limit.

The words of both encodings and of every index and delay width are summed at all times, so that memory is never recounted.
"""

from neurodeploy.mapping.kernels.lists import bare
from neurodeploy.mapping.kernels.structs import ACCUMULATORS, COMPARTMENTS, FORMATS, NO_LIMIT

__all__ = ["fits", "keeps_rare_limits", "projection_words", "synapse_memory"]


@bare
def widest_delay_class(limits, state, core, projection):
    """Widest delay class among the synapses of a projection in a core."""
    for level in range(limits.n_delay_classes[projection] - 1, 0, -1):
        if state.n_delayed[core, projection, level] > 0:
            return level
    return 0


@bare
def projection_words(limits, state, core, projection):
    """(words, delay class, index class) of a projection in a core, in the smaller encoding; index class -1: dense."""
    width = state.n_neurons[core, limits.target_population[projection]]
    level = widest_delay_class(limits, state, core, projection)
    index = limits.index_class[width]
    dense = state.n_rows[core, projection] * limits.dense_words[limits.weight_class[projection], level, width]
    sparse = state.sparse_words[core, projection, level, index]
    if dense <= sparse:
        return dense, level, -1
    return sparse, level, index


@bare
def synapse_memory(limits, state, core):
    """Words of all synapses of a core."""
    total = 0
    for projection in range(limits.weight_class.size):
        if state.n_rows[core, projection] > 0:
            total += projection_words(limits, state, core, projection)[0]
    return total


@bare
def keeps_rare_limits(limits, state, core):
    """Whether a core keeps the limits that seldom bind: parameter sets, thresholds, formats, accumulators."""
    for kind in range(2):
        if limits.rare_limit[kind] < NO_LIMIT:
            used = 0
            for value in state.n_of_class[kind, core]:
                used += value > 0
            if used > limits.rare_limit[kind]:
                return False
    if limits.rare_limit[FORMATS] >= NO_LIMIT and limits.rare_limit[ACCUMULATORS] >= NO_LIMIT:
        return True
    return keeps_format_limits(limits, state, core)


@bare
def keeps_format_limits(limits, state, core):
    """Whether the synapse formats and the accumulators of a core are within their limits.

    Every compartment has one accumulator for each step of the longest delay that the delay bits can hold.
    """
    keys = state.format_keys
    used, widest = 0, 0
    for projection in range(limits.weight_class.size):
        if state.n_rows[core, projection] == 0:
            continue
        _, level, index = projection_words(limits, state, core, projection)
        widest = max(widest, limits.delay_bits[level])
        bits = 0 if index < 0 else limits.index_bits[index]
        key = (limits.format_id[projection] * 64 + limits.delay_bits[level]) * 64 + bits
        new = True
        for other in range(used):
            if keys[other] == key:
                new = False
        if new:
            keys[used] = key
            used += 1
    accumulators = state.load[COMPARTMENTS, core] << widest
    return used <= limits.rare_limit[FORMATS] and accumulators <= limits.rare_limit[ACCUMULATORS]


@bare
def fits(limits, state, core):
    """Whether a core keeps every limit."""
    for resource in range(4):
        if state.load[resource, core] > limits.limit[resource]:
            return False
    return keeps_rare_limits(limits, state, core)
