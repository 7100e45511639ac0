# pyright: basic, reportCallIssue=false
"""Delivery of what is listed: each block of synapses adds the rows of its sources to the accumulators of its target."""

import numpy as np

from neurodeploy_backends.emulator.engine.kernels.intrinsics import njit, prefetch, up, view, word_at
from neurodeploy_backends.emulator.engine.kernels.layout import DELAYED, DENSE, SHARED, SPARSE, TILED

__all__ = ["deliver"]

I4, U8 = np.int32, np.uint64
AHEAD = 4
"""Rows of synapses that are prefetched before they are needed."""


@njit(forceinline=True)
def _add_rows(weights, block, spikes, acc):
    """Dense: four rows at a time; rows are padded to 16 columns so that no loop has a scalar remainder."""
    n, shift, at = block.width, I4(block.shift), block.weights
    j, count = 0, spikes.size
    while j + 4 <= count:
        a, b = view(weights, at + spikes[j] * n, n), view(weights, at + spikes[j + 1] * n, n)
        c, d = view(weights, at + spikes[j + 2] * n, n), view(weights, at + spikes[j + 3] * n, n)
        for k in range(n):
            acc[k] += up(I4(I4(I4(a[k]) + I4(b[k])) + I4(I4(c[k]) + I4(d[k]))), shift)
        j += 4
    while j < count:
        a = view(weights, at + spikes[j] * n, n)
        for k in range(n):
            acc[k] += up(I4(a[k]), shift)
        j += 1


