"""The networks that are raced: integer weights, Loihi's CUBA-LIF registers, every choice seeded.

All weights are even, so that no peer's truncation of mixed-sign 8-bit weights changes one. Inputs are Bernoulli
spikes, 5 % of the lines in each step; thresholds are such that a layer fires at about 5 % too. Nothing here depends on a
peer: the peers get the arrays of a `Case` (`Case.save`), and `networks.py` makes our own description of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CASES", "DU", "DV", "RATE", "Case", "Conv", "Csr", "Layer", "Link", "build", "single"]

Array = NDArray[Any]
DU, DV, RATE = 2048, 256, 0.05
"""Decay registers of current and voltage, the same for every neuron; share of the input lines that spike in a step."""


@dataclass(frozen=True)
class Layer:
    """Neurons with one threshold; `shape` is (channels, height, width) where a convolution made them."""

    name: str
    shape: tuple[int, ...]
    vth: int
    bias: Array | None = None
    bias_exp: int = 0

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Csr:
    """Synapses by source: those of source k are indptr[k] .. indptr[k + 1], sorted by target."""

    indptr: Array
    indices: Array
    data: Array


@dataclass(frozen=True)
class Conv:
    """Valid padding; weights (out channels, in channels, kernel, kernel), as in PyTorch: not flipped."""

    source_shape: tuple[int, int, int]
    weights: Array
    stride: int


@dataclass(frozen=True)
class Link:
    """Synapses from one layer or input to one layer: a dense (pre, post) matrix, a sparse one, or a convolution."""

    source: str
    target: str
    dense: Array | None = None
    csr: Csr | None = None
    conv: Conv | None = None

    @property
    def synapses(self) -> int:
        """Weights that are not 0, a convolution written out."""
        if self.dense is not None:
            return int(np.count_nonzero(self.dense))
        return self.as_csr().data.size

    def as_csr(self) -> Csr:
        """Return the synapses one by one, zeros left out; a convolution is written out."""
        if self.csr is not None:
            return without_zeros(self.csr)
        if self.conv is not None:
            return expand(self.conv)
        assert self.dense is not None
        pre, post = np.nonzero(self.dense)
        indptr = np.concatenate([[0], np.cumsum(np.count_nonzero(self.dense, axis=1))])
        return Csr(indptr.astype(np.int64), post.astype(np.int32), self.dense[pre, post].astype(np.int32))


@dataclass(frozen=True)
class Case:
    """One workload. `steps` is how long our own run of it is timed; slow peers run fewer of the same steps."""

    key: str
    title: str
    steps: int
    layers: tuple[Layer, ...]
    links: tuple[Link, ...]
    inputs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    target: str = "loihi1"
    board: str | None = None

    @property
    def stationary(self) -> bool:
        """Whether its first steps are like all others: driven by its input from the start, and not deep."""
        return bool(self.inputs) and len(self.layers) <= 3

    @property
    def neurons(self) -> int:
        return sum(layer.size for layer in self.layers)

    def events(self, steps: int, seed: int = 1) -> dict[str, Array]:
        """Return input -> (n, 2) int32 rows (step from 1, line), sorted. A longer run begins with the same rows."""
        return {name: bernoulli(math.prod(shape), steps, seed) for name, shape in self.inputs.items()}

    def save(self, folder: Path, steps: int) -> None:
        """Write what a peer needs: arrays in case.npz, the rest in case.json; convolutions written out."""
        arrays: dict[str, Array] = {}
        links = []
        for number, link in enumerate(self.links):
            kind = "csr" if link.dense is None else "dense"
            links.append({"source": link.source, "target": link.target, "kind": kind})
            if link.dense is not None:
                arrays[f"link{number}.dense"] = link.dense
                continue
            csr = link.as_csr()
            arrays |= {f"link{number}.{name}": getattr(csr, name) for name in ("indptr", "indices", "data")}
        for name, rows in self.events(steps).items():
            arrays[f"input.{name}"] = rows
        layers = []
        for layer in self.layers:
            layers.append({"name": layer.name, "size": layer.size, "vth": layer.vth, "bias_exp": layer.bias_exp})
            if layer.bias is not None:
                arrays[f"bias.{layer.name}"] = layer.bias
        inputs = [{"name": name, "size": math.prod(shape)} for name, shape in self.inputs.items()]
        about = {"key": self.key, "du": DU, "dv": DV, "layers": layers, "links": links, "inputs": inputs}
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "case.npz", **arrays)  # pyright: ignore[reportArgumentType]
        (folder / "case.json").write_text(json.dumps(about))


def bernoulli(lines: int, steps: int, seed: int = 1) -> Array:
    """Return (n, 2) rows (step, line) of spikes at RATE; drawn row by row, so memory does not grow with n."""
    rng, rows, block = np.random.default_rng(seed), [], max(1, 4_000_000 // lines)
    for first in range(0, steps, block):
        step, line = np.nonzero(rng.random((min(block, steps - first), lines)) < RATE)
        rows.append(np.stack([step + first + 1, line], axis=1).astype(np.int32))
    return np.concatenate(rows)


def without_zeros(csr: Csr) -> Csr:
    """Return the synapses that have a weight."""
    kept = csr.data != 0
    if kept.all():
        return csr
    before = np.concatenate([[0], np.cumsum(kept)])
    return Csr(before[csr.indptr], csr.indices[kept], csr.data[kept])


def expand(conv: Conv) -> Csr:
    """Return the synapses of a convolution one by one, by source, zeros left out; neurons count channel first."""
    channels, height, width = conv.source_shape
    kernel = conv.weights.shape[2]
    out_h, out_w = (height - kernel) // conv.stride + 1, (width - kernel) // conv.stride + 1
    o, c, ky, kx = (axis.ravel() for axis in np.indices(conv.weights.shape))
    weights = conv.weights.ravel()
    o, c, ky, kx, weights = (part[weights != 0] for part in (o, c, ky, kx, weights))
    y, x = (axis.ravel() for axis in np.indices((out_h, out_w)))
    pre = (c[:, None] * height + y * conv.stride + ky[:, None]) * width + x * conv.stride + kx[:, None]
    post = (o[:, None] * out_h + y) * out_w + x
    pre, post = pre.astype(np.int32).ravel(), post.astype(np.int32).ravel()
    order = np.lexsort((post, pre))
    counts = np.bincount(pre, minlength=channels * height * width)
    data = np.repeat(weights, out_h * out_w).astype(np.int32)
    return Csr(np.concatenate([[0], np.cumsum(counts)]), post[order], data[order])


def _even(rng: np.random.Generator, shape: tuple[int, ...], low: int, high: int) -> Array:
    return (rng.integers(low // 2, high // 2 + 1, size=shape) * 2).astype(np.int32)


def _feed_forward(
    key: str, title: str, steps: int, sizes: list[int], vth: list[int], ranges: list[tuple[int, int]]
) -> Case:
    rng = np.random.default_rng(0)
    weights = [_even(rng, (sizes[k], sizes[k + 1]), *ranges[k]) for k in range(len(vth))]
    names = ["input", *(f"layer{k + 1}" for k in range(len(vth)))]
    return Case(
        key,
        title,
        steps,
        layers=tuple(Layer(names[k + 1], (sizes[k + 1],), vth[k]) for k in range(len(vth))),
        links=tuple(Link(names[k], names[k + 1], dense=matrix) for k, matrix in enumerate(weights)),
        inputs={"input": (sizes[0],)},
    )


def w1() -> Case:
    """256 -> 256, every weight in -60..90."""
    return _feed_forward("w1", "256 -> 256 dense", 100_000, [256, 256], [4263], [(-60, 90)])


def w2() -> Case:
    """784 -> 512 -> 256 -> 10."""
    sizes, ranges = [784, 512, 256, 10], [(-60, 70), (-60, 90), (-60, 90)]
    return _feed_forward("w2", "784 -> 512 -> 256 -> 10 dense", 40_000, sizes, [4471, 8726, 4153], ranges)


def w3(n: int = 10_000, fan_out: int = 100) -> Case:
    """10,000 -> 10,000, each source with 100 targets: one million synapses."""
    rng = np.random.default_rng(0)
    post = np.sort(np.stack([rng.choice(n, fan_out, replace=False) for _ in range(n)]), axis=1)
    weights = (rng.integers(-30, 46, size=(n, fan_out)) * 2).astype(np.int32)
    weights[weights == 0] = 2
    csr = Csr(np.arange(0, n * fan_out + 1, fan_out), post.ravel().astype(np.int32), weights.ravel())
    layer, link = Layer("layer1", (n,), 1731), Link("input", "layer1", csr=csr)
    return Case("w3", "10k -> 10k sparse, 1M synapses", 4_000, (layer,), (link,), {"input": (n,)}, board="kapoho_bay")


def _driven(key: str, title: str, steps: int, csr: Csr, bias: Array, **where: Any) -> Case:
    """A recurrent network without input: the bias makes it fire."""
    layer = Layer("cells", (bias.size,), 1000, bias, bias_exp=7)
    return Case(key, title, steps, (layer,), (Link("cells", "cells", csr=csr),), **where)


def w4(cores: int = 128, per_core: int = 1024, fan_out: int = 48, seed: int = 0) -> Case:
    """A filled Loihi 1 chip: each neuron has 24 targets in each of the two cores that follow its own.

    A core therefore has 2,048 input axons, 2,048 output axons and 14,336 words of sparse synapses, and it fits.
    """
    rng, n, half = np.random.default_rng(seed), cores * per_core, fan_out // 2
    core = np.repeat(np.arange(cores), per_core)
    picks = []
    for ahead in (1, 2):
        chosen = np.argpartition(rng.random((n, per_core), dtype=np.float32), half, axis=1)[:, :half]
        picks.append(chosen + (((core + ahead) % cores) * per_core)[:, None])
    post = np.sort(np.concatenate(picks, axis=1), axis=1).astype(np.int32)
    weights = (rng.integers(-15, 16, size=post.shape) * 2).astype(np.int32)
    bias = rng.integers(28, 59, size=n).astype(np.int32)
    csr = Csr(np.arange(0, n * fan_out + 1, fan_out), post.ravel(), weights.ravel())
    return _driven("w4", "a Loihi 1 chip filled: 131k neurons, 6.3M synapses", 2_000, csr, bias)


W5_INPUT = (3, 66, 200)
W5_CONV = [(24, 3, 2), (36, 3, 2), (48, 3, 2), (64, 3, 2), (64, 3, 1)]
"""(out channels, kernel, stride), valid padding."""
W5_DENSE = [100, 50, 10]
W5_VTH = [640, 3208, 5464, 7360, 9888, 9976, 1880, 1048]
"""Found once by a float simulation of 240 steps, so that each layer fires at about 5 % once it has settled."""


def w5() -> Case:
    """PilotNet's shapes: five convolutions and three dense layers on 66 x 200 pixels of three channels."""
    rng, shape, name = np.random.default_rng(0), W5_INPUT, "input"
    layers, links = [], []
    for number, (channels, kernel, stride) in enumerate(W5_CONV):
        conv = Conv(shape, _even(rng, (channels, shape[0], kernel, kernel), -60, 90), stride)
        shape = (channels, (shape[1] - kernel) // stride + 1, (shape[2] - kernel) // stride + 1)
        layers.append(Layer(f"conv{number + 1}", shape, W5_VTH[number]))
        links.append(Link(name, layers[-1].name, conv=conv))
        name = layers[-1].name
    size = math.prod(shape)
    for number, width in enumerate(W5_DENSE):
        layers.append(Layer(f"dense{number + 1}", (width,), W5_VTH[len(W5_CONV) + number]))
        links.append(Link(name, layers[-1].name, dense=_even(rng, (size, width), -60, 90)))
        size, name = width, layers[-1].name
    inputs = {"input": W5_INPUT}
    return Case("w5", "PilotNet's convolutions", 500, tuple(layers), tuple(links), inputs, board="nahuku32")


PD14_SIZES = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
PD14_PROBABILITY = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
]
"""Neurons of the eight populations and connection probabilities [target][source]: Potjans and Diesmann, Cerebral
Cortex 24(3), 2014, table 5."""


