"""A writer of Keras files, .keras and .h5, with json and h5py alone. Rows are layers in the order in which a model has them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, NamedTuple

import h5py
import numpy as np

KEYS = {
    "Dense": "dense", "Conv1D": "conv1d", "Conv2D": "conv2d", "DepthwiseConv1D": "depthwise_conv1d",
    "DepthwiseConv2D": "depthwise_conv2d", "SeparableConv1D": "separable_conv1d", "SeparableConv2D": "separable_conv2d",
    "BatchNormalization": "batch_normalization", "PReLU": "p_re_lu", "Normalization": "normalization",
    "Functional": "functional", "Sequential": "sequential",
}  # fmt: skip
"""Class -> its group in model.weights.h5."""


class Row(NamedTuple):
    kind: str
    config: dict[str, Any]
    weights: dict[str, np.ndarray]
    reads: tuple[str, ...] = ()
    """Layers whose tensors it reads in a functional model."""
    rows: tuple[Row, ...] = ()
    """Layers of a model inside."""

    @property
    def name(self):
        return self.config["name"]


def layer(kind, name, weights=(), *, reads=(), rows=(), **config):
    return Row(kind, {"name": name, **config}, dict(weights), tuple(reads), tuple(rows))


def entry(shape, name="input", version=3):
    key = "batch_shape" if version > 2 else "batch_input_shape"
    return layer("InputLayer", name, **{key: [None, *shape]})


def document(rows, name="net", *, functional=False, version=3):
    """The configuration of a model."""
    kind = "Functional" if functional else "Sequential"
    if version == 2 and functional:
        kind = "Model"
    layers = [_layer(row, functional, version) for row in rows]
    config = {"name": name, "layers": layers}
    if functional:
        inputs = [[row.name, 0, 0] for row in rows if row.kind == "InputLayer"]
        config |= {"input_layers": inputs, "output_layers": [[rows[-1].name, 0, 0]]}
    return {"class_name": kind, "module": "keras", "config": config, "registered_name": None}


def _layer(row, functional, version):
    if row.rows:
        made = document(row.rows, row.name, functional=row.kind == "Functional", version=version)
    else:
        made = {"class_name": row.kind, "config": row.config}
        if version > 2:
            made |= {"module": "keras.layers", "registered_name": None}
    if functional:
        made |= {"name": row.name, "inbound_nodes": _calls(row, version)}
    return made


def _calls(row, version):
    if not row.reads:
        return []
    if version == 2:
        return [[[name, 0, 0, {}] for name in row.reads]]
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}} for name in row.reads]
    return [{"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": {}}]


def _store_numbered(group, rows):
    counts = {}
    for row in rows:
        key = KEYS.get(row.kind, row.kind.lower())
        number = counts[key] = counts.get(key, -1) + 1
        inner = group.create_group(f"layers/{key}_{number}" if number else f"layers/{key}")
        inner.create_group("vars")
        for place, values in enumerate(row.weights.values()):
            inner[f"vars/{place}"] = values
        if row.rows:
            _store_numbered(inner, row.rows)


def weights_file(rows):
    """The bytes of model.weights.h5."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        _store_numbered(file, rows)
    return buffer.getvalue()


def write_keras(path, rows, *, functional=False, keras="3.15.1", weights=None, config=None, loss=None):
    """Write a .keras file. `weights`: other bytes of its weights; b"" for none. `config`: another configuration."""
    made = config or document(rows, functional=functional)
    if loss:
        made = {**made, "compile_config": {"loss": loss}}
    content = weights_file(rows) if weights is None else weights
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": keras}))
        archive.writestr("config.json", json.dumps(made))
        if content:
            archive.writestr("model.weights.h5", content)
    return path


def write_h5(path, rows, *, functional=False, keras="2.15.0", version=2):
    """Write an .h5 file."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = keras
        file.attrs["model_config"] = json.dumps(document(rows, functional=functional, version=version))
        top = file.create_group("model_weights")
        for row in rows:
            group = top.create_group(row.name)
            _store_named(group, row)
    return path


def _store_named(group, row):
    for name, values in row.weights.items():
        group[f"{row.name}/{name}:0"] = values
    for inner in row.rows:
        _store_named(group, inner)
