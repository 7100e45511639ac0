"""Lists of synapses by compiled loops, which give the same as the numpy functions of their callers.

The nouns are declared for C in `compiled_lists.h`: `python -m neurodeploy.native.header` writes it from this file.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.native.library import Kernels, kernels
from neurodeploy.native.structs import Bytes, Ints, Longs, Shorts, lend
from neurodeploy.network.connectivity import WindowConnectivity
from neurodeploy.network.convolution import output_shape
from neurodeploy.network.synapse_views import SynapsesBySource

__all__ = ["Lists", "Measure", "Window", "distinct_keys", "equal_classes", "loops", "reached_cores", "window_lists"]

FOLDER = Path(__file__).parent


class Window(NamedTuple):
    """A window over (groups * deep, height, width) neurons; see `network.connectivity.WindowConnectivity`."""

    mantissas: Shorts
    """(channels, deep, kernel height, kernel width)."""
    present: Bytes
    """As `mantissas`, 0 where there is no synapse."""
    channels: int
    """Channels of the target."""
    groups: int
    """Groups of channels."""
    deep: int
    """Source channels of a group."""
    kernel_height: int
    kernel_width: int
    height: int
    """Rows of the source."""
    width: int
    """Columns of the source."""
    target_height: int
    target_width: int
    stride_rows: int
    stride_columns: int
    pad_rows: int
    pad_columns: int
    step_rows: int
    """Rows between taps."""
    step_columns: int


class Lists(NamedTuple):
    """Lists of synapses: list k is [starts[k], starts[k] + length[k]), with at least one synapse."""

    starts: Longs
    length: Longs
    rows: Ints
    """Target of each synapse, ascending within a list."""
    mantissas: Shorts
    delays: Bytes


class Measure(NamedTuple):
    """What the words of run-length lists depend on; see `synapse_memory`."""

    bits: int
    """Bits of one synapse."""
    prefix: int
    """Bits of an entry's prefix."""
    entry: int
    """Synapses of a full entry."""
    word: int
    """Bits of a word."""
    end: int
    """Bits of a list's end; -1: every entry is padded to whole words."""


def loops() -> Kernels | None:
    """The compiled loops; None where there is no library."""
    return kernels(FOLDER)


def window_lists(connectivity: WindowConnectivity, neurons: NDArray[np.int64]) -> SynapsesBySource | None:
    """Return the synapses of a window into `neurons` (ascending) by source; None where no loops are compiled for them."""
    compiled, window = loops(), connectivity.derived("window_table", _window)
    if compiled is None or window is None:
        return None
    taps, next_place = _taps(connectivity), np.zeros(connectivity.n_source, dtype=np.int64)
    compiled.call("count_synapses", window, neurons, taps, next_place)
    source = np.flatnonzero(next_place)
    length = next_place[source]
    stop = np.cumsum(length)
    next_place[source] = starts = stop - length
    n = int(stop[-1]) if stop.size else 0
    delays = np.full(n, connectivity.delay_steps, dtype=np.uint8)
    lists = Lists(starts, length, np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int16), delays)
    compiled.call("fill_lists", window, neurons, taps, next_place, lists)
    return SynapsesBySource(source, starts, length, lists.rows, lists.mantissas, delays)


def reached_cores(connectivity: WindowConnectivity, core: NDArray[np.int32], n_cores: int) -> NDArray[np.int64] | None:
    """Return the distinct keys source * n_cores + core of a window, ascending; None where no loops are compiled for it.

    `core`: (n_target,) core of each target.
    """
    compiled, window = loops(), connectivity.derived("window_table", _window)
    if compiled is None or window is None:
        return None
    flags = np.zeros(connectivity.n_source * n_cores, dtype=np.uint8)
    neurons, own = np.arange(connectivity.n_target), np.ascontiguousarray(core, dtype=np.int32)
    compiled.call("mark_cores", window, neurons, _taps(connectivity), own, n_cores, flags)
    return np.flatnonzero(flags)


def equal_classes(synapses: SynapsesBySource) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return (index of one list of each class of equal lists, class of each list); None where no loops are compiled for them.

    Lists are equal if their targets, counted from the first, their weights and their delays are. They are matched by a hash
    and then compared value by value; if two different lists have one hash, each list is a class.
    """
    compiled, columns = loops(), (synapses.row, synapses.weights, synapses.delay_steps)
    if compiled is None or [column.dtype for column in columns] != [np.int32, np.int16, np.uint8]:
        return None
    lists, hashes = (
        lend(Lists(synapses.starts, synapses.length, *columns)),
        np.empty(synapses.starts.size, dtype=np.uint64),
    )
    compiled.call("hash_lists", lists, hashes)
    first, kind = distinct_keys(hashes)
    if compiled.call("lists_differ", lists, first[kind]):
        return np.arange(hashes.size), np.arange(hashes.size)
    return first, kind


def distinct_keys(keys: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (index of the first of each distinct key, index into these of each key), in ascending order of the keys.

    `keys`: (n,) integers of 64 bits, none negative. As numpy.unique, and faster where few keys are distinct.
    """
    compiled = loops()
    if compiled is None:
        return np.unique(keys, return_index=True, return_inverse=True)[1:]
    kind, example = np.empty((2, keys.size), dtype=np.int64)
    slots = np.zeros(1 << (2 * keys.size).bit_length(), dtype=np.int32)
    n = compiled.call("group_keys", keys.view(np.uint64), slots, kind, example)
    first = example[:n]
    order = np.argsort(keys[first])
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    return first[order], rank[kind]


def _taps(connectivity: WindowConnectivity) -> NDArray[np.int32]:
    """Scratch for the taps of one channel."""
    return np.empty((prod(connectivity.kernel.shape[1:]), 4), dtype=np.int32)


def _window(connectivity: WindowConnectivity) -> Any:
    """The table of a window, lent to C; None if its weights are no stored mantissas."""
    kernel, present = connectivity.kernel, connectivity.present
    if kernel.dtype != np.int16 or present.dtype != np.uint8:
        return None
    channels, deep, height, width = kernel.shape
    _, target_height, target_width = output_shape(connectivity.window)
    return lend(
        Window(
            mantissas=kernel,
            present=present,
            channels=channels,
            groups=connectivity.groups,
            deep=deep,
            kernel_height=height,
            kernel_width=width,
            height=connectivity.input_shape[1],
            width=connectivity.input_shape[2],
            target_height=target_height,
            target_width=target_width,
            stride_rows=connectivity.stride[0],
            stride_columns=connectivity.stride[1],
            pad_rows=connectivity.padding[0],
            pad_columns=connectivity.padding[1],
            step_rows=connectivity.dilation[0],
            step_columns=connectivity.dilation[1],
        )
    )
