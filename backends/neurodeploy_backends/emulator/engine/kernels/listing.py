# pyright: basic, reportCallIssue=false
"""Lists of what fires in a step: flagged neurons, and the events, rasters and values of inputs."""

import numpy as np

from neurodeploy_backends.emulator.engine.kernels.intrinsics import flagged, njit, trailing_zeros, view

__all__ = ["list_flags", "list_input", "list_values", "scan"]

I4, U8 = np.int32, np.uint64


@njit(forceinline=True)
def list_flags(flags, first, spikes):
    """Write first + the index of every byte that is not 0, 64 bytes at a time; return how many. Padding bytes are 0."""
    count = 0
    for low in range(0, flags.size, 64):
        word = flagged(flags, low)
        while word != U8(0):
            spikes[U8(count)] = I4(first + low + trailing_zeros(word))
            count += 1
            word &= word - U8(1)
    return count


@njit(forceinline=True)
def scan(state, pop, parity, low, n, count):
    """Append the flagged neurons of [low, low + n) to the `count` listed so far; return the new count."""
    spikes = view(state.spikes, parity * (state.spikes.size >> 1) + pop.start + count, pop.size - count)
    return count + list_flags(view(state.flags, pop.start + low, n), low, spikes)


@njit
def _list_raster(pop, state, stimuli, parity, sample, step):
    """List the lines of a raster that fire in this step; return how many."""
    if step > stimuli.steps:
        return 0
    n, spikes = pop.size, view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, pop.padded)
    fires = view(stimuli.raster, stimuli.column[pop.input] + (sample * stimuli.steps + step - 1) * n, n)
    count = list_flags(view(fires, 0, n & ~63), 0, spikes)
    for line in range(n & ~63, n):
        if fires[line] != 0:
            spikes[count] = I4(line)
            count += 1
    return count


@njit(forceinline=True)
def list_input(pop, state, stimuli, parity, sample, step):
    """List the lines of an input that fire in this step; return how many."""
    if stimuli.column[pop.input] >= 0:
        return _list_raster(pop, state, stimuli, parity, sample, step)
    events, k = stimuli.events, state.cursor[pop.input]
    stop = stimuli.first[pop.input + 1]
    while k < stop and (events[k, 0] < sample or (events[k, 0] == sample and events[k, 1] < step)):
        k += 1
    count, spikes = 0, view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, pop.padded)
    while k < stop and events[k, 1] == step and events[k, 0] == sample:
        spikes[count] = events[k, 2]
        count += 1
        k += 1
    state.cursor[pop.input] = k
    return count


@njit
def list_values(pop, state, stimuli, parity, sample, step):
    """List the lines of an input whose value is not 0 in this step and store the values; return how many."""
    count, spikes = 0, view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, pop.padded)
    if step > stimuli.values.shape[1]:
        return 0
    for line in range(pop.size):
        value = stimuli.values[sample, step - 1, pop.input + line]
        state.values[pop.start + line] = value
        if value != 0.0:
            spikes[count] = line
            count += 1
    return count
