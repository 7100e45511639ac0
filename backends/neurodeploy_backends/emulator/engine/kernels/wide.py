# pyright: basic, reportCallIssue=false
"""Updates of compartments in 64 bits: every dialect, noise, ternary spikes, and counts of what leaves its range."""

import numpy as np

from neurodeploy_backends.emulator.engine.kernels.intrinsics import njit, view
from neurodeploy_backends.emulator.engine.kernels.layout import FOLD, TERNARY, WRAP

__all__ = ["decayed", "fold_planes", "update_wide"]

U8 = np.uint64


@njit
def fold_planes(pop, layout, state, slot):
    """Shift the sums that are shifted on arrival, add them to the plane of their port, and clear them."""
    for plane in range(pop.ports, pop.planes):
        part = view(state.acc, slot + plane * pop.slots * pop.padded, pop.size)
        port = layout.plane_port[pop.plane_shift + plane]
        total = view(state.acc, slot + port * pop.slots * pop.padded, pop.size)
        down = layout.plane_shift[pop.plane_shift + plane]
        up = layout.switches.weight_shift
        for i in range(pop.size):
            total[i] += (part[i] >> down) << up
            part[i] = 0


@njit(forceinline=True)
def decayed(x, keep, bits):
    """x * keep / 2**bits, rounded toward zero."""
    product = x * keep
    return (product + ((product >> 63) & ((1 << bits) - 1))) >> bits


@njit(forceinline=True)
def _wrapped_wide(x, bits):
    return ((x + (1 << bits)) & ((1 << (bits + 1)) - 1)) - (1 << bits)


@njit(forceinline=True)
def _overflowed(x, bits, how):
    """What a register of `bits` and a sign holds of x; `how` is KEEP, WRAP or FOLD."""
    if how == WRAP:
        return _wrapped_wide(x, bits)
    if how == FOLD and x > (1 << bits):
        return x - (2 << bits)
    if how == FOLD and x <= -(1 << bits):
        return x + (2 << bits)
    return x


@njit(forceinline=True)
def _mixed_bits(x):
    """The finalizer of splitmix64 (Steele et al. 2014): each of the 64 bits depends on all bits of x."""
    x = (x ^ (x >> U8(30))) * U8(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U8(27))) * U8(0x94D049BB133111EB)
    return x ^ (x >> U8(31))


@njit(forceinline=True)
def _draw(seed, sample, step, neuron):
    """-127..127, from seed, sample, step and the neuron's number in the program alone; see `simulate.noise`."""
    x = _mixed_bits(U8(seed) + U8(0x9E3779B97F4A7C15) * (U8(sample) + U8(1)))
    x = _mixed_bits(x ^ (U8(step) << U8(32)) ^ U8(neuron))
    return np.int64(((x >> U8(32)) * U8(255)) >> U8(32)) - 127


@njit
def _noise(pop, layout, stimuli, seed, sample, step, i):
    """Noise of a neuron in this step, in units of the accumulator."""
    if pop.noise_column >= 0:
        x = np.int64(stimuli.noise[sample % stimuli.noise.shape[0], step - 1, pop.noise_column + i - pop.start])
    else:
        x = _draw(seed, sample + stimuli.number, step, layout.global_neuron[i])
    x += 64 * pop.noise_offset
    if pop.noise_exponent >= 7:
        return x << (pop.noise_exponent - 7)
    return decayed(x, 1, 7 - pop.noise_exponent)


@njit
def update_wide(pop, layout, state, stimuli, watch, slot, seed, sample, step):
    """One step of a population of compartments under any dialect; counts overflows in `watch`."""
    bits, counted = layout.switches.state_bits, watch.shape[1] > 0
    for i in range(pop.start, pop.start + pop.size):
        total = state.acc[slot + i - pop.start]
        state.acc[slot + i - pop.start] = 0
        z = _noise(pop, layout, stimuli, seed, sample, step, i) if pop.noise > 0 else np.int64(0)
        total += z if pop.noise == 1 else 0
        q = _wrapped_wide(total, layout.switches.accumulator_bits) if layout.switches.accumulator_bits > 0 else total
        plain = decayed(state.u[i], layout.ku[i], layout.switches.decay_bits) + q
        u = _overflowed(plain, bits, layout.switches.current_overflow)
        drive = u + layout.bias[i] + (z if pop.noise == 2 else 0)
        kept = _overflowed(drive, bits, layout.switches.drive_overflow)
        free = decayed(state.v[i], layout.kv[i], layout.switches.decay_bits) + kept
        v = min(max(free, layout.vmin[i]), layout.vmax[i])
        if counted:
            watch[0, i] += q != total
            watch[1, i] += (plain != u) | (drive != kept)
            watch[2, i] += v != free
        if state.refract[i] > 0:
            v = np.int64(0)
        sent = np.int64(v > layout.vth[i])
        if pop.model == TERNARY:
            sent = np.int64(v > layout.parameters[0, i]) - np.int64(v < layout.parameters[1, i])
            state.values[i] = np.float64(sent)
        state.flags[i] = np.uint8(sent != 0)
        if sent != 0:
            v = np.int64(0) if layout.reset[i] < 0 else v - layout.reset[i]
            state.refract[i] = layout.refract[i]
        if state.refract[i] > 0:
            state.refract[i] -= np.uint8(1)
        state.u[i] = u
        state.v[i] = v
