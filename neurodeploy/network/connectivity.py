"""The synapses of a projection, as a list, as a window that slides over its source, or as a rule that draws them.

A weight passes through seven representations from file to kernel:

1. Operation (`network.operations`): the content of a network file.
2. Connectivity (this module): the synapses, with the weights of the network or with integer mantissas.
3. QuantizedProjection (`quantize.projection`): a connectivity of mantissas and their weight format.
4. EncodedSegment (`resources.encoding`): the lists that one projection stores in one core, in the encoding chosen for
   them. The segments of a final mapping are made once and travel in its `Mapping`.
5. Tables (`program.tables`): the core tables of a program.
6. The emulator's layout (`lowering`): the tables regrouped by source population and delay.
7. Kernel arenas (`engine`): the flat arrays that compiled kernels read.

Other modules read a connectivity through its views: by source (`indptr`, `targets`), by target (`by_target`), or restricted
to the neurons of a core (`into`). A window and a rule are never written out as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import narrowed, read_only
from neurodeploy.base.noun import IntArray, Noun, RawArray
from neurodeploy.network.convolution import Window, output_shape, taps_at, window_fan_out, window_of, window_sums
from neurodeploy.network.coordinates import Coordinates, coordinates_of, target_size, window_coordinates
from neurodeploy.network.network import Projection
from neurodeploy.network.operations import (
    AvgPool2d,
    Conv1d,
    Conv2d,
    Dense,
    OneToOne,
    Operation,
    Sparse,
    SumPool2d,
)
from neurodeploy.network.procedural.connectivity import ProceduralConnectivity
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.synapse_list import BATCH, SynapseList, sorted_list
from neurodeploy.network.synapse_views import SynapsesByTarget

__all__ = [
    "Connectivity",
    "ProceduralConnectivity",
    "SynapseList",
    "WindowConnectivity",
    "connectivity_of",
    "synapses_of",
]

Ints = NDArray[np.int64]


class WindowConnectivity(Noun):
    """A convolution or pool over (channels, rows, columns); neurons are numbered in the order of these axes."""

    input_shape: tuple[int, int, int]
    """(channels, height, width) of the source."""
    kernel: RawArray
    """(out channels, channels / groups, kernel height, kernel width) weights or integer mantissas."""
    present: IntArray
    """As `kernel`, uint8: 0 where the weight of the network is 0 and there is no synapse. A mantissa rounded to 0 is a synapse."""
    stride: tuple[int, int]
    """(rows, columns) from one window to the next."""
    padding: tuple[int, int]
    """(rows, columns) of zeros on either side."""
    dilation: tuple[int, int]
    """(rows, columns) between entries of the kernel."""
    groups: int
    """Number of channel groups; each output channel reads the channels of one group."""
    delay_steps: int
    """Delay of every synapse, in steps beyond the one that every synapse takes."""

    @property
    def window(self) -> Window:
        """The geometry, with the kernel as its weights."""
        return Window(self.input_shape, self.kernel, self.stride, self.padding, self.dilation, self.groups)

    @property
    def n_source(self) -> int:
        """Neurons or lines of the source."""
        return prod(self.input_shape)

    @cached_property
    def n_target(self) -> int:
        """Neurons of the target population."""
        return prod(output_shape(self.window))

    @cached_property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int(self.fan_in.sum())

    @cached_property
    def distinct_weights(self) -> int:
        """Least number of weights that cores store: each distinct number of the kernel once, as equal lists can be shared.

        A tap that meets only the padding belongs to no synapse.
        """
        _, height, width = output_shape(self.window)
        axes = (taps_at(self.window, axis, np.arange(n))[1].any(axis=0) for axis, n in enumerate((height, width)))
        rows, columns = axes
        used = (self.present > 0) & rows[:, None] & columns
        return int(np.unique(self.kernel[used]).size)

    @property
    def shares_weights(self) -> bool:
        """Whether neurons at different positions have the same weights, as those of a convolution do."""
        return True

    @property
    def weights(self) -> NDArray[Any]:
        """(n,) distinct numbers of the kernel that belong to synapses."""
        return self.kernel[self.present > 0]

    @cached_property
    def fan_out(self) -> Ints:
        """(n_source,) synapses of each source."""
        return window_fan_out(self.window, self.present)

    @cached_property
    def fan_in(self) -> Ints:
        """(n_target,) synapses of each target."""
        return np.rint(window_sums(self.window, self.present)).astype(np.int64)

    @cached_property
    def longest_delay(self) -> Ints:
        """(n_target,) longest delay into each target, in steps; 0 without synapses."""
        return np.where(self.fan_in > 0, self.delay_steps, 0)

    def into(self, neurons: Ints) -> SynapsesByTarget:
        """Return the synapses into `neurons` (ascending)."""
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
        weights = self.kernel.reshape(channels, per_group, -1)[channel][there]
        ptr: Ints = np.r_[0, np.cumsum(there.sum(axis=(1, 2)))]
        delays = np.full(weights.size, self.delay_steps, dtype=np.uint8)
        return SynapsesByTarget(ptr, source[there], weights, delays)

    def batches(self) -> Iterator[tuple[int, SynapsesByTarget]]:
        """Yield (first target, synapses into it and the targets that follow) until all targets are visited."""
        step = max(BATCH // max(prod(self.kernel.shape[1:]), 1), 1)
        for start in range(0, self.n_target, step):
            yield start, self.into(np.arange(start, min(start + step, self.n_target)))

    def sums(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n_target,) sums over the synapses of each target; `values` in the order of `weights`."""
        return window_sums(self.window, self._filled(values))

    def with_mantissas(self, mantissas: NDArray[np.integer[Any]]) -> WindowConnectivity:
        """Return the same synapses with a kernel of int16 `mantissas`, in the order of `weights`."""
        return self.model_copy(update={"kernel": read_only(narrowed(self._filled(mantissas), np.int16))})

    def listed(self) -> SynapseList:
        """Return the synapses written out."""
        coordinates, delay = window_coordinates(self.window), np.int64(self.delay_steps)
        return _listed(coordinates, np.broadcast_to(delay, coordinates.pre.shape), (self.n_source, self.n_target))

    def _filled(self, values: NDArray[Any]) -> NDArray[Any]:
        """The kernel with `values` where it has synapses and 0 elsewhere."""
        kernel = np.zeros(self.present.shape, dtype=values.dtype)
        kernel[self.present > 0] = values
        return kernel


