# pyright: basic, reportCallIssue=false
"""Kernels of the penalty of a core's loads: zero up to SOFT of a limit, quadratic above, linear and steep above the limit.

Penalties are in pairs: the cost of one (source, core) pair of weight 1. Loads other than axons are scaled so that a full core
costs the same in every resource.
"""

from neurodeploy.mapping.kernels.lists import bare
from neurodeploy.mapping.kernels.structs import INPUTS, OUTPUTS, PENALTIES, STEEPNESS

__all__ = ["is_overfull", "load_penalty", "marginal_penalty", "overflow", "set_steepness", "update_penalty"]

SOFT = 0.94
"""Share of a limit at which penalties begin. Measured: lower spreads neurons too early, higher leaves no room to move."""
CROWDED = 1.5
"""Slope of the penalty just below a limit, in pairs per axon."""


@bare
def load_penalty(limit, cost, resource, value):
    """Penalty of a load of `value`, in pairs; `limit` (4,) and `cost` (3,) as in the structs."""
    most = limit[resource]
    soft = SOFT * most
    if value <= soft:
        return 0.0
    unit = min(limit[INPUTS], limit[OUTPUTS]) / most
    span = most - soft + 1e-9
    over = max(0.0, value - most)
    inside = min(value, most) - soft
    return unit * (CROWDED * 0.5 * inside * inside / span + cost[STEEPNESS] * over)


@bare
def marginal_penalty(limits, state, resource, core):
    """Penalty of one unit more of a load, in pairs."""
    limit = limits.limit[resource]
    value, soft = state.load[resource, core], SOFT * limit
    if value <= soft:
        return 0.0
    unit = min(limits.limit[INPUTS], limits.limit[OUTPUTS]) / limit
    return unit * (state.cost[STEEPNESS] if value >= limit else CROWDED * (value - soft) / (limit - soft + 1e-9))


@bare
def update_penalty(limits, state, resource, core):
    """Recompute the penalty of one load of a core."""
    now = load_penalty(limits.limit, state.cost, resource, state.load[resource, core])
    state.cost[PENALTIES] += now - state.penalty[resource, core]
    state.penalty[resource, core] = now


@bare
def set_steepness(limits, state, steepness):
    """Set the penalty of one axon above a limit, in pairs."""
    state.cost[STEEPNESS] = steepness
    for core in range(state.size.size):
        for resource in range(4):
            update_penalty(limits, state, resource, core)


@bare
def overflow(limits, state):
    """Loads above their limits, as shares of the limits, summed over all cores."""
    total = 0.0
    for core in range(state.size.size):
        for resource in range(4):
            total += max(0, state.load[resource, core] - limits.limit[resource]) / limits.limit[resource]
    return total


@bare
def is_overfull(limits, state, core):
    """Whether a load of a core is above its limit."""
    over = 0
    for resource in range(4):
        over += state.load[resource, core] > limits.limit[resource]
    return over > 0
