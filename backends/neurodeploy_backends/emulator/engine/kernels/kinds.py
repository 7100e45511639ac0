# pyright: basic
"""Updates of the neuron kinds that are no compartments: they send values, resonate or adapt (`neurodeploy.network.graded`)."""

import numpy as np

from neurodeploy_backends.emulator.engine.kernels.intrinsics import njit
from neurodeploy_backends.emulator.engine.kernels.layout import (
    ADAPTIVE,
    DELTA,
    PRODUCT,
    RELU,
    RESONATE,
    RESONATE_ZERO,
    SIGMA,
    SIGMA_DELTA,
)
from neurodeploy_backends.emulator.engine.kernels.wide import decayed

__all__ = ["update_kind"]


@njit
def _differences(model, p, a, state, i):
    """Sigma-delta, delta and sigma; return the value to send."""
    if model == SIGMA:
        state.u[i] += a
        return state.u[i]
    if model == DELTA:
        act = a << np.int64(p[1])
    else:
        state.u[i] += a
        act = state.u[i] + np.int64(p[1])
        act = max(act, np.int64(0)) if p[3] == 0 else act
    change = act - state.v[i] + state.memory[0, i]
    compared = change
    if model == SIGMA_DELTA and p[4] != 0:
        state.memory[1, i] += change
        compared = state.memory[1, i]
    sent = change if abs(compared) >= p[0] else np.int64(0)
    if sent != 0:
        state.memory[1, i] = 0
    state.v[i] = act
    state.memory[0, i] = change - sent
    return sent >> np.int64(p[2])


@njit
def _resonate(p, a, b, limit, state, i):
    """Resonate and fire; p: sin, cos, decay bits, threshold, state exponent, reset."""
    s, c, bits, up = np.int64(p[0]), np.int64(p[1]), np.int64(p[2]), np.int64(p[4])
    re, im = state.u[i], state.v[i]
    x = decayed(re, c, bits) - decayed(im, s, bits) + (a << up)
    y = decayed(re, s, bits) + decayed(im, c, bits) + (b << up)
    x, y = min(max(x, -limit), limit), min(max(y, -limit), limit)
    sent = y >= p[3] if p[5] != 0 else x >= p[3] and y >= 0 and im < 0
    if sent and p[5] != 0:
        x, y = np.int64(0), np.int64(p[3]) - 1
    state.u[i], state.v[i] = x, y
    return np.int64(sent)


@njit
def _resonate_zero(p, a, b, state, i):
    s, c, re, im = np.int64(p[0]), np.int64(p[1]), state.u[i], state.v[i]
    x = ((c * re) >> 15) - ((s * im) >> 15) + a
    y = ((s * re) >> 15) + ((c * im) >> 15) + b
    state.u[i], state.v[i] = x, y
    return x if x > p[2] and y >= 0 and im < 0 else np.int64(0)


@njit
def _adapt(p, a, bits, state, i):
    """Adaptive leaky integrate and fire; p: factors of current, v, theta and r, theta_0, theta_step."""
    half = (np.int64(1) << bits) - 1
    current = np.int64(np.float64(state.u[i]) * p[0])
    current = ((current + ((current >> 63) & half)) >> bits) + a
    v = decayed(state.v[i], np.int64(p[1]), bits) + current
    base = np.int64(p[4])
    theta = decayed(state.memory[0, i] - base, np.int64(p[2]), bits) + base
    r = decayed(state.memory[1, i], np.int64(p[3]), bits)
    sent = v - r >= theta
    state.u[i], state.v[i] = current, v
    state.memory[0, i] = theta + (np.int64(p[5]) if sent else 0)
    state.memory[1, i] = r + (2 * theta if sent else 0)
    return np.int64(sent)


@njit
def update_kind(pop, layout, state, slot):
    """One step of a population of another kind; state.values holds what it sends, 1 for a plain spike."""
    down, bits, far = layout.switches.weight_shift, layout.switches.decay_bits, pop.slots * pop.padded
    limit, model = (np.int64(1) << layout.switches.state_bits) - 1, pop.model
    for i in range(pop.start, pop.start + pop.size):
        at, p = slot + i - pop.start, layout.parameters[:, i]
        total, b = state.acc[at], np.int64(0)
        state.acc[at] = 0
        if pop.ports > 1:
            b = state.acc[at + far] >> down
            state.acc[at + far] = 0
        a = total >> down
        if model == RESONATE:
            sent = _resonate(p, a, b, limit, state, i)
        elif model == RESONATE_ZERO:
            sent = _resonate_zero(p, a, b, state, i)
        elif model == ADAPTIVE:
            sent = _adapt(p, total, bits, state, i)
        elif model == RELU:
            sent = a if a > p[0] or (p[1] == 0 and a < -p[0]) else np.int64(0)
        elif model == PRODUCT:
            product = (a * b) >> np.int64(p[1])
            sent = product if abs(product) > p[0] else np.int64(0)
        else:
            sent = _differences(model, p, a, state, i)
        state.flags[i] = np.uint8(sent != 0)
        state.values[i] = np.float64(sent)
