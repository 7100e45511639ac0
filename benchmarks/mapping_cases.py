"""The networks that are mapped, and the figures to beat. Sizes and seeds are fixed, so a case is the same everywhere.

Only connectivity matters to a mapping: weights are even 8-bit integers, drawn where a case does not need their values.
Rates (spikes per second, or per step for the layered cases) weigh the traffic of a case; nothing is simulated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from workloads import pd14_synapses

import neurodeploy as nd
from neurodeploy.network.operations import Conv2d, Dense, Operation, Sparse, WeightFormat

__all__ = ["CASES", "MapCase", "mobilenet", "pseudo_mobilenet", "torus"]

Array = NDArray[Any]
FORMAT = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
LAYER_RATE = 0.1
"""Spikes per step and neuron of the layered cases."""


@dataclass(frozen=True)
class MapCase:
    """One row of the table."""

    key: str
    title: str
    build: Callable[[], tuple[nd.Network, dict[str, Array]]]
    """Return the network and the rate of every neuron, by population."""
    known: str
    """Best known mapping."""
    reach: int
    """Cores to reach."""
    rules: tuple[str, ...] = ("nengo-loihi",)
    level: int = 2
    quick: bool = True
    hops_under: float | None = None
    """Share of the spikes x hops of first fit, row by row, that are to be saved."""


def _neuron(reset: str = "zero") -> nd.LoihiCuba:
    return nd.LoihiCuba(du=4095, dv=256, vth_mant=512, reset=reset)  # type: ignore[arg-type]


def _weights(shape: Any) -> Array:
    """Even mantissas, none of them 0."""
    return 2 * np.random.default_rng(7).integers(1, 60, shape, dtype=np.int16)


def _network(name: str, inputs: dict[str, int], layers: list[tuple[str, Any]], links: list[tuple[str, str, Operation]],
             reset: str = "zero") -> nd.Network:  # fmt: skip
    return nd.Network(
        name=name,
        time=nd.Time(dt_s=1e-3),
        inputs=tuple(nd.Input(name=key, shape=size) for key, size in inputs.items()),
        populations=tuple(nd.Population(name=key, shape=shape, neuron=_neuron(reset)) for key, shape in layers),
        projections=tuple(
            nd.Projection(name=f"{a}_to_{b}", source=a, target=b, operation=operation, weight_format=FORMAT)
            for a, b, operation in links
        ),
    )


def mlp() -> tuple[nd.Network, dict[str, Array]]:
    """784 -> 512 -> 256 -> 10, dense."""
    sizes = [784, 512, 256, 10]
    names = ["in", "l1", "l2", "l3"]
    links = [
        (a, b, Dense(weights=_weights((m, n)))) for a, b, n, m in zip(names, names[1:], sizes, sizes[1:], strict=False)
    ]
    layers = [(name, size) for name, size in zip(names[1:], sizes[1:], strict=True)]
    return _network("mlp", {"in": 784}, layers, links), {name: np.full(size, LAYER_RATE) for name, size in layers}


def dense_1024() -> tuple[nd.Network, dict[str, Array]]:
    """1024 neurons to 1024 neurons, dense."""
    links = [("a", "b", Dense(weights=_weights((1024, 1024))))]
    rates = {"a": np.full(1024, LAYER_RATE), "b": np.full(1024, LAYER_RATE)}
    return _network("dense", {}, [("a", 1024), ("b", 1024)], links), rates


def lognormal_rates(rng: np.random.Generator, n: int, mean: float = 5.0, cv: float = 1.58) -> Array:
    """(n,) spikes per second with the given mean and coefficient of variation before scaling."""
    drawn = rng.lognormal(0, math.sqrt(math.log(1 + cv * cv)), n)
    return drawn * mean / drawn.mean()


def torus(n: int, fan_out: int, sigma: float, far: float, seed: int = 1) -> tuple[Array, Array, Array, Array]:
    """(positions, rates, source, target): neurons scattered over a 2-D torus, in random order.

    Of `fan_out` synapses a share `far` goes anywhere, the others to a neuron of the grid cell in which a Gaussian offset
    ends; pairs that were drawn twice count once, and no neuron reaches itself.
    """
    rng = np.random.default_rng(seed)
    position = rng.random((n, 2))
    side = int(math.sqrt(n / 4))
    by_cell, first = _cells_of(position, side)
    near = int(fan_out * (1 - far))
    spans = [(start, min(start + SOURCES, n)) for start in range(0, n, SOURCES)]
    inside = [_ends(rng, position[a:b], near, sigma, side) for a, b in spans]
    post = [_members(rng, cells, by_cell, first) for cells in inside]
    anywhere = rng.integers(0, n, n * (fan_out - near))
    pairs = list[tuple[Array, Array]]()
    for (a, b), drawn in zip(spans, post, strict=True):
        source = np.r_[np.repeat(np.arange(a, b), near), np.repeat(np.arange(a, b), fan_out - near)]
        ends = np.r_[drawn, anywhere[a * (fan_out - near) : b * (fan_out - near)]]
        keep = (ends >= 0) & (ends != source)
        key = np.unique(source[keep] * n + ends[keep])
        pairs.append(((key // n).astype(np.int32), (key % n).astype(np.int32)))
    return position, lognormal_rates(rng, n), *(np.concatenate(part) for part in zip(*pairs, strict=True))


SOURCES = 20_000
"""Sources whose synapses are drawn at a time."""


def _cells_of(position: Array, side: int) -> tuple[Array, Array]:
    """(neurons by cell of a grid, first of each cell)."""
    place = (position * side).astype(int).clip(0, side - 1)
    cell = place[:, 0] * side + place[:, 1]
    return np.argsort(cell), np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=side * side))])


def _ends(rng: np.random.Generator, position: Array, near: int, sigma: float, side: int) -> Array:
    """Grid cells in which offsets from some neurons end, `near` from each."""
    end = (np.repeat(position, near, axis=0) + rng.normal(0, sigma, (len(position) * near, 2))) % 1.0
    ends = (end * side).astype(int).clip(0, side - 1)
    return (ends[:, 0] * side + ends[:, 1]).astype(np.int32)


def _members(rng: np.random.Generator, cells: Array, by_cell: Array, first: Array) -> Array:
    """One neuron of each cell, -1 for empty cells."""
    many = first[cells + 1] - first[cells]
    drawn = first[cells] + (rng.random(len(cells)) * np.maximum(many, 1)).astype(int)
    return np.where(many > 0, by_cell[np.minimum(drawn, len(by_cell) - 1)], -1).astype(np.int32)


RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
"""Mean rates (1/s) of the cortical microcircuit, layers 2/3e 2/3i 4e 4i 5e 5i 6e 6i: Potjans and Diesmann, Cerebral Cortex
24(3), 2014, figure 6."""


def _cells(name: str, n: int, pre: Array, post: Array, rates: Array) -> tuple[nd.Network, dict[str, Array]]:
    post, pre = post.astype(np.int32, copy=False), pre.astype(np.int32, copy=False)
    operation = Sparse(shape=(n, n), post=post, pre=pre, weights=_weights(pre.size))
    return _network(name, {}, [("cells", n)], [("cells", "cells", operation)]), {"cells": rates}


def spatial() -> tuple[nd.Network, dict[str, Array]]:
    """100,000 neurons, 9,405,084 synapses."""
    _, rates, pre, post = torus(100_000, 100, 0.03, 0.1)
    return _cells("spatial", rates.size, pre, post, rates)


def million() -> tuple[nd.Network, dict[str, Array]]:
    """1,000,000 neurons, 100 million synapses, all local: as many neighbours within sigma as `spatial` has."""
    _, rates, pre, post = torus(1_000_000, 106, 0.03 / math.sqrt(10), 0.0)
    return _cells("million", rates.size, pre, post, rates)


def cortex() -> tuple[nd.Network, dict[str, Array]]:
    """7,717 neurons, 2,847,246 synapses, one population."""
    sizes, pre, post = pd14_synapses()
    return _cells("cortex", int(sizes.sum()), pre, post, np.repeat(RATES, sizes))


def _layered(name: str, shape: tuple[int, int, int], layers: list[tuple[str, int, int, int, int]], reset: str) -> Any:
    """Layers (kind, channels in, out, kernel, stride) with 'same' padding on square maps."""
    size, channels = shape[1], shape[0]
    before, built, links = "in", list[tuple[str, Any]](), list[tuple[str, str, Operation]]()
    for number, (kind, _, out, kernel, stride) in enumerate(layers):
        here, source = f"{number:02d}_{kind}", (channels, size, size)
        if kind == "dense":
            operation: Operation = Dense(weights=_weights((out, channels * size * size)))
            new_shape: Any = out
        else:
            wide, step = (size, size) if kind == "gap" else (kernel, stride)
            groups = 1 if kind == "conv" else channels
            new = -(-size // step)
            padding = 0 if kind == "gap" else max((new - 1) * step + wide - size, 0)
            pads = (padding // 2, padding - padding // 2)
            operation = _convolution(source, _weights((out, channels // groups, wide, wide)), step, pads, groups)
            size, new_shape = new, (out, new, new)
        built.append((here, new_shape))
        links.append((before, here, operation))
        before, channels = here, out
    network = _network(name, {"in": shape}, built, links, reset)  # type: ignore[dict-item]
    return network, {item.name: np.full(item.size, LAYER_RATE) for item in network.populations}


def _convolution(shape: Any, weights: Array, stride: int, pads: tuple[int, int], groups: int) -> Operation:
    """A convolution padded on one side only where the other would be idle: a stride of 2 on an even map."""
    low, high = pads
    if low != high:  # the kernel is widened by zeros at its near side, which are no synapses
        grown = np.zeros((*weights.shape[:2], weights.shape[2] + 1, weights.shape[3] + 1), dtype=weights.dtype)
        grown[:, :, 1:, 1:] = weights
        weights, low = grown, high
    return Conv2d(input_shape=shape, weights=weights, stride=(stride, stride), padding=(low, low), groups=groups)


def pseudo_mobilenet() -> Any:
    """The CIFAR-10 network of NxTF's tutorial: 76,810 neurons; its last pooling is a depthwise 2x2 of stride 2."""
    layers = [("conv", 3, 32, 3, 2), ("dw", 32, 32, 3, 1), ("conv", 32, 64, 1, 1), ("dw", 64, 64, 3, 2)]
    layers += [("conv", 64, 128, 1, 1), ("dw", 128, 128, 3, 1), ("conv", 128, 128, 1, 1), ("dw", 128, 128, 3, 2)]
    layers += [("conv", 128, 256, 1, 1), ("dw", 256, 256, 3, 1), ("conv", 256, 256, 1, 1), ("dw", 256, 256, 2, 2)]
    return _layered("pseudo_mobilenet", (3, 32, 32), [*layers, ("dense", 1024, 10, 1, 1)], "subtract")


