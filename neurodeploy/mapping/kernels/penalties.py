"""The penalty of a core's loads: zero up to SOFT of a limit, quadratic above, linear and steep above the limit.

Penalties are in pairs: the cost of one (source, core) pair of weight 1. Loads other than axons are scaled so that a full core
costs the same in every resource.
"""

from __future__ import annotations

from neurodeploy.mapping.kernels.structs import INPUTS, OUTPUTS, PENALTIES, STEEPNESS, CoreLimits, CoreState

__all__ = ["is_overfull", "load_penalty", "marginal_penalty", "overflow", "set_steepness", "update_penalty"]

SOFT = 0.94
"""Share of a limit at which penalties begin. Measured: lower spreads neurons too early, higher leaves no room to move."""
CROWDED = 1.5
"""Slope of the penalty just below a limit, in pairs per axon."""


def _unit_of(limits: CoreLimits, resource: int) -> float:
    """Penalty of one unit of a load, relative to that of an axon."""
    return min(limits.limit[INPUTS], limits.limit[OUTPUTS]) / limits.limit[resource]


def load_penalty(limits: CoreLimits, state: CoreState, resource: int, value: int) -> float:
    """Penalty of a load of `value`, in pairs."""
    most = limits.limit[resource]
    soft = SOFT * most
    if value <= soft:
        return 0.0
    span, over = most - soft + 1e-9, max(0, value - most)
    inside = min(value, most) - soft
    return _unit_of(limits, resource) * (CROWDED * 0.5 * inside * inside / span + state.cost[STEEPNESS] * over)


def marginal_penalty(limits: CoreLimits, state: CoreState, resource: int, core: int) -> float:
    """Penalty of one unit more of a load, in pairs."""
    limit, value = limits.limit[resource], state.load[resource, core]
    soft = SOFT * limit
    if value <= soft:
        return 0.0
    slope = state.cost[STEEPNESS] if value >= limit else CROWDED * (value - soft) / (limit - soft + 1e-9)
    return _unit_of(limits, resource) * slope


def update_penalty(limits: CoreLimits, state: CoreState, resource: int, core: int) -> None:
    """Recompute the penalty of one load of a core."""
    now = load_penalty(limits, state, resource, state.load[resource, core])
    state.cost[PENALTIES] += now - state.penalty[resource, core]
    state.penalty[resource, core] = now


def is_overfull(limits: CoreLimits, state: CoreState, core: int) -> bool:
    """Whether a load of a core is above its limit."""
    return bool((state.load[:, core] > limits.limit).any())


def set_steepness(limits: CoreLimits, state: CoreState, steepness: float) -> None:
    """Set the penalty of one axon above a limit, in pairs."""
    state.cost[STEEPNESS] = steepness
    for core in range(state.size.size):
        for resource in range(4):
            update_penalty(limits, state, resource, core)


def overflow(limits: CoreLimits, state: CoreState) -> float:
    """Loads above their limits, as shares of the limits, summed over all cores."""
    total = 0.0
    for core in range(state.size.size):
        for resource in range(4):
            total += max(0, state.load[resource, core] - limits.limit[resource]) / limits.limit[resource]
    return total
