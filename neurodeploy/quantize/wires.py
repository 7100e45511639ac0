"""Noun: the weights of one projection before they are integers, each once: a convolution's are those of its kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import narrowed
from neurodeploy.network import Projection, WeightFormat
from neurodeploy.network.connectivity import Synapses, synapses_of
from neurodeploy.network.convolution import Window, window_of, window_sums
from neurodeploy.network.operations import AvgPool2d, Conv1d, Conv2d, SumPool2d
from neurodeploy.quantize.wiring import QuantizedProjection, WindowProjection

__all__ = ["Wires", "wires_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Wires:
    """A projection, written out as synapses or kept as a window."""

    projection: Projection
    n_source: int
    n_target: int
    gain: Floats
    """(n_target,) what a weight is multiplied with on its way to volts; one number where a window is kept."""
    synapses: Synapses | None
    window: Window | None

    @property
    def weights(self) -> NDArray[Any]:
        """Weights of the network that are not 0, in the network's unit; one for each synapse, or of the kernel."""
        if self.window is not None:
            return self.window.weights[self.window.weights != 0]
        return self.synapses.weights if self.synapses else np.zeros(0)

    @property
    def volts(self) -> Floats:
        """The weights in volts per spike."""
        if self.synapses is not None:
            return self.weights.astype(np.float64) * self.gain[self.synapses.post]
        return self.weights.astype(np.float64) * self.gain[0] if self.gain.size else self.weights.astype(np.float64)

    def sums(self, values: NDArray[Any]) -> Floats:
        """Return (n_target,) the sum over each neuron's synapses of numbers that go with `weights`."""
        if self.window is not None:
            return window_sums(self.window, self._of_kernel(values))
        post = self.synapses.post if self.synapses else np.zeros(0, dtype=np.int64)
        return np.bincount(post, values, self.n_target)

    def _of_kernel(self, values: NDArray[Any]) -> NDArray[Any]:
        there = self.window.weights != 0 if self.window else np.zeros(0, dtype=bool)
        whole = np.zeros(there.shape, dtype=values.dtype)
        whole[there] = values
        return whole

    def stored(self, mantissas: NDArray[Any], style: WeightFormat) -> QuantizedProjection | WindowProjection:
        """Return the projection in integers. What rounded to 0 stays: leaving it out is the user's choice."""
        own, window = self.projection, self.window
        names = {"name": own.name, "source": own.source, "target": own.target}
        if window is not None:
            return WindowProjection(
                **names,
                weight_format=style,
                n_target=self.n_target,
                input_shape=window.input_shape,
                kernel=narrowed(self._of_kernel(mantissas), np.int16),
                present=(window.weights != 0).astype(np.uint8),
                stride=window.stride,
                padding=window.padding,
                dilation=window.dilation,
                groups=window.groups,
                delay=int(np.asarray(own.delay_steps)),
            )
        synapses = self.synapses or synapses_of(own, self.n_source)
        indptr = np.zeros(self.n_source + 1, dtype=np.int64)
        np.cumsum(np.bincount(synapses.pre, minlength=self.n_source), out=indptr[1:])
        return QuantizedProjection(
            **names,
            weight_format=style,
            n_target=self.n_target,
            indptr=indptr,
            targets=narrowed(synapses.post, np.int32),
            mantissas=narrowed(mantissas, np.int16),
            delay_steps=narrowed(synapses.delay_steps, np.uint8),
        )


def wires_of(projection: Projection, n_source: int, gain: Floats) -> Wires:
    """Return the weights of a valid projection; `gain` (n_target,). A window is kept if all its targets share one gain."""
    operation, alike = projection.operation, bool((gain == gain[:1]).all())
    if isinstance(operation, (Conv1d, Conv2d, SumPool2d, AvgPool2d)) and alike and not np.ndim(projection.delay_steps):
        return Wires(projection, n_source, gain.size, gain, None, window_of(operation))
    return Wires(projection, n_source, gain.size, gain, synapses_of(projection, n_source), None)
