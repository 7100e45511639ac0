"""The bare delivery loop: the fastest known way to add the weights of given spikes to accumulators, and nothing else.

No neuron is updated, nothing is recorded, no table is read: the spikes of a finished run, those of inputs and of neurons,
are delivered again, link by link, each into an int32 accumulator per target. It bounds what an emulator that delivers
spikes one step after another can reach on one thread of this machine.

  dense    int8 rows of the targets, four spikes a pass, vectorised
  sparse   u16 targets and int8 weights by source, unrolled by four, rows prefetched eight spikes ahead; and
           the same with four targets in a word, rows prefetched four spikes ahead; the faster of the two counts
  tiled    above 65,536 targets: spikes sorted by tile of targets (counting sort), then delivered tile by tile with u16
           offsets, rows prefetched 24 ahead; the fastest of several tile sizes counts
  conv     each kernel row of a spike is one contiguous run of additions, channel last and padded to 16; weights laid
           out for it, and where a run begins looked up for each source

Also a plain loop over u32 targets and int8 weights, as a first version would be written, and the copy bandwidth.

`bare_worker.py` runs them, in an environment of its own with numba (`environments.BARE`): nothing else here needs numba.
"""

# pyright: basic
from __future__ import annotations

import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj
from workloads import Case, Conv, Csr, Link

U = np.uint64


