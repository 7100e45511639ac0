"""Conversion between nouns and plain data with named tensors, for all file formats.

Every array becomes {"tensor": id}, where the id is its path by names, such as "projections/a_to_b/operation/weights".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from neurodeploy.base.noun import Noun, array_sha256, json_digest
from neurodeploy.base.plain import as_items, as_table

__all__ = ["digest_of", "join", "split", "tensor_table"]

Tensors = dict[str, NDArray[Any]]


def split(noun: BaseModel) -> tuple[dict[str, Any], Tensors]:
    """Return a noun as plain data with references to tensors, and the tensors by id."""
    tensors: Tensors = {}
    return _split(noun, "", tensors), tensors


def _split(value: Any, path: str, tensors: Tensors) -> Any:
    if isinstance(value, BaseModel):
        fields = [name for name in type(value).model_fields if not _is_unused(value, name)]
        return {name: _split(getattr(value, name), f"{path}/{name}" if path else name, tensors) for name in fields}
    if isinstance(value, np.ndarray):
        tensors[path] = value
        return {"tensor": path}
    table, items = as_table(value), as_items(value)
    if table is not None:
        return {key: _split(item, f"{path}/{key}", tensors) for key, item in table.items()}
    if items is not None:
        return [_split(item, f"{path}/{getattr(item, 'name', index)}", tensors) for index, item in enumerate(items)]
    return value


def _is_unused(noun: BaseModel, name: str) -> bool:
    """Whether a field that older files do not have (`Noun.later`) has its default."""
    if not isinstance(noun, Noun) or name not in noun.later:
        return False
    value, usual = getattr(noun, name), type(noun).model_fields[name].get_default(call_default_factory=True)
    return not isinstance(value, np.ndarray) and value == usual


def join(plain: object, tensors: Mapping[str, NDArray[Any]]) -> object:
    """Return plain data with references replaced by their tensors; unknown references are kept."""
    table, items = as_table(plain), as_items(plain)
    if table is not None:
        reference = table.get("tensor")
        if len(table) == 1 and isinstance(reference, str) and reference in tensors:
            return tensors[reference]
        return {key: join(item, tensors) for key, item in table.items()}
    if items is not None:
        return [join(item, tensors) for item in items]
    return plain


def tensor_table(tensors: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, Any]]:
    """Return the table of tensors in a document: dtype, shape, bytes and sha256 of the little-endian values."""
    return {
        key: {
            "dtype": array.dtype.newbyteorder("<").str,
            "shape": list(array.shape),
            "bytes": int(array.nbytes),
            "sha256": array_sha256(array),
        }
        for key, array in sorted(tensors.items())
    }


def digest_of(noun: BaseModel, without: tuple[str, ...] = ()) -> str:
    """Return the content hash of a noun: sha256 of its plain data and tensor table. `without`: fields to leave out."""
    tensors: Tensors = {}
    fields = [name for name in type(noun).model_fields if name not in without and not _is_unused(noun, name)]
    plain = {name: _split(getattr(noun, name), name, tensors) for name in fields}
    return json_digest({"document": plain, "tensors": tensor_table(tensors)})
