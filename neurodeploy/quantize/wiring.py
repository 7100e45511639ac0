"""Nouns: the synapses of a projection in integers, written out or as a window that is moved. Must not know any core.

Whoever needs synapses asks for those into a range of targets, so that a convolution is never written out as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.base.noun import IntArray, Name, Noun
from neurodeploy.network import WeightFormat
from neurodeploy.network.convolution import Window, output_shape, taps_at, window_sums

__all__ = ["Part", "QuantizedProjection", "WindowProjection", "parts"]

Ints = NDArray[np.int64]
AT_A_TIME = 1 << 21
"""Synapses that are written out at a time."""


class Part(NamedTuple):
    """Synapses into some targets: the k-th of them has synapses [ptr[k], ptr[k + 1]), sources ascending."""

    ptr: Ints
    source: NDArray[np.int32]
    mantissas: NDArray[np.int16]
    delay_steps: NDArray[np.uint8]

    @property
    def rows(self) -> Ints:
        """Which of the targets each synapse goes to."""
        return np.repeat(np.arange(self.ptr.size - 1), np.diff(self.ptr))


class _Projection(Noun):
    name: Name
    source: Name
    target: Name
    weight_format: WeightFormat
    n_target: int


class QuantizedProjection(_Projection):
    """Synapses by source neuron (CSR): source i has entries [indptr[i], indptr[i+1]), targets ascending."""

    indptr: IntArray
    """(n_source + 1,) int64."""
    targets: IntArray
    """(n_synapses,) int32."""
    mantissas: IntArray
    """(n_synapses,) int16; exactly representable in `weight_format`."""
    delay_steps: IntArray
    """(n_synapses,) uint8."""

    @property
    def n_source(self) -> int:
        """Source neurons or lines."""
        return self.indptr.size - 1

    @property
    def n_synapses(self) -> int:
        """All of them."""
        return int(self.targets.size)

    @property
    def least_weights(self) -> int:
        """Weights that some core has to store, whatever lists are shared."""
        return self.n_synapses

    @property
    def shares(self) -> bool:
        """Whether neurons in different places have the same weights."""
        return False

    @cached_property
    def fan_out(self) -> Ints:
        """(n_source,)."""
        return np.diff(self.indptr)

    @property
    def fan_in(self) -> Ints:
        """(n_target,)."""
        return np.diff(self._by_target.ptr)

    @cached_property
    def longest_delay(self) -> Ints:
        """(n_target,) steps; 0 without synapses."""
        whole, longest = self._by_target, np.zeros(self.n_target, dtype=np.int64)
        has = np.flatnonzero(np.diff(whole.ptr))
        if has.size:
            longest[has] = np.maximum.reduceat(whole.delay_steps, whole.ptr[has])
        return longest

    @cached_property
    def _by_target(self) -> Part:
        source = np.repeat(np.arange(self.n_source, dtype=np.int32), np.diff(self.indptr))
        order = np.argsort(self.targets, kind="stable")
        ptr = np.zeros(self.n_target + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.targets, minlength=self.n_target), out=ptr[1:])
        return Part(ptr, source[order], self.mantissas[order], self.delay_steps[order])

    def into(self, neurons: Ints) -> Part:
        """Return the synapses into some targets, which ascend."""
        whole = self._by_target
        count = whole.ptr[neurons + 1] - whole.ptr[neurons]
        ptr: Ints = np.r_[0, np.cumsum(count)]
        mine: Any = slice(0, 0)
        if neurons.size and int(neurons[-1] - neurons[0]) + 1 == neurons.size:
            mine = slice(int(whole.ptr[neurons[0]]), int(whole.ptr[neurons[-1] + 1]))
        elif neurons.size:
            mine = places_of(whole.ptr[neurons], count)
        return Part(ptr, whole.source[mine], whole.mantissas[mine], whole.delay_steps[mine])


class WindowProjection(_Projection):
    """A convolution or a pool over (channels, height, width); neurons count through channels, rows and columns."""

    input_shape: tuple[int, int, int]
    kernel: IntArray
    """(out channels, channels / groups, height, width) int16 mantissas."""
    present: IntArray
    """The same shape, uint8: 0 where the network's own weight is 0, which is no synapse."""
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    delay: int

    @property
    def window(self) -> Window:
        """The geometry, with the mantissas as weights."""
        return Window(self.input_shape, self.kernel, self.stride, self.padding, self.dilation, self.groups)

    @property
    def n_source(self) -> int:
        """Source neurons or lines."""
        return prod(self.input_shape)

    @cached_property
    def n_synapses(self) -> int:
        """All of them."""
        return int(self.fan_in.sum())

    @cached_property
    def least_weights(self) -> int:
        """Weights that some core has to store: each number of the kernel once, as lists with the same numbers can be one.

        A tap that meets the padding alone is no synapse anywhere.
        """
        window = self.window
        _, height, width = output_shape(window)
        rows, columns = (taps_at(window, axis, np.arange(n))[1].any(axis=0) for axis, n in enumerate((height, width)))
        met = (self.present > 0) & rows[:, None] & columns
        return int(np.unique(self.kernel[met]).size)

    @property
    def shares(self) -> bool:
        """Whether neurons in different places have the same weights."""
        return True

    @cached_property
    def fan_out(self) -> Ints:
        """(n_source,)."""
        counts = [np.bincount(part.source, minlength=self.n_source) for _, part in parts(self)]
        return np.sum(counts, axis=0) if counts else np.zeros(self.n_source, dtype=np.int64)

    @cached_property
    def fan_in(self) -> Ints:
        """(n_target,)."""
        return np.rint(window_sums(self.window, self.present)).astype(np.int64)

    @cached_property
    def longest_delay(self) -> Ints:
        """(n_target,) steps; 0 without synapses."""
        return np.where(self.fan_in > 0, self.delay, 0)

    def into(self, neurons: Ints) -> Part:
        """Return the synapses into some targets, which ascend."""
        window = self.window
        channels, height, width = output_shape(window)
        channel, place = np.divmod(neurons, height * width)
        y, inside_y = taps_at(window, 0, place // width)
        x, inside_x = taps_at(window, 1, place % width)
        per_group = self.kernel.shape[1]
        place = (y[:, :, None] * self.input_shape[2] + x[:, None, :]).reshape(neurons.size, 1, -1)
        inside = (inside_y[:, :, None] & inside_x[:, None, :]).reshape(neurons.size, 1, -1)
        first = channel // (channels // self.groups) * per_group
        plane = self.input_shape[1] * self.input_shape[2]
        planes: Ints = np.add.outer(first, np.arange(int(per_group))) * plane
        source = planes.astype(np.int32)[:, :, None] + place.astype(np.int32)
        there = self.present.reshape(channels, per_group, -1)[channel].astype(bool) & inside
        mantissas = self.kernel.reshape(channels, per_group, -1)[channel][there]
        ptr: Ints = np.r_[0, np.cumsum(there.sum(axis=(1, 2)))]
        return Part(ptr, source[there], mantissas, np.full(mantissas.size, self.delay, dtype=np.uint8))


def parts(projection: QuantizedProjection | WindowProjection) -> Iterator[tuple[int, Part]]:
    """Yield (first target, synapses into it and the next ones) until all targets had their turn."""
    fan_in = prod(projection.kernel.shape[1:]) if isinstance(projection, WindowProjection) else 1
    step = max(AT_A_TIME // max(fan_in, 1), 1)
    for start in range(0, projection.n_target, step):
        yield start, projection.into(np.arange(start, min(start + step, projection.n_target)))
