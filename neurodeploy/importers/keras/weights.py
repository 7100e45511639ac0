"""Weights of Keras layers, from the two layouts of HDF5: numbered variables (.keras), and named ones (.h5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import LARGEST, numbers
from neurodeploy.importers.hdf5 import Folder, Item, Unread
from neurodeploy.importers.keras.faults import LayerError, damaged
from neurodeploy.importers.keras.spec import LayerSpec

__all__ = ["Wanted", "Weights"]

Array = NDArray[Any]


class Wanted(NamedTuple):
    """One variable of a layer."""

    names: tuple[str, ...]
    """Its names in .h5 files, of which one is found."""
    shape: tuple[int, ...]
    """The shape that the layer's settings and its input ask for."""


class Weights:
    """All weights of a file."""

    def __init__(self, tree: Folder, *, numbered: bool) -> None:
        """`tree`: content of model.weights.h5 (`numbered`), or the group model_weights of an .h5 file."""
        self._tree, self._numbered = tree, numbered

    def of(self, path: Sequence[LayerSpec], wanted: Sequence[Wanted]) -> list[Array]:
        """Return the variables of a layer.

        `path`: the layer after the models that it lies in, the outermost first. `wanted`: its variables in the order in which Keras
        makes them.

        Raises LayerError: ND802 (not finite), ND803 (missing, or of another shape), ND806 (the layer has no weights).
        """
        if not wanted:
            return []
        items = self._numbers(path, len(wanted)) if self._numbered else self._named(path, wanted)
        if all(item is None for item in items):
            raise LayerError("ND806", "has no weights in the file", "save the whole model: model.save('model.keras')")
        return [_checked(item, want) for item, want in zip(items, wanted, strict=True)]

    def _numbers(self, path: Sequence[LayerSpec], count: int) -> list[Item | None]:
        folder: Item | None = self._tree
        for spec in path:
            inner = _inside(folder, "layers") or _inside(folder, "_layer_checkpoint_dependencies")
            folder = _inside(inner, spec.key)
        variables = _inside(folder, "vars")
        return [_inside(variables, str(number)) for number in range(count)]

    def _named(self, path: Sequence[LayerSpec], wanted: Sequence[Wanted]) -> list[Item | None]:
        folder: Item | None = self._tree
        for part in path[0].name.split("/"):
            folder = _inside(folder, part)
        found = list(_values(folder)) if isinstance(folder, Folder) else []
        parts = path[-1].name.split("/")
        if len(path) > 1:
            found = [item for item in found if _lies_in(item[0][:-1], parts)]
        return [_one(found, want.names) for want in wanted]


def _inside(item: Item | None, name: str) -> Item | None:
    return item.items.get(name) if isinstance(item, Folder) else None


def _values(folder: Folder) -> list[tuple[list[str], Item]]:
    """(path, value) of everything below a group."""
    found, waiting = list[tuple[list[str], Item]](), [([""][:0], folder)]
    while waiting:
        path, group = waiting.pop()
        for name, item in group.items.items():
            if isinstance(item, Folder):
                waiting.append(([*path, name], item))
            else:
                found.append(([*path, name], item))
    return found


def _lies_in(groups: list[str], parts: list[str]) -> bool:
    """Whether the last groups of a path are those of a layer's name."""
    return groups[-len(parts) :] == parts


def _one(found: list[tuple[list[str], Item]], names: tuple[str, ...]) -> Item | None:
    """The value with one of several names, without the number that TensorFlow adds; None if there are none or several."""
    for name in names:
        fits = [item for path, item in found if path[-1].partition(":")[0] == name]
        if len(fits) == 1:
            return fits[0]
    return None


def _checked(item: Item | None, wanted: Wanted) -> Array:
    name = wanted.names[0]
    array = numbers(item, finite=False)
    if isinstance(array, Unread):
        raise damaged(f"its weights '{name}': {array.why}")
    if array.shape != wanted.shape:
        raise damaged(f"its weights '{name}' have shape {list(array.shape)}; its settings need {list(wanted.shape)}")
    bad = ~(np.abs(array.astype(np.float64)) <= LARGEST)
    if bad.any():
        raise LayerError("ND802", f"{int(bad.sum()):,} of {array.size:,} values of its weights '{name}' are not finite")
    return array