Connectivity = SynapseList | WindowConnectivity | ProceduralConnectivity
"""The synapses of a projection."""


def connectivity_of(projection: Projection, n_source: int) -> Connectivity:
    """Return the connectivity of a valid projection whose source has `n_source` neurons or lines.

    Convolutions and pools whose synapses all have one delay stay windows, and drawn synapses a rule, which is made once for
    each projection; every other operation becomes a list.
    """
    operation = projection.operation
    if isinstance(operation, PROCEDURAL):
        return projection.derived("_drawn", drawn_synapses)
    if isinstance(operation, (Conv1d, Conv2d, SumPool2d, AvgPool2d)) and not np.ndim(projection.delay_steps):
        window = window_of(operation)
        names = ("input_shape", "stride", "padding", "dilation", "groups")
        return WindowConnectivity(
            kernel=window.weights,
            present=(window.weights != 0).astype(np.uint8),
            delay_steps=int(np.asarray(projection.delay_steps)),
            **{name: getattr(window, name) for name in names},
        )
    return synapses_of(projection, n_source)


def drawn_synapses(projection: Projection) -> ProceduralConnectivity:
    """Return the rule of a valid procedural projection."""
    operation: Any = projection.operation
    return ProceduralConnectivity.of(operation, int(np.asarray(projection.delay_steps)), projection=projection.name)


def synapses_of(projection: Projection, n_source: int) -> SynapseList:
    """Return the synapses of a valid projection written out, except weights 0 of a dense operation or a kernel.

    `n_source`: neurons or lines of the source. Weights 0 of a plastic projection are synapses, as they can grow.
    """
    if isinstance(projection.operation, PROCEDURAL):
        return drawn_synapses(projection).listed()
    coordinates = coordinates_of(projection.operation, n_source, keep_zeros=projection.plasticity is not None)
    pre, post, _ = coordinates
    delays = np.asarray(projection.delay_steps)
    if delays.ndim == 0:
        per_synapse = np.full(pre.shape, int(delays), dtype=np.int64)
    elif projection.delay_axis == "source":
        per_synapse = delays.ravel()[pre]
    elif projection.delay_axis == "target":
        per_synapse = delays.ravel()[post]
    else:
        per_synapse = delays.ravel()[_weight_index(projection.operation, coordinates, n_source)]
    sizes = n_source, target_size(projection.operation, n_source)
    if isinstance(projection.operation, (Dense, OneToOne)):
        return sorted_list(coordinates, per_synapse, sizes)
    return _listed(coordinates, per_synapse, sizes, keep_zeros=isinstance(projection.operation, Sparse))


def _weight_index(operation: Operation, coordinates: Coordinates, n_source: int) -> NDArray[Any]:
    """Index of each synapse in the flattened weights of the operation, which is the shape of delays by synapse."""
    if isinstance(operation, Dense):
        return coordinates.post * n_source + coordinates.pre
    return np.arange(coordinates.pre.size)


def _listed(
    coordinates: Coordinates, delays: NDArray[Any], sizes: tuple[int, int], *, keep_zeros: bool = False
) -> SynapseList:
    """The synapses sorted by source and target."""
    pre, post, weights = coordinates
    if not keep_zeros:
        kept = np.flatnonzero(weights)
        pre, post, weights, delays = pre[kept], post[kept], weights[kept], delays[kept]
    if _ascend(pre, post, sizes[1]):
        return sorted_list(Coordinates(pre, post, weights), delays, sizes)
    order = np.lexsort((post, pre))
    return sorted_list(Coordinates(pre[order], post[order], weights[order]), delays[order], sizes)


def _ascend(pre: NDArray[Any], post: NDArray[Any], n_target: int) -> bool:
    """Whether pairs are already sorted by source and target, as most files have them."""
    key = pre.astype(np.int64) * n_target + post
    return bool((key[1:] >= key[:-1]).all())
