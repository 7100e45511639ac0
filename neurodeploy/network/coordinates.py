"""Operations written out as coordinates of synapses: the step from an operation to a list of synapses."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.network.convolution import Window, output_shape, taps_at, window_of
from neurodeploy.network.operations import Chain, Dense, OneToOne, Operation, Sparse
from neurodeploy.network.procedural.operations import PROCEDURAL

__all__ = ["Coordinates", "coordinates_of", "target_size", "window_coordinates"]

Array = NDArray[Any]


class Coordinates(NamedTuple):
    """Synapses as (n_synapses,) columns, in the order in which an operation yields them."""

    pre: Array
    """Source neuron of each synapse."""
    post: Array
    """Target neuron of each synapse."""
    weights: Array
    """Weight of each synapse."""


def coordinates_of(operation: Operation, n_source: int, *, keep_zeros: bool = False) -> Coordinates:
    """Return the synapses of a valid operation on `n_source` neurons in its own order, zero weights of kernels included.

    `keep_zeros`: whether weights 0 of a dense operation are synapses too.
    """
    if isinstance(operation, Dense):
        by_source = np.ascontiguousarray(operation.weights.T)
        pre, post = np.nonzero(np.ones_like(by_source) if keep_zeros else by_source)
        return Coordinates(pre, post, by_source[pre, post])
    if isinstance(operation, Sparse):
        return Coordinates(operation.pre, operation.post, operation.weights)
    if isinstance(operation, OneToOne):
        index = np.arange(n_source)
        return Coordinates(index, index, np.broadcast_to(operation.weights, (n_source,)))
    if isinstance(operation, Chain):
        product = coordinates_of(operation.operations[0], n_source)
        size = target_size(operation.operations[0], n_source)
        for step in operation.operations[1:]:
            product, size = _composed(product, coordinates_of(step, size), n_source), target_size(step, size)
        return product
    if isinstance(operation, PROCEDURAL):
        raise TypeError("internal: drawn synapses are written out by their connectivity")
    return window_coordinates(window_of(operation))


def target_size(operation: Operation, n_source: int) -> int:
    """Return the number of target neurons of a valid operation on `n_source` neurons."""
    if isinstance(operation, Dense):
        return int(operation.weights.shape[0])
    if isinstance(operation, (Sparse, *PROCEDURAL)):
        return operation.shape[0]
    if isinstance(operation, OneToOne):
        return n_source
    if isinstance(operation, Chain):
        for step in operation.operations:
            n_source = target_size(step, n_source)
        return n_source
    return prod(output_shape(window_of(operation)))


def _axis(window: Window, axis: int) -> tuple[Array, Array, Array]:
    """(tap, output position, source position) of one axis, without taps on the padding."""
    at, inside = taps_at(window, axis, np.arange(output_shape(window)[1 + axis]))
    tap, place = np.nonzero(inside.T)
    return tap, place, at[place, tap]


def window_coordinates(window: Window) -> Coordinates:
    """Return the synapses of a convolution: one per weight and position at which it meets a source neuron."""
    _, height, width = window.input_shape
    out_channels, out_height, out_width = output_shape(window)
    per_group, kernel = window.weights.shape[1], window.weights.shape[2:]
    (tap_y, out_y, in_y), (tap_x, out_x, in_x) = _axis(window, 0), _axis(window, 1)
    post = (out_y[:, None] * out_width + out_x[None, :]).ravel()
    pre = (in_y[:, None] * width + in_x[None, :]).ravel()
    tap = (tap_y[:, None] * kernel[1] + tap_x[None, :]).ravel()
    channel: Array = np.arange(out_channels)
    first: Array = np.floor_divide(channel, out_channels // window.groups) * per_group
    source: Array = np.add.outer(first, np.arange(int(per_group)))
    shape = (out_channels, per_group, post.size)
    pre = np.broadcast_to(source[:, :, None] * (height * width) + pre, shape).ravel()
    post = np.broadcast_to(channel[:, None, None] * (out_height * out_width) + post, shape).ravel()
    weights = window.weights.reshape(out_channels, per_group, -1)[:, :, tap].ravel()
    return Coordinates(pre, post, weights)


def _composed(first: Coordinates, second: Coordinates, n_pre: int) -> Coordinates:
    """Return the product of two operations; the targets of `first` are the sources of `second`.

    Synapses between the same pair of neurons are summed. `n_pre`: source neurons of `first`.
    """
    order = np.argsort(first.post, kind="stable")
    sorted_post = first.post[order]
    low, high = np.searchsorted(sorted_post, second.pre, "left"), np.searchsorted(sorted_post, second.pre, "right")
    count = high - low
    take = places_of(low, count)
    pre, post = first.pre[order][take], np.repeat(second.post, count)
    weights = first.weights[order][take] * np.repeat(second.weights, count)
    key = post.astype(np.int64) * n_pre + pre
    order = np.argsort(key, kind="stable")
    key, weights = key[order], weights[order]
    starts = np.flatnonzero(np.r_[True, np.diff(key) != 0]) if key.size else np.zeros(0, dtype=np.int64)
    summed = np.add.reduceat(weights, starts) if key.size else weights
    return Coordinates(key[starts] % n_pre, key[starts] // n_pre, summed)
