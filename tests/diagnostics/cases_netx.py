"""Triggers of findings about netx files and stimulus files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from diagnostic_cases import net, netx

from neurodeploy.network import Events
from neurodeploy.simulate import SampleValues, encode, load_stimulus

RESONATOR = {"type": b"RF_PHASE", "sinDecay": 500, "cosDecay": 4000, "vThMant": 10}
NEURON = {"type": b"CUBA", "iDecay": 4096, "vDecay": 128, "vThMant": 10}


def delayed_convolution(_):
    kernel = {"type": b"conv", "shape": [1, 2, 2], "weight": [[[[2.0, 4.0], [6.0, -8.0]]]], "delay": [5.0]}
    layer = {f"layer/1/{key}": value for key, value in kernel.items()}
    layer |= {f"layer/1/neuron/{key}": value for key, value in NEURON.items()}
    return netx({"layer/0/type": b"input", "layer/0/shape": [1, 3, 3], **layer}).findings


def layer(number=0, **fields):
    """Fields of a dense layer of two neurons, from one line each."""
    given = {"type": b"dense", "shape": [2], "weight": [[2.0, 4.0], [6.0, -8.0]], **fields}
    plain = {f"layer/{number}/{key}": value for key, value in given.items()}
    return {**plain, **{f"layer/{number}/neuron/{key}": value for key, value in NEURON.items()}}


def resonators():
    fields = layer() | {f"layer/1/neuron/{key}": value for key, value in RESONATOR.items()}
    parts = {"type": b"dense", "shape": [1], "weight/real": [[2.0, 4.0]], "weight/imag": [[6.0, 8.0]]}
    return fields | {f"layer/1/{key}": value for key, value in parts.items()}


def sigma_delta(first=(), last=(), hidden=()):
    """Two lines, two neurons, one neuron; fields of each layer in addition to the usual ones."""
    unit = {"neuron/type": b"SDNN", "neuron/activation": b"relu", "neuron/vThMant": 6}
    layers = (
        {"type": b"input", "shape": [2], **unit, **dict(first)},
        {"type": b"dense", "shape": [2], "weight": [[2.0, 4.0], [6.0, -8.0]], **unit, **dict(hidden)},
        {"type": b"dense", "shape": [1], "weight": [[2.0, 4.0]], **unit, **dict(last)},
    )
    return netx({f"layer/{n}/{key}": value for n, layer in enumerate(layers) for key, value in layer.items()}).findings


def dvs(*times, steps=10):
    network = net(n_in=(2, 2, 2), weights=np.ones((2, 8)), encoder=Events())
    rows = np.array([[0, t, 0, 0, 0] for t in times])
    return encode(network, SampleValues(values={"in": rows}), steps=steps).findings


def small(_):
    return encode(net(encoder="rate"), SampleValues(values={"in": np.array([[0.5, 0.01]])}), steps=4).findings


def recording_of_another_tool(_):
    Path("day.bag").write_bytes(b"#ROSBAG V2.0\n")
    return load_stimulus("day.bag", net())


CASES = {
    "ND057": lambda _: sigma_delta(
        first={"neuron/messageBits": 0},
        hidden={"neuron/activation": b"sigmoid"},
        last={"neuron/sigma_output": True, "bias": [3.0]},
    ),
    "ND058": lambda _: sigma_delta(hidden={"neuron/sigma_output": True}),
    "ND060": lambda _: netx(layer(delay=[3.0, 70.0])).findings,
    "ND061": lambda _: netx(layer(weight=[[2.0, 4.0], [6.0, 90001.0]])),
    "ND062": lambda _: netx(layer(), layers="1:4"),
    "ND063": lambda _: netx(resonators(), reset_interval_steps=64).findings,
    "ND064": delayed_convolution,
    "ND066": lambda _: dvs(10_000_000, 10_000_500),
    "ND067": lambda _: dvs(100, 200),
    "ND068": small,
    "ND069": recording_of_another_tool,
}
