"""What Keras files hold: the configuration and the weights, read as JSON and HDF5 from an archive (.keras) or from one HDF5 file.

Nothing is unpickled, imported or run. Source of the layouts: https://keras.io/guides/serialization_and_saving/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from neurodeploy.base.plain import as_table
from neurodeploy.importers.hdf5 import Folder, read_texts, read_tree
from neurodeploy.importers.keras.weights import Weights
from neurodeploy.io.archive import read_members, refuse, require_memory, require_regular
from neurodeploy.io.json import JsonError, parse_json
from neurodeploy.io.recognize import recognize

__all__ = ["Saved", "saved_model"]

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
JSON_SHARE = 16
"""Approximate memory of parsed JSON per byte of text."""
WAY_OUT = "save the whole model again: model.save('model.keras')"


class Saved(NamedTuple):
    """The content of a file."""

    config: Mapping[str, Any]
    """{"class_name": ..., "config": ...} of the model."""
    weights: Weights
    version: str
    """Version of Keras that wrote it; empty if the file does not say."""
    loss: str
    """Name of the loss that the model was trained with; empty if the file does not say."""


def saved_model(path: Path) -> Saved:
    """Return the content of a Keras file, whatever its suffix.

    Raises DiagnosticError: ND001, ND003, ND005, ND012 (files), ND803 (a part is missing or damaged), ND806 (no weights).
    """
    require_regular(path)
    found = recognize(path)
    if found is not None and found.key == "keras_h5":
        return _of_hdf5(path)
    if found is not None and found.key not in ("keras_zip", "zip", "zip_damaged"):
        raise refuse("ND003", path, f"is {found.words}, not a Keras model", fixes=[found.way_in])
    return _of_zip(path)


def _of_zip(path: Path) -> Saved:
    members = read_members(path, (CONFIG, METADATA, WEIGHTS))
    if CONFIG not in members:
        raise refuse("ND803", path, f"has no '{CONFIG}', so that it is no Keras model", fixes=[WAY_OUT])
    config = _json(path, CONFIG, members[CONFIG])
    metadata = _json(path, METADATA, members.get(METADATA, b"{}"))
    if WEIGHTS not in members:
        raise refuse("ND806", path, f"has no '{WEIGHTS}', and so no weights", fixes=[WAY_OUT])
    with TemporaryDirectory() as folder:  # an HDF5 file is checked before it is opened, for which it must be a file
        file = Path(folder) / WEIGHTS
        file.write_bytes(members[WEIGHTS])
        tree = read_tree(file, shown=path)
    version = str(metadata.get("keras_version", ""))
    return Saved(config, Weights(tree, numbered=True), version, _loss(config.get("compile_config")))


def _of_hdf5(path: Path) -> Saved:
    texts = read_texts(path, ("model_config", "keras_version", "training_config"))
    if "model_config" not in texts:
        fixes = [WAY_OUT]
        raise refuse("ND803", path, "holds weights without the layers that they belong to", fixes=fixes)
    config = _json(path, "model_config", texts["model_config"].encode())
    training = _json(path, "training_config", texts.get("training_config", "{}").encode())
    tree = read_tree(path)
    weights = tree.items.get("model_weights")
    if not isinstance(weights, Folder):
        raise refuse("ND806", path, "has no group 'model_weights', and so no weights", fixes=[WAY_OUT])
    version = texts.get("keras_version", "2")
    return Saved(config, Weights(weights, numbered=False), version, _loss(training))


def _json(path: Path, part: str, content: bytes) -> Mapping[str, Any]:
    require_memory(path, len(content) * JSON_SHARE, f"'{part}'")
    try:
        table = as_table(parse_json(content, finite=False))
    except JsonError as error:
        raise refuse("ND803", path, f"'{part}' {error}", fixes=[WAY_OUT]) from None
    if table is None:
        raise refuse("ND803", path, f"'{part}' is not a table", fixes=[WAY_OUT])
    return table


def _loss(training: object) -> str:
    """The name of a loss in snake case, from a name, a class or a list of one."""
    loss = (as_table(training) or {}).get("loss")
    table = as_table(loss)
    if table is not None:
        inner = as_table(table.get("config")) or {}
        loss = inner.get("name") or table.get("class_name") or next(iter(table.values()), "")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(loss or "")).lower()
