"""Synapses applied to batches of activity: with the network's weights, and with those that a chip adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import product
from neurodeploy.convert.apply import apply_all
from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import Chain, Projection
from neurodeploy.network.connectivity import SynapseList, WindowConnectivity
from neurodeploy.network.written_out import listed_projection
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.trained.forward import convolved
from neurodeploy.trained.operations import Convolution

__all__ = ["Apply", "Wiring", "chip_weights", "float_weights"]

Array = NDArray[Any]
Apply = Callable[[Array], Array]
"""From (rows, n_source) activity to (rows, n_target) sums."""
DENSE = 1 << 24
"""Synapses, present or not, up to which a list becomes a matrix."""
ROWS = 1 << 24
"""Products that are held at a time for a longer list."""


class Wiring(NamedTuple):
    """Synapses from one source."""

    source: str
    delay: int
    """Steps beyond the one that every synapse takes."""
    apply: Apply


def float_weights(projection: Projection) -> Apply:
    """Return the sums of a projection with the network's weights, in float32."""
    operation: Any = listed_projection(projection).operation
    steps = operation.operations if isinstance(operation, Chain) else (operation,)
    return lambda x: apply_all(steps, x.astype(np.float32, copy=False))


def chip_weights(projection: QuantizedProjection, dialect: Dialect) -> Apply:
    """Return the sums of a projection in units of the chip's accumulator, in float32.

    Weights are multiples of 2**weight_shift_bits, so that sums of spikes are exact as long as the accumulator holds them.
    """
    style, connectivity = projection.weight_format, projection.connectivity

    def added(mantissas: Array) -> Array:
        weights = effective_weights(dialect, mantissas, style.weight_bits, style.exponent, style.sign_mode)
        return weights.astype(np.float32)

    if not isinstance(connectivity, WindowConnectivity):
        synapses = connectivity.listed()
        return _listed(synapses, added(synapses.weights))
    convolution = Convolution(
        weights=added(connectivity.kernel),
        stride=connectivity.stride,
        begin=connectivity.padding,
        end=connectivity.padding,
        dilation=connectivity.dilation,
        groups=connectivity.groups,
    )
    shape = connectivity.input_shape
    return lambda x: convolved(convolution, x.astype(np.float32, copy=False).reshape(-1, *shape)).reshape(len(x), -1)


def _listed(synapses: SynapseList, weights: Array) -> Apply:
    square = synapses.n_synapses == synapses.n_source == synapses.n_target
    if square and np.array_equal(synapses.pre, synapses.post):
        return lambda x: x * weights  # each neuron to itself
    if synapses.n_source * synapses.n_target <= DENSE:
        matrix = np.zeros((synapses.n_source, synapses.n_target), dtype=np.float32)
        np.add.at(matrix, (synapses.pre, synapses.post), weights)
        return lambda x: product(x.astype(np.float32, copy=False), matrix)
    order = np.argsort(synapses.post, kind="stable")
    pre, post, sorted_weights = synapses.pre[order], synapses.post[order], weights[order]
    targets, starts = np.unique(post, return_index=True)

    def sums(x: Array) -> Array:
        made = np.zeros((len(x), synapses.n_target), dtype=np.float32)
        rows = max(ROWS // max(pre.size, 1), 1)
        for start in range(0, len(x), rows):
            products = x[start : start + rows, pre] * sorted_weights
            made[start : start + rows, targets] = np.add.reduceat(products, starts, axis=1)
        return made

    return sums
