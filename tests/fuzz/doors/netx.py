"""netx files: HDF5 groups of layers, of several kinds."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from mutate import spoil_bytes, spoil_hdf5

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load

CUBA = {"type": "CUBA", "iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 1, "gradedSpike": 0, "wgtExp": 0}
LAYERS = (
    {"type": "input", "shape": [2, 6, 6], "neuron": CUBA, "weight": [36.0], "bias": [4.0]},
    {
        "type": "conv",
        "shape": [3, 5, 5],
        "neuron": CUBA,
        "weight": np.arange(24.0).reshape(3, 2, 2, 2, 1) * 2 - 20,
        "bias": np.array([2.0, -4.0, 0.0]),
        "stride": [1, 1],
        "padding": [0, 0],
        "dilation": [1, 1],
        "groups": 1,
        "delay": np.array([0.0, 2.0, 3.0]),
    },
    {"type": "flatten", "shape": [75, 1, 1]},
    {
        "type": "dense",
        "shape": [4],
        "neuron": CUBA,
        "weight": np.arange(300.0).reshape(4, 75) % 50 * 2 - 50,
        "delay": np.arange(4.0),
    },
    {"type": "dense", "shape": [2], "weight": np.array([[2.0, -2.0, 3.0, 5.0]] * 2), "delay": np.ones((2, 4))},
)

SDNN = {"type": "SDNN", "activation": "relu", "vThMant": 6, "messageBits": 16}
SIGMA_DELTA = (
    {"type": "input", "shape": [2, 6, 6], "neuron": SDNN},
    {key: value for key, value in LAYERS[1].items() if key != "delay"} | {"neuron": SDNN},
    {"type": "flatten", "shape": [75, 1, 1]},
    {"type": "dense", "shape": [4], "neuron": SDNN, "weight": LAYERS[3]["weight"], "bias": np.arange(4.0)},
    {
        "type": "dense",
        "shape": [1],
        "neuron": SDNN | {"sigma_output": True},
        "weight": np.array([[2.0, -2.0, 4.0, 6.0]]),
    },
)
FILES = {"net.net": LAYERS, "sigma_delta.net": SIGMA_DELTA}


def put(group, fields) -> None:
    for key, value in fields.items():
        if isinstance(value, dict):
            put(group.create_group(key), value)
        else:
            group[key] = value


def make(folder: Path) -> None:
    for name, layers in FILES.items():
        with h5py.File(folder / name, "w") as file:
            top = file.create_group("layer")
            for number, layer in enumerate(layers):
                put(top.create_group(str(number)), layer)


def mutate(folder: Path, dice) -> None:
    path = folder / dice.choice(tuple(FILES))
    if dice.random() < 0.2:
        spoil_bytes(path, dice)
        return
    for _ in range(dice.choice((1, 1, 2, 3))):
        try:
            spoil_hdf5(path, dice)
        except (MemoryError, IndexError):  # an earlier round made a dataset too large to be read, or left nothing
            return


def use(folder: Path) -> None:
    for name in FILES:
        imported = load(folder / name, ImportOptions(dt_s=1e-3))
        compile_network(imported.network, load_target("loihi2"), CompileOptions(fixes=False))