@intrinsic
def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of array[index]; bounds are not checked, and it cannot fault."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        byte = ir.IntType(8).as_pointer()
        address = builder.bitcast(builder.gep(data, [values[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, ir.IntType(32), ir.IntType(32), ir.IntType(32)])
        name = "llvm.prefetch.p0" if context.typing_context is None else "llvm.prefetch.p0i8"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        word = ir.IntType(32)
        builder.call(function, [address, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


@intrinsic
def _view(typing_context: Any, array: Any, offset: Any, size: Any) -> Any:
    """array[offset : offset + size] of a contiguous 1-D array, without clamping and without a reference counted."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = signature.args[0]
        whole = context.make_array(kind)(context, builder, values[0])
        part = context.make_array(signature.return_type)(context, builder)
        width = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        arrayobj.populate_array(
            part,
            data=builder.gep(whole.data, [values[1]]),
            shape=cgutils.pack_array(builder, [values[2]]),
            strides=cgutils.pack_array(builder, [width]),
            itemsize=width,
            meminfo=None,
        )
        return part._getvalue()

    return array(array, types.int64, types.int64), generate


@njit
def _dense(first: Any, lines: Any, weights: Any, acc: Any) -> None:
    n = acc.size
    for t in range(first.size - 1):
        j, end = first[t], first[t + 1]
        while j + 4 <= end:
            a, b = _view(weights, lines[j] * n, n), _view(weights, lines[j + 1] * n, n)
            c, d = _view(weights, lines[j + 2] * n, n), _view(weights, lines[j + 3] * n, n)
            for k in range(n):
                acc[k] += np.int32(a[k]) + np.int32(b[k]) + np.int32(c[k]) + np.int32(d[k])
            j += 4
        while j < end:
            a = _view(weights, lines[j] * n, n)
            for k in range(n):
                acc[k] += np.int32(a[k])
            j += 1


@njit
def _sparse(first: Any, lines: Any, indptr: Any, targets: Any, weights: Any, acc: Any) -> None:
    total = lines.size
    for j in range(total):
        if j + 8 < total:
            ahead = indptr[lines[j + 8]]
            _prefetch(targets, ahead)
            _prefetch(targets, ahead + U(32))
            _prefetch(targets, ahead + U(64))
            _prefetch(targets, ahead + U(96))
            _prefetch(weights, ahead)
            _prefetch(weights, ahead + U(64))
        if j + 16 < total:
            _prefetch(indptr, U(lines[j + 16]))
        k, end = indptr[lines[j]], indptr[lines[j] + 1]
        while k + U(4) <= end:
            acc[targets[k]] += weights[k]
            acc[targets[k + U(1)]] += weights[k + U(1)]
            acc[targets[k + U(2)]] += weights[k + U(2)]
            acc[targets[k + U(3)]] += weights[k + U(3)]
            k += U(4)
        while k < end:
            acc[targets[k]] += weights[k]
            k += U(1)


@njit
def _by_four(first: Any, lines: Any, words_of: Any, words: Any, weights: Any, acc: Any) -> None:
    """Rows padded to four with weights 0; a word holds four targets."""
    total, low = lines.size, U(0xFFFF)
    for j in range(total):
        if j + 4 < total:
            ahead = words_of[lines[j + 4]]
            _prefetch(words, ahead)
            _prefetch(words, ahead + U(8))
            _prefetch(weights, ahead << U(2))
        for k in range(words_of[lines[j]], words_of[lines[j] + 1]):
            word, w = words[k], U(k) << U(2)
            acc[word & low] += weights[w]
            acc[(word >> U(16)) & low] += weights[w + U(1)]
            acc[(word >> U(32)) & low] += weights[w + U(2)]
            acc[word >> U(48)] += weights[w + U(3)]


@njit
def _plain(first: Any, lines: Any, indptr: Any, targets: Any, weights: Any, acc: Any) -> None:
    for j in range(lines.size):
        for k in range(indptr[lines[j]], indptr[lines[j] + 1]):
            acc[targets[k]] += weights[k]


@njit
def _tiled(
    first: Any,
    lines: Any,
    seg_ptr: Any,
    seg_tile: Any,
    seg_start: Any,
    seg_end: Any,
    targets: Any,
    weights: Any,
    acc: Any,
    tile: int,
) -> None:
    n_tiles = (acc.size + tile - 1) // tile
    count, queue = np.zeros(n_tiles + 1, np.int64), np.empty(seg_tile.size + 64, np.uint32)
    for t in range(first.size - 1):
        count[:] = 0
        for j in range(first[t], first[t + 1]):
            for s in range(seg_ptr[lines[j]], seg_ptr[lines[j] + 1]):
                count[seg_tile[s] + 1] += 1
        for k in range(n_tiles):
            count[k + 1] += count[k]
        total = count[n_tiles]
        for j in range(first[t], first[t + 1]):
            for s in range(seg_ptr[lines[j]], seg_ptr[lines[j] + 1]):
                queue[count[seg_tile[s]]] = s
                count[seg_tile[s]] += 1
        q = 0
        for k in range(n_tiles):
            mine = _view(acc, k * tile, min(tile, acc.size - k * tile))
            while q < count[k]:
                if q + 24 < total:
                    ahead = U(seg_start[queue[q + 24]])
                    _prefetch(targets, ahead)
                    _prefetch(targets, ahead + U(32))
                    _prefetch(weights, ahead)
                e, end = U(seg_start[queue[q]]), U(seg_end[queue[q]])
                while e + U(4) <= end:
                    mine[targets[e]] += weights[e]
                    mine[targets[e + U(1)]] += weights[e + U(1)]
                    mine[targets[e + U(2)]] += weights[e + U(2)]
                    mine[targets[e + U(3)]] += weights[e + U(3)]
                    e += U(4)
                while e < end:
                    mine[targets[e]] += weights[e]
                    e += U(1)
                q += 1


@njit
def _conv(first: Any, lines: Any, where: Any, rows: Any, n_ky: Any, weights: Any, acc: Any) -> None:
    """`where`: see _conv_lines; `rows`: (accumulators of an output row, weights of a kernel row, output rows)."""
    per_row, per_ky, out_h = rows
    for j in range(lines.size):
        column, weight, run, top, parity = where[lines[j]]
        if run <= 0:
            continue
        for m in range(n_ky[parity]):
            oy = top - m
            if oy < 0:
                break
            if oy < out_h:
                # blocks of a fixed length: a run is too short for a vectorised loop with a remainder
                for k in range(0, run, 16):
                    a = _view(acc, oy * per_row + column + k, 16)
                    w = _view(weights, weight + m * per_ky + k, 16)
                    for i in range(16):
                        a[i] += w[i]


def _by_step(rows: Any, steps: int) -> tuple[Any, Any]:
    """Spikes that are delivered within the run: those of its last step would arrive after it."""
    first = np.searchsorted(rows[:, 0], np.arange(1, steps + 1)).astype(np.int64)
    return first, np.ascontiguousarray(rows[: first[-1], 1].astype(np.int64))


def _padded(channels: int) -> int:
    return -(-channels // 16) * 16


def _conv_weights(conv: Conv) -> Any:
    """Weights as [in channel][kernel row][x % stride][kernel column, from the last][out channel], padded with 0."""
    true_out, n_in, kernel, _ = conv.weights.shape
    n_out = _padded(true_out)
    longest = (kernel - 1) // conv.stride + 1
    laid = np.zeros((n_in, kernel, conv.stride, longest * n_out), dtype=np.int8)
    for phase in range(conv.stride):
        columns = list(range(phase, kernel, conv.stride))[::-1]
        for place, column in enumerate(columns):
            laid[:, :, phase, place * n_out : place * n_out + true_out] = conv.weights[:, :, :, column].transpose(
                1, 2, 0
            )
    return laid


def _conv_lines(conv: Conv, laid: Any, out_w: int) -> Any:
    """(lines, 5): first accumulator of the run in its row, first weight, length, output row of the first kernel row, y % stride."""
    n_out, kernel = _padded(conv.weights.shape[0]), conv.weights.shape[2]
    c, y, x = (axis.ravel() for axis in np.indices(conv.source_shape))
    phase, last = x % conv.stride, x // conv.stride
    furthest = last - (kernel - 1 - phase) // conv.stride
    low, high = np.maximum(0, furthest), np.minimum(last, out_w - 1)
    parity = y % conv.stride
    offsets = np.arange(laid.size).reshape(laid.shape)[c, np.minimum(parity, kernel - 1), phase, 0]
    run = np.where((phase < kernel) & (parity < kernel), (high - low + 1) * n_out, 0)
    columns = (low * n_out, offsets + (low - furthest) * n_out, run, y // conv.stride, parity)
    return np.stack(columns, axis=1).astype(np.int32)


def _tables(csr: Csr, tile: int) -> tuple[Any, ...]:
    """Segments of each source, one per tile that it reaches; targets counted within the tile."""
    pre = np.repeat(np.arange(csr.indptr.size - 1), np.diff(csr.indptr))
    where = csr.indices // tile
    new = np.r_[True, (np.diff(pre) != 0) | (np.diff(where) != 0)]
    start = np.flatnonzero(new)
    seg_ptr = np.searchsorted(pre[start], np.arange(csr.indptr.size)).astype(np.uint32)
    end = np.r_[start[1:], pre.size]
    return (
        seg_ptr,
        where[start].astype(np.uint16),
        start.astype(np.uint32),
        end.astype(np.uint32),
        (csr.indices - where * tile).astype(np.uint16),
        csr.data.astype(np.int8),
    )


def _fours(csr: Csr) -> tuple[Any, Any, Any]:
    """First word of each source, words of four targets, weights; rows padded with weights 0 for target 0."""
    lengths = np.diff(csr.indptr)
    words_of = np.concatenate([[0], np.cumsum(-(-lengths // 4))])
    place = np.arange(csr.data.size) + np.repeat(4 * words_of[:-1] - csr.indptr[:-1], lengths)
    targets, weights = np.zeros(4 * words_of[-1], dtype=np.uint16), np.zeros(4 * words_of[-1], dtype=np.int8)
    targets[place], weights[place] = csr.indices, csr.data
    return words_of.astype(np.uint64), targets.view(np.uint64), weights


def _jobs(link: Link, size: int, *, plain: bool, expanded: bool) -> dict[str, Any]:
    """Name of a loop -> function of (first, lines) that delivers once into an accumulator that it returns."""
    acc, jobs = np.zeros(size, dtype=np.int32), {}
    if link.dense is not None:
        weights = link.dense.astype(np.int8).ravel()
        jobs["dense"] = lambda first, lines: _dense(first, lines, weights, acc) or acc
        return jobs
    if link.conv is not None and not expanded:
        conv, laid, (out_h, out_w) = link.conv, _conv_weights(link.conv), _out(link.conv)
        true_out, kernel = conv.weights.shape[0], conv.weights.shape[2]
        n_out = _padded(true_out)
        where = _conv_lines(conv, laid, out_w)
        n_ky = np.array([len(range(parity, kernel, conv.stride)) for parity in range(conv.stride)])
        rows = (out_w * n_out, conv.stride * laid.shape[2] * laid.shape[3], out_h)
        flat, wide = laid.ravel(), np.zeros(out_h * out_w * n_out, dtype=np.int32)

        def deliver(first: Any, lines: Any) -> Any:
            _conv(first, lines, where, rows, n_ky, flat, wide)
            return wide.reshape(-1, n_out)[:, :true_out]

        jobs["conv"] = deliver
        return jobs
    csr = link.as_csr()
    indptr, weights = csr.indptr.astype(np.uint64), csr.data.astype(np.int8)
    if plain:
        wide = csr.indices.astype(np.uint32)
        jobs["plain"] = lambda first, lines: _plain(first, lines, indptr, wide, weights, acc) or acc
    if size <= 1 << 16:
        narrow = csr.indices.astype(np.uint16)
        jobs["sparse"] = lambda first, lines: _sparse(first, lines, indptr, narrow, weights, acc) or acc
        four = _fours(csr)
        jobs["by four"] = lambda first, lines: _by_four(first, lines, *four, acc) or acc
        return jobs
    for tile in (1024, 4096, 16384, 65536):
        tables = _tables(csr, tile)
        jobs[f"tiled {tile:,}"] = lambda first, lines, tables=tables, tile=tile: (
            _tiled(first, lines, *tables, acc, tile) or acc
        )
    return jobs


def _out(conv: Conv) -> tuple[int, int]:
    (_, height, width), kernel = conv.source_shape, conv.weights.shape[2]
    return (height - kernel) // conv.stride + 1, (width - kernel) // conv.stride + 1


class Bare:
    """All loops of one workload on the spikes of one run."""

    def __init__(self, case: Case, spikes: dict[str, Any], steps: int, *, expanded: bool = False) -> None:
        sizes = {layer.name: layer.size for layer in case.layers}
        self.links = []
        for link in case.links:
            first, lines = _by_step(spikes[link.source], steps)
            self.links.append((first, lines, _jobs(link, sizes[link.target], plain=True, expanded=expanded)))
        self.seconds()  # compile

    def seconds(self) -> dict[str, Any]:
        """Return seconds of the fastest loops and of the plain ones, summed over the links, and which were fastest."""
        best, plain, chosen, has_plain = 0.0, 0.0, [], False
        for first, lines, jobs in self.links:
            times = {}
            for name, job in jobs.items():
                start = time.perf_counter()
                job(first, lines)
                times[name] = time.perf_counter() - start
            slow = times.pop("plain", None)
            name = min(times, key=times.__getitem__)
            best, chosen = best + times[name], [*chosen, name]
            plain += times[name] if slow is None else slow
            has_plain |= slow is not None
        found = {"seconds": best, "loops": chosen}
        return {**found, "plain_seconds": plain} if has_plain else found

    def sums(self) -> list[Any]:
        """Return, for each link, the resulting accumulators of each loop, which must agree."""
        found = []
        for first, lines, jobs in self.links:
            per_job = []
            for name, job in jobs.items():
                acc = job(first, lines)
                acc[:] = 0
                per_job.append((name, job(first, lines).ravel().copy()))
            found.append(per_job)
        return found


def copy_bandwidth(size_bytes: int = 1 << 28, repeats: int = 5) -> float:
    """Return bytes read and written per second by the fastest of several copies of a large array."""
    source, target = np.ones(size_bytes // 8), np.empty(size_bytes // 8)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - start)
    return 2 * size_bytes / min(times)
