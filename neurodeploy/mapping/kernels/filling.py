# pyright: basic, reportCallIssue=false
"""Kernels that fill empty cores one after the other: in a given order, or by the sources that neurons share.

How many output axons a neuron takes follows from where its targets go, so it is expected: `expected` (neurons,).
"""

from neurodeploy.mapping.kernels.lists import bare, find
from neurodeploy.mapping.kernels.moves import move_neuron
from neurodeploy.mapping.kernels.structs import COMPARTMENTS, INPUTS, MEMORY, OUTPUTS
from neurodeploy.mapping.kernels.words import keeps_rare_limits

__all__ = ["fill", "grow"]


@bare
def holds(limits, state, core):
    """Whether the compartments, the memory and the rare limits of a core are kept."""
    kept = state.load[COMPARTMENTS, core] <= limits.limit[COMPARTMENTS]
    return kept and state.load[MEMORY, core] <= limits.limit[MEMORY] and keeps_rare_limits(limits, state, core)


@bare
def fill(graph, limits, state, order, expected):
    """Fill cores one after the other in `order` (neurons,); return how many were begun.

    A core is full when the next neuron does not fit beside its content. Returns 0 if there are too few cores, and -1 - v if
    neuron v alone overfills an empty core. A neuron that does not fit stays on the full core until it is moved to the next.
    """
    core, outputs, at = 0, 0, 0
    while at < order.size:
        neuron = order[at]
        alone, ok = state.size[core] == 0, False
        if alone or state.pin_group[core] == graph.pin_group[neuron]:
            move_neuron(graph, limits, state, neuron, core)
            ok = holds(limits, state, core) and state.load[INPUTS, core] <= limits.limit[INPUTS]
            ok = ok and outputs + expected[neuron] <= limits.limit[OUTPUTS]
        if ok:
            outputs += expected[neuron]
            at += 1
            continue
        if alone:
            return -1 - neuron
        core, outputs = core + 1, 0
        if core >= state.size.size:
            return 0
    return core + 1


@bare
def best_to_add(graph, limits, state, core, outputs, expected, usual, lean, shared, left, many):
    """(neuron, its place in `left`) that is worth most to a core, of the first `many` of `left`; (-1, -1): none fits."""
    top, at_top, most = -1, -1, -1.0e30
    for at in range(many):
        neuron = left[at]
        degree = graph.in_ptr[neuron + 1] - graph.in_ptr[neuron]
        if outputs + expected[neuron] > limits.limit[OUTPUTS]:
            continue
        if state.load[INPUTS, core] + degree - shared[neuron] > limits.limit[INPUTS]:
            continue
        worth = (shared[neuron] + 0.5) / (degree + 1) + lean * (expected[neuron] - usual)
        if state.size[core] == 0:
            worth = degree / limits.limit[INPUTS] + expected[neuron] / limits.limit[OUTPUTS]
        if worth > most:
            top, at_top, most = neuron, at, worth
    return top, at_top


@bare
def place_if_held(graph, limits, state, neuron, core):
    """Put a neuron on a core and take it back unless the core holds it; return whether it does."""
    to = core
    while True:
        move_neuron(graph, limits, state, neuron, to)
        if to < 0:
            return False
        if holds(limits, state, core):
            return True
        to = -1


@bare
def grow(graph, limits, state, expected, usual, balance, shared, left):
    """Fill cores one after the other: first the largest neuron left, then those that share most of their sources with the core.

    Where a core has used more of its input axons than of its output axons, neurons with many output axons are preferred, and
    the reverse; `balance` weighs that against shared sources. `usual`: mean of `expected`. Scratch: `shared` (neurons,) int32
    zeros, `left` (neurons,) neurons not placed yet. Returns the cores begun, 0 if there are too few.
    """
    core, outputs, many = 0, 0, left.size
    while many > 0:
        lean = balance * (state.load[INPUTS, core] / limits.limit[INPUTS] - outputs / limits.limit[OUTPUTS]) / usual
        top, at_top = best_to_add(graph, limits, state, core, outputs, expected, usual, lean, shared, left, many)
        if top >= 0 and (state.size[core] == 0 or state.pin_group[core] == graph.pin_group[top]):
            count_shared(graph, state, top, core, shared)
            if place_if_held(graph, limits, state, top, core):
                outputs += expected[top]
                many -= 1
                left[at_top] = left[many]
                left[many] = top
                continue
            if state.size[core] == 0:
                return 0
        core, outputs = core + 1, 0
        if core >= state.size.size:
            return 0
        shared[:] = 0
    return core + 1


@bare
def count_shared(graph, state, neuron, core, shared):
    """Add 1 to `shared` of every target of each source that a neuron brings to a core."""
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        row = graph.in_row[at]
        if find(state, row, core) < 0:
            for place in range(graph.out_ptr[row], graph.out_ptr[row + 1]):
                shared[graph.out_target[place]] += 1
