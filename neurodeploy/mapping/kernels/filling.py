"""Fills empty cores one after the other: in a given order, or by the sources that neurons share.

How many output axons a neuron takes follows from where its targets go, so it is expected: `expected` (neurons,).
"""

from __future__ import annotations

from neurodeploy.mapping.kernels.lists import find
from neurodeploy.mapping.kernels.moves import move_neuron
from neurodeploy.mapping.kernels.structs import (
    COMPARTMENTS,
    INPUTS,
    MEMORY,
    OUTPUTS,
    CoreLimits,
    CoreState,
    Hypergraph,
)
from neurodeploy.mapping.kernels.words import keeps_rare_limits
from neurodeploy.native.structs import Ints, Longs

__all__ = ["fill", "grow"]


def _holds(limits: CoreLimits, state: CoreState, core: int) -> bool:
    """Whether the compartments, the memory and the rare limits of a core are kept."""
    kept = state.load[COMPARTMENTS, core] <= limits.limit[COMPARTMENTS]
    return kept and state.load[MEMORY, core] <= limits.limit[MEMORY] and keeps_rare_limits(limits, state, core)


def _fits_beside(graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, core: int, outputs: int) -> bool:
    """Move a neuron to a core; return whether the core keeps its limits; `outputs`: axons of its neurons, this one included."""
    move_neuron(graph, limits, state, neuron, core)
    if not _holds(limits, state, core) or state.load[INPUTS, core] > limits.limit[INPUTS]:
        return False
    return outputs <= limits.limit[OUTPUTS]


def fill(graph: Hypergraph, limits: CoreLimits, state: CoreState, order: Longs, expected: Longs) -> int:
    """Fill cores one after the other in `order` (neurons,); return how many were begun.

    A core is full when the next neuron does not fit beside its content. Returns 0 if there are too few cores, and -1 - v if
    neuron v alone overfills an empty core. A neuron that does not fit stays on the full core until it is moved to the next.
    """
    core, outputs, at = 0, 0, 0
    while at < order.size:
        neuron = order[at]
        alone, total = state.size[core] == 0, outputs + int(expected[neuron])
        may_enter = alone or state.pin_group[core] == graph.pin_group[neuron]
        if may_enter and _fits_beside(graph, limits, state, neuron, core, total):
            outputs = total
            at += 1
            continue
        if alone:
            return -1 - int(neuron)
        core, outputs = core + 1, 0
        if core >= state.size.size:
            return 0
    return core + 1


def _best_to_add(
    graph: Hypergraph,
    limits: CoreLimits,
    state: CoreState,
    core: int,
    outputs: int,
    expected: Longs,
    usual: float,
    lean: float,
    shared: Ints,
    left: Longs,
) -> int:
    """Place in `left` of the neuron that is worth most to a core; -1: none fits."""
    best, most = -1, -1.0e30
    for at, neuron in enumerate(left):
        degree = graph.in_ptr[neuron + 1] - graph.in_ptr[neuron]
        if outputs + expected[neuron] > limits.limit[OUTPUTS]:
            continue
        if state.load[INPUTS, core] + degree - shared[neuron] > limits.limit[INPUTS]:
            continue
        worth = (shared[neuron] + 0.5) / (degree + 1) + lean * (expected[neuron] - usual)
        if state.size[core] == 0:
            worth = degree / limits.limit[INPUTS] + expected[neuron] / limits.limit[OUTPUTS]
        if worth > most:
            best, most = at, worth
    return best


def _place_if_held(graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, core: int) -> bool:
    """Put a neuron on a core and take it back unless the core holds it; return whether it does."""
    move_neuron(graph, limits, state, neuron, core)
    if _holds(limits, state, core):
        return True
    move_neuron(graph, limits, state, neuron, -1)
    return False


def grow(
    graph: Hypergraph,
    limits: CoreLimits,
    state: CoreState,
    expected: Longs,
    usual: float,
    balance: float,
    shared: Ints,
    left: Longs,
) -> int:
    """Fill cores one after the other: first the largest neuron left, then those that share most of their sources with the core.

    Where a core has used more of its input axons than of its output axons, neurons with many output axons are preferred, and
    the reverse; `balance` weighs that against shared sources. `usual`: mean of `expected`. Scratch: `shared` (neurons,) int32
    zeros, `left` (neurons,) neurons not placed yet. Returns the cores begun, 0 if there are too few.
    """
    core, outputs, many = 0, 0, left.size
    while many > 0:
        lean = balance * (state.load[INPUTS, core] / limits.limit[INPUTS] - outputs / limits.limit[OUTPUTS]) / usual
        best = _best_to_add(graph, limits, state, core, outputs, expected, usual, lean, shared, left[:many])
        neuron, is_empty = left[best], state.size[core] == 0
        if best >= 0 and (is_empty or state.pin_group[core] == graph.pin_group[neuron]):
            _count_shared(graph, state, neuron, core, shared)
            if _place_if_held(graph, limits, state, neuron, core):
                outputs += int(expected[neuron])
                many -= 1
                left[best], left[many] = left[many], neuron
                continue
            if is_empty:
                return 0
        core, outputs = core + 1, 0
        if core >= state.size.size:
            return 0
        shared[:] = 0
    return core + 1


def _count_shared(graph: Hypergraph, state: CoreState, neuron: int, core: int, shared: Ints) -> None:
    """Add 1 to `shared` of every target of each source that a neuron brings to a core."""
    for row in graph.in_row[graph.in_ptr[neuron] : graph.in_ptr[neuron + 1]]:
        if find(state, row, core) < 0:
            for target in graph.out_target[graph.out_ptr[row] : graph.out_ptr[row + 1]]:
                shared[target] += 1
