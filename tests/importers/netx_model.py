"""A slow model of the layers that netx builds, read from a file by itself: dense, recurrent and convolutional LIF layers.

Equations: dense and lif models of lava-nc 0.10.0 (fixed point), with the delays of its DelayDense.
"""

from __future__ import annotations

import h5py
import numpy as np

__all__ = ["PAST", "slow"]

PAST = 64
"""Steps before the first in which nothing was sent; more than the longest delay."""


def toward_zero(value):
    return np.sign(value) * (np.abs(value) >> 12)


def images(group, before):
    """Weights of a convolution as a matrix: one row for each neuron, written out window by window."""
    kernel = group["weight"][()].astype(np.int64).reshape(group["weight"].shape[:4])
    (rows, columns), stride = before[1:], group["stride"][()]
    shape = tuple(group["shape"][()])
    matrix = np.zeros((*shape, *before), dtype=np.int64)
    for i in range(shape[1]):
        for j in range(shape[2]):
            for k in range(kernel.shape[2]):
                for m in range(kernel.shape[3]):
                    row, column = i * stride[0] + k, j * stride[1] + m
                    assert max(row - rows, column - columns) < 0  # these files have no padding
                    matrix[:, i, j, :, row, column] = kernel[:, :, k, m]
    return matrix.reshape(np.prod(shape), np.prod(before))


def matrix_of(delays, weights):
    """Delays as netx makes them a matrix: one for all, else one for each neuron, source or synapse; 62 at most."""
    if weights is None:
        return None
    if np.shape(delays) == (weights.shape[0],):
        delays = np.reshape(delays, (-1, 1))
    return np.minimum(np.broadcast_to(delays, weights.shape), 62)


def arriving(weights, sent, rows):
    """Sum over the sources of each neuron of weight times what was sent in row rows[neuron, source]."""
    return (weights * sent[rows, np.arange(weights.shape[1])]).sum(axis=1)


class Layer:
    """One layer as netx builds it: synapses with delays, then lava's LIF. `sent[PAST + t]`: spikes of step t."""

    def __init__(self, group, before, steps):
        kind = group["type"][0]
        self.size = int(np.prod(group["shape"][()]))
        neuron = {key: int(value[()]) for key, value in group.get("neuron", {}).items() if key != "type"}
        # a layer without neurons: u keeps everything, v keeps nothing
        self.keep_u, self.keep_v = 4096 - neuron.get("iDecay", 0), 4096 - neuron.get("vDecay", 4096)
        self.threshold = neuron.get("vThMant", 1 << 17) << 6
        bias = (
            group["bias"][()].astype(np.int64) if "bias" in group and kind != b"input" else np.zeros(1, dtype=np.int64)
        )
        self.bias = np.repeat(bias, self.size // bias.size) << 6
        self.weights = images(group, before) if kind == b"conv" else None
        if kind in (b"dense", b"dense_rec", b"recurrent"):
            self.weights = group["weight"][()].astype(np.int64)
        self.recurrent = next(
            (group[key][()].astype(np.int64) for key in ("recWeight", "weight_rec") if key in group), None
        )
        self.delays = matrix_of(group["delay"][()].astype(int) if "delay" in group else 0, self.weights)
        self.u, self.v = (np.zeros((steps + 1, self.size), dtype=np.int64) for _ in range(2))
        self.sent = np.zeros((PAST + steps + 1, self.size), dtype=np.int64)

    def step(self, t, source, current):
        """`source`: spikes of the layer before, numbered as `sent`; `current`: added to v."""
        u = toward_zero(self.u[t - 1] * self.keep_u)
        if self.weights is not None:
            u += arriving(self.weights, source, PAST + t - 1 - self.delays) << 6
        if self.recurrent is not None:
            # netx gives recurrent synapses the same delays, which here differ by neuron at most
            u += arriving(self.recurrent, self.sent, PAST + t - 1 - self.delays[:, :1]) << 6
        v = toward_zero(self.v[t - 1] * self.keep_v) + u + self.bias + current
        self.sent[PAST + t] = v > self.threshold
        self.u[t], self.v[t] = u, np.where(v > self.threshold, 0, v)


def slow(path, values, steps):
    """Layers by number after `steps` steps. `values`: (steps, lines) spikes, or biases of an input layer with neurons."""
    with h5py.File(path) as file:
        groups = [file[f"layer/{number}"] for number in range(len(file["layer"]))]
        shapes = [tuple(int(side) for side in group["shape"][()]) for group in groups]
        made = [
            None if not {"neuron", "weight"} & set(group) else Layer(group, shapes[number - 1], steps)
            for number, group in enumerate(groups)
        ]
        driven = made[0] is not None and groups[0]["type"][0] == b"input"
    layers = {number: layer for number, layer in enumerate(made) if layer is not None}
    for t in range(1, steps + 1):
        source = np.vstack([np.zeros((PAST + 1, values.shape[1]), dtype=np.int64), values])
        for number, layer in layers.items():
            layer.step(t, source, source[PAST + t - 1] << 6 if driven and number == 0 else 0)
            source = layer.sent
    return layers
