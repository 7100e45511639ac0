"""netx files for tests: groups of layers, and neurons and layers with everything that netx requires."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.importers import ImportOptions, load

__all__ = ["CUBA", "OPTIONS", "conv", "dense", "file_of", "messages", "put"]

OPTIONS = ImportOptions(dt_s=1e-3)
CUBA = {"type": "CUBA", "iDecay": 4096, "vDecay": 128, "vThMant": 80, "refDelay": 1, "gradedSpike": False}


def put(group, fields):
    for key, value in fields.items():
        if isinstance(value, dict):
            put(group.create_group(key), value)
        else:
            group[key] = (
                np.array([value], dtype=f"S{len(value)}") if key == "type" and isinstance(value, str) else value
            )


def file_of(path, *layers):
    with h5py.File(path, "w") as file:
        top = file.create_group("layer")
        for number, layer in enumerate(layers):
            put(top.create_group(str(number)), layer)
    return path


def dense(weights, **fields):
    weights = np.asarray(weights, dtype=np.float64)
    layer = {"type": "dense", "shape": np.array([len(weights)]), "weight": weights, "neuron": CUBA, **fields}
    return {key: value for key, value in layer.items() if value is not None}


def conv(channels=2, out=3, side=4, **fields):
    given = {"type": "input", "shape": np.array([channels, side, side])}
    layer = {
        "type": "conv",
        "shape": np.array([out, side - 1, side - 1]),
        "weight": np.full((out, channels, 2, 2, 1), 40.0),
        "neuron": CUBA,
        "stride": np.array([1, 1]),
        "padding": np.array([0, 0]),
        "dilation": np.array([1, 1]),
        "groups": 1,
        **fields,
    }
    return given, layer


def messages(path, options=OPTIONS):
    """Messages of the findings that a file is refused with."""
    with pytest.raises(nd.DiagnosticError) as caught:
        load(path, options)
    return [item.message for item in caught.value.diagnostics]