def mobilenet(side: int, stride: int, classes: int, reset: str) -> Any:
    """MobileNet v1, width 1: 13 pairs of depthwise and pointwise convolutions behind a stem, a global pool, a dense layer."""
    layers, channels = [("conv", 3, 32, 3, stride)], 32
    blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for out, step in blocks:
        layers += [("dw", channels, channels, 3, step), ("conv", channels, out, 1, 1)]
        channels = out
    layers += [("gap", channels, channels, 0, 0), ("dense", channels, classes, 1, 1)]
    return _layered(f"mobilenet_{side}", (3, side, side), layers, reset)


BOTH = ("nengo-loihi", "nxtf")
CASES = {
    case.key: case
    for case in (
        MapCase("mlp", "MLP 784-512-256-10", mlp, "7 cores (nengo-loihi's rule)", 5),
        MapCase("dense", "dense 1024 -> 1024", dense_1024, "nengo-loihi: BuildError", 128),
        MapCase("pd", "Potjans-Diesmann 10 %", cortex, "sequential 470", 405, hops_under=0.25),
        MapCase("spatial", "100k-neuron spatial net, no positions", spatial, "sequential 2,349; METIS infeasible", 660, quick=False, hops_under=0.9),
        MapCase("million", "1 M neurons, 100 M synapses, local", million, "none", 1152 * 128, level=1, quick=False),
        MapCase("b1", "pseudo-MobileNet CIFAR-10, soft reset", pseudo_mobilenet, "NxTF 157", 152, BOTH),
        MapCase("b2", "MobileNet-v1 CIFAR-10, soft reset", lambda: mobilenet(32, 1, 10, "subtract"), "NxTF 861", 812, BOTH, quick=False),
        MapCase("b3", "MobileNet-v1 128x128, 1000 classes", lambda: mobilenet(128, 2, 1000, "zero"), "NxTF 16 chips", 13 * 128, BOTH, quick=False),
    )
}  # fmt: skip
"""By key; a case of level 1 is too large for the slow moves."""
