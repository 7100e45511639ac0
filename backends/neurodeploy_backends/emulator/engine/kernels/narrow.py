# pyright: basic, reportCallIssue=false
"""Updates of compartments in 32 bits, for programs in which that is exact: everything wraps, or nothing overflows."""

import numpy as np

from neurodeploy_backends.emulator.engine.kernels.intrinsics import down, njit, up, view
from neurodeploy_backends.emulator.engine.kernels.layout import BIASED, EVEN
from neurodeploy_backends.emulator.engine.kernels.listing import scan

__all__ = ["update_narrow"]

I2, I4 = np.int16, np.int32
CHUNK = 2048
"""Neurons updated before their flags are scanned: what the first-level cache holds."""


@njit(forceinline=True)
def _decayed32(x, keep):
    """x * keep / 4096 rounded toward zero, in 32 bits, for |x| < 2**27 and int16 keep.

    The 12 low bits are multiplied separately, so nothing overflows.
    """
    high, low = I2(I4(x >> I4(12))), I2(x & I4(4095))
    up = I4(I4(x >> I4(31)) & I4(4095))
    return I4(I4(I4(high) * I4(keep)) + I4(I4(I4(I4(low) * I4(keep)) + up) >> I4(12)))


@njit(forceinline=True)
def _wrapped32(x, shift):
    return down(up(x, shift), shift)


@njit(forceinline=True)
def _update_even(pop, u, v, acc, flags, biases, wraps, limits, n):
    """One step of n neurons with the same registers, no refractory steps, reset to zero.

    `biases` None: all share one. `wraps` None: nothing overflows. `limits` None: v meets no limit. The branches of what is
    None are removed at compile time.
    """
    ku, kv, bias, vth = I2(pop.ku), I2(pop.kv), I4(pop.bias), I4(pop.vth)
    vmin, vmax, left, right = I4(pop.vmin), I4(pop.vmax), I4(pop.left), I4(pop.right)
    state, drive = I4(pop.state_shift), I4(pop.drive_shift)
    for i in range(n):
        q = up(acc[i], left)
        acc[i] = I4(0)
        own = bias if biases is None else biases[i]
        if wraps is None:
            x = I4(_decayed32(u[i], ku) + q)
            y = I4(_decayed32(v[i], kv) + I4(x + own))
        else:
            x = _wrapped32(I4(_decayed32(u[i], ku) + down(q, right)), state)
            y = I4(_decayed32(v[i], kv) + _wrapped32(I4(x + own), drive))
        u[i] = x
        y = y if limits is None else min(max(y, vmin), vmax)
        fired = y > vth
        flags[i] = np.uint8(fired)
        v[i] = I4(0) if fired else y


@njit
def _update_mixed(pop, layout, state, at, n, slot):
    """One step of rows [at, at + n) with registers, refractory steps and reset for each; u folds if the layout says so."""
    u, v, flags, dead = (
        view(state.u, at, n),
        view(state.v, at, n),
        view(state.flags, at, n),
        view(state.refract, at, n),
    )
    acc, refract = view(state.acc, slot, n), view(layout.refract, at, n)
    ku, kv, bias, vth = (
        view(layout.ku, at, n),
        view(layout.kv, at, n),
        view(layout.bias, at, n),
        view(layout.vth, at, n),
    )
    vmin, vmax, reset = view(layout.vmin, at, n), view(layout.vmax, at, n), view(layout.reset, at, n)
    left, right, shift, drive = I4(pop.left), I4(pop.right), I4(pop.state_shift), I4(pop.drive_shift)
    top = I4(layout.switches.fold_from)
    for i in range(n):
        x = _wrapped32(I4(_decayed32(u[i], ku[i]) + down(up(acc[i], left), right)), shift)
        x = I4(x - I4(I4(top << I4(1)) & I4(-I4(x > top))))
        x = I4(x + I4(I4(top << I4(1)) & I4(-I4(x <= I4(-top)))))
        acc[i] = I4(0)
        u[i] = x
        y = I4(_decayed32(v[i], kv[i]) + _wrapped32(I4(x + bias[i]), drive))
        y = min(max(y, vmin[i]), vmax[i])
        y = I4(0) if dead[i] > 0 else y
        fired = y > vth[i]
        flags[i] = np.uint8(fired)
        dead[i] = np.uint8(refract[i] if fired else dead[i])
        dead[i] = np.uint8(dead[i] - np.uint8(dead[i] > 0))
        # reset is what a spike takes off v: -1 all of it, else a number (vth to subtract, 0 for none)
        y = I4(I4(0) if reset[i] < 0 else I4(y - reset[i])) if fired else y
        v[i] = y


@njit
def _update_plain(pop, u, v, acc, flags, biases, n):
    """One step without the operations that are proven to change nothing."""
    if pop.proven == 2:
        _update_even(pop, u, v, acc, flags, biases, None, None, n)
    elif pop.proven == 1:
        _update_even(pop, u, v, acc, flags, biases, None, True, n)
    else:
        _update_even(pop, u, v, acc, flags, biases, True, True, n)


@njit(forceinline=True)
def update_narrow(pop, layout, state, slot, parity):
    """Update and scan a population chunk by chunk; return how many neurons spike."""
    count = 0
    for low in range(0, pop.size, CHUNK):
        n = min(CHUNK, pop.size - low)
        at, whole = pop.start + low, (n + 15) & ~15
        u, v = view(state.u, at, whole), view(state.v, at, whole)
        acc, flags = view(state.acc, slot + low, whole), view(state.flags, at, whole)
        if pop.kind == EVEN:
            _update_plain(pop, u, v, acc, flags, None, whole)
        elif pop.kind == BIASED:
            _update_plain(pop, u, v, acc, flags, view(layout.bias, at, whole), whole)
        else:
            _update_mixed(pop, layout, state, at, whole, slot + low)
        for k in range(n, whole):
            flags[k] = np.uint8(0)
        count = scan(state, pop, parity, low, n, count)
    return count
