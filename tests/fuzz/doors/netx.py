"""netx files: HDF5 groups of layers, of several kinds."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import h5py
import numpy as np
from mutate import spoil_bytes, spoil_hdf5

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load

CUBA = {"type": "CUBA", "iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 1, "gradedSpike": 0, "wgtExp": 0}
RF = {"type": "RF_PHASE", "sinDecay": 800, "cosDecay": [3900, 3901, 0, -5], "vThMant": 5}
ALIF = {"type": "ALIF", "iDecay": 9, "vDecay": 9, "thDecay": 9, "refDecay": 9, "vThMant": 9, "vThStep": 9}
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
    {
        "type": "dense_rec",
        "shape": [4],
        "neuron": CUBA,
        "weight": np.arange(16.0).reshape(4, 4) * 70 - 601,
        "weight_rec": np.eye(4) * -3,
        "delay": np.array([0.0, 70.0, 1.0, 2.0]),
    },
    {
        "type": "dense",
        "shape": [4, 1, 1],
        "neuron": RF,
        "weight": {"real": np.eye(4) * 20, "imag": np.eye(4) * -20},
    },
    {
        "type": "convT",
        "shape": [2, 2, 2],
        "neuron": ALIF,
        "weight": np.full((4, 2, 2, 2), 60.0),
        "stride": [2, 2],
        "groups": 1,
    },
    {"type": "pool", "shape": [2, 1, 1], "neuron": CUBA, "weight": np.full((1, 1, 2, 2), 30.0), "stride": 2},
    {
        "type": "dense",
        "shape": [2],
        "weight": np.array([[2.0, -2.0]] * 2),
        "delay": np.ones((2, 2)),
        "bias": np.ones(2),
    },
)
TAIL = {
    "shape": [4],
    "neuron": CUBA,
    "weight": np.array([[2.0, 3.0, -1.0, 0.0]] * 4),
    "delay": np.ones(4),
    "bias": np.ones(4),
}
"""What the last layer has instead, before an average."""
OPTIONS = (
    ImportOptions(dt_s=1e-3),
    ImportOptions(dt_s=1e-3, layers="1:4", reset_interval_steps=7),
    ImportOptions(dt_s=1e-3, layers="4:", reset_interval_steps=3, reset_offset_steps=9),
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
AVERAGE = (*LAYERS[:4], LAYERS[-1] | TAIL, {"type": "average", "shape": [2, 1, 1]})
FILES = {"net.net": LAYERS, "average.net": AVERAGE, "sigma_delta.net": SIGMA_DELTA}


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
    last = None
    for path, options in product((folder / name for name in FILES), OPTIONS):
        try:
            network = load(path, options).network
            if options is OPTIONS[0]:
                compile_network(network, load_target("loihi2"), CompileOptions(fixes=False))
        except DiagnosticError as error:
            last = error
    if last is not None:
        raise last