@njit(forceinline=True)
def _prefetch_groups(groups, start, stop):
    """Prefetch the cache lines of groups [start, stop), 64 groups at most."""
    size = 8 // groups.itemsize + 4
    stop = min(stop, start + 64)
    for k in range(start * size, stop * size, 64 // groups.itemsize):
        prefetch(groups, k)


@njit(forceinline=True)
def _scatter(groups, start, stop, shift, acc):
    """Add the weights of groups [start, stop) to their accumulators. A group is four 16-bit targets, then four weights.

    One load for four targets, because loads and stores of accumulators limit this loop; targets next to their weights,
    because a row of synapses is a cache miss; unsigned integers, so that no index is checked for sign.
    """
    head = U8(8 // groups.itemsize)
    k, stop = U8(start) * (head + U8(4)), U8(stop) * (head + U8(4))
    while k < stop:
        word, w = word_at(groups, k), k + head
        acc[word & U8(0xFFFF)] += up(I4(groups[w]), shift)
        acc[(word >> U8(16)) & U8(0xFFFF)] += up(I4(groups[w + U8(1)]), shift)
        acc[(word >> U8(32)) & U8(0xFFFF)] += up(I4(groups[w + U8(2)]), shift)
        acc[word >> U8(48)] += up(I4(groups[w + U8(3)]), shift)
        k = w + U8(4)


@njit(forceinline=True)
def _add_sparse(groups, pointer, spikes, shift, acc):
    """Sparse: targets and weights by source, in groups of four."""
    count = spikes.size
    for j in range(count):
        if j + AHEAD < count:
            ahead = U8(spikes[U8(j + AHEAD)])
            _prefetch_groups(groups, np.int64(pointer[ahead]), np.int64(pointer[ahead + U8(1)]))
        source = U8(spikes[U8(j)])
        _scatter(groups, pointer[source], pointer[source + U8(1)], shift, acc)


@njit
def _add_delayed(weights, index, pointer, block, spikes, ring, now):
    """Delayed: an index counts through the slots, starting with that of the next step."""
    count, shift, end = spikes.size, I4(block.shift), U8(ring.size)
    for j in range(count):
        if j + AHEAD < count:
            ahead = np.int64(pointer[U8(spikes[U8(j + AHEAD)])])
            for line in range(0, 128, 16):
                prefetch(index, ahead + line)
            prefetch(weights, ahead)
            prefetch(weights, ahead + 64)
        source = U8(spikes[U8(j)])
        k, stop = U8(pointer[source]), U8(pointer[source + U8(1)])
        while k < stop:
            place = U8(now) + U8(index[k])
            place = place - end if place >= end else place
            ring[place] += up(I4(weights[k]), shift)
            k += U8(1)


@njit
def _add_valued(weights, index, pointer, block, spikes, values, ring, now):
    """Valued: the same for sources that send values; weight * value is rounded to the nearest integer, ties to even."""
    end = np.int64(ring.size)
    for j in range(spikes.size):
        source = np.int64(spikes[j])
        value = values[source]
        for k in range(pointer[source], pointer[source + 1]):
            place = now + np.int64(index[k])
            place = place - end if place >= end else place
            ring[place] += np.int64(np.rint(np.float64(np.int64(weights[k]) << block.shift) * value))


@njit
def _add_tiled(groups, pointer, block, spikes, queue, acc):
    """Tiled: sparse into many targets; segments of all spikes are sorted by tile, so that one tile at a time stays in the cache.

    pointer: first segment of each source (n + 1), then start of each segment (m + 1), then tile of each segment (m).
    """
    count, sources = spikes.size, block.tiles
    n_tiles = (acc.size + (1 << block.tile_bits) - 1) >> block.tile_bits
    ends = view(queue, 0, n_tiles + 1)
    for k in range(n_tiles + 1):
        ends[k] = 0
    starts = view(pointer, sources + 1, pointer[sources] + 1)
    tile_of = view(pointer, sources + 2 + pointer[sources], np.int64(pointer[sources]))
    for j in range(count):
        source = U8(spikes[U8(j)])
        for s in range(pointer[source], pointer[source + U8(1)]):
            ends[U8(tile_of[U8(s)]) + U8(1)] += 1
    for k in range(n_tiles):
        ends[k + 1] += ends[k]
    total = ends[n_tiles]
    segments = view(queue, n_tiles + 1, total)
    for j in range(count):
        source = U8(spikes[U8(j)])
        for s in range(pointer[source], pointer[source + U8(1)]):
            tile, start = U8(tile_of[U8(s)]), np.int64(starts[U8(s)])
            segments[U8(ends[tile])] = (start << 16) | (np.int64(starts[U8(s + 1)]) - start)
            ends[tile] += 1
    done, shift = 0, I4(block.shift)
    for tile in range(n_tiles):
        low = tile << block.tile_bits
        part = view(acc, low, min(1 << block.tile_bits, acc.size - low))
        while done < ends[tile]:
            if done + 6 * AHEAD < total:
                ahead = segments[U8(done + 6 * AHEAD)]
                _prefetch_groups(groups, ahead >> 16, (ahead >> 16) + (ahead & 0xFFFF))
            segment = segments[U8(done)]
            _scatter(groups, segment >> 16, (segment >> 16) + (segment & 0xFFFF), shift, part)
            done += 1


@njit
def _add_patterns(weights, pointer, block, spikes, acc):
    """Shared: patterns that several sources share, each a few runs of neighboring targets.

    pointer: pattern and base of each source (2 n), then first run of each pattern (p + 1), then for each run its target
    relative to the base, its length and its first weight.
    """
    shift, n = I4(block.shift), block.tiles
    runs = 2 * n + block.tile_bits + 1
    for j in range(spikes.size):
        source = np.int64(spikes[j])
        pattern, base = pointer[2 * source], pointer[2 * source + 1]
        for run in range(pointer[2 * n + pattern], pointer[2 * n + pattern + 1]):
            at = runs + 3 * run
            m = pointer[at + 1]
            row, part = view(weights, block.weights + pointer[at + 2], m), view(acc, base + pointer[at], m)
            for k in range(m):
                part[k] += up(I4(row[k]), shift)


@njit(forceinline=True)
def deliver(layout, state, weights, block, source, target, step, parity, me, wide):
    """Add the rows of every spike that the source listed."""
    spikes = view(state.spikes, parity * (state.spikes.size >> 1) + source.start, state.counts[parity, block.source])
    slot = (step + 1 + block.delay) % target.slots
    plane = target.acc + block.plane * target.slots * target.padded
    acc = view(state.acc, plane + slot * target.padded, target.padded)
    pointer = view(layout.pointer, block.pointer, layout.pointer.size - block.pointer)
    if block.kind == DENSE:
        _add_rows(weights, block, spikes, view(acc, 0, block.width))
        return
    rest = view(weights, block.weights, weights.size - block.weights)
    if block.kind == SPARSE:
        if block.shift == 0:
            _add_sparse(rest, pointer, spikes, I4(0), acc)
        else:
            _add_sparse(rest, pointer, spikes, I4(block.shift), acc)
    elif block.kind == SHARED:
        _add_patterns(weights, pointer, block, spikes, acc)
    elif block.kind == TILED:
        queue = state.queue[me]
        _add_tiled(rest, pointer, block, spikes, queue, view(acc, 0, target.size))
    else:
        index = view(layout.index32, block.targets, layout.index32.size - block.targets)
        ring = view(state.acc, plane, target.slots * target.padded)
        now = ((step + 1) % target.slots) * target.padded
        if block.kind == DELAYED:
            _add_delayed(rest, index, pointer, block, spikes, ring, now)
        elif wide is not None:
            values = view(state.values, source.start, source.size)
            _add_valued(rest, index, pointer, block, spikes, values, ring, now)