class Pairs(NamedTuple):
    """Connected pairs of two populations of the microcircuit, sorted by source and target, each pair once."""

    source_population: int
    target_population: int
    source: Array
    """(n,) source neuron, counted within its population."""
    target: Array
    """(n,) target neuron, counted within its population."""


def pd14_sizes(scale: float) -> Array:
    """Return the (8,) neurons of each population."""
    return np.round(np.array(PD14_SIZES) * scale).astype(int)


def pd14_pairs(scale: float, k_scale: float, seed: int = 3) -> Iterator[Pairs]:
    """Yield the random pairs of each projection of the microcircuit; doubles and self-connections are left out.

    Takes the memory of one projection: at full scale at most 45 million pairs at a time.
    """
    rng, sizes = np.random.default_rng(seed), pd14_sizes(scale)
    first = np.concatenate([[0], np.cumsum(sizes)])
    for post, row in enumerate(PD14_PROBABILITY):
        for pre, probability in enumerate(row):
            if not probability:
                continue
            pairs = math.log(1 - 1 / (PD14_SIZES[post] * PD14_SIZES[pre]))
            count = round(math.log(1 - probability) / pairs * scale * k_scale)
            source = rng.integers(first[pre], first[pre + 1], count) - first[pre]
            target = rng.integers(first[post], first[post + 1], count) - first[post]
            key = (source * sizes[post] + target)[(source != target) | (pre != post)].astype(np.uint32)
            key.sort()  # numpy's unique hashes, which takes a hundred times longer
            key = key[np.flatnonzero(np.diff(key, prepend=key[:1] - np.uint32(1)))]
            yield Pairs(pre, post, key // np.uint32(sizes[post]), key % np.uint32(sizes[post]))


def pd14_synapses(scale: float = 0.1, k_scale: float = 0.1, seed: int = 3) -> tuple[Array, Array, Array]:
    """Return (neurons of each population, source, target) of the microcircuit, sorted, neurons numbered over all of it."""
    sizes = pd14_sizes(scale)
    first = np.concatenate([[0], np.cumsum(sizes)])
    keys = [
        (item.source + first[item.source_population]) * first[-1] + item.target + first[item.target_population]
        for item in pd14_pairs(scale, k_scale, seed)
    ]
    key = np.sort(np.concatenate(keys))
    return sizes, key // first[-1], key % first[-1]


def w6() -> Case:
    """The connectivity of the cortical microcircuit at 10 % of its neurons and in-degrees, weights and drive as w4's."""
    sizes, source, target = pd14_synapses()
    n = int(sizes.sum())
    rng = np.random.default_rng(0)
    weights = (rng.integers(-15, 16, size=source.size) * 2).astype(np.int32)
    bias = rng.integers(28, 59, size=n).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))])
    csr = Csr(indptr, target.astype(np.int32), weights)
    title = "PD14 connectivity at 10 %: 7.7k neurons, 2.8M synapses"
    return _driven("w6", title, 4_000, csr, bias, target="loihi2", board="kapoho_point")


def tiny(n: int = 100) -> Case:
    """A small recurrent net, where nothing but the cost of a step counts: every neuron reaches every neuron."""
    rng = np.random.default_rng(0)
    weights = _even(rng, (n, n), -60, 60)
    bias = rng.integers(28, 59, size=n).astype(np.int32)
    layer = Layer("cells", (n,), 1000, bias, bias_exp=7)
    return Case("tiny", "100 neurons, recurrent, dense", 400_000, (layer,), (Link("cells", "cells", dense=weights),))


def single() -> Case:
    """One neuron: the baseline of memory and time of any program."""
    return Case("single", "one neuron", 100, (Layer("cell", (1,), 1000, np.array([40], dtype=np.int32), 7),), ())


CASES: dict[str, Callable[[], Case]] = {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w5": w5, "w6": w6, "tiny": tiny}


def build(key: str) -> Case:
    """Return the workload of that key."""
    return CASES[key]()
