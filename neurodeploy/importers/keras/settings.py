"""Settings of Keras layers, checked: sizes, choices, numbers, and the weights with the shapes that the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.plain import as_items
from neurodeploy.importers.fields import LARGEST
from neurodeploy.importers.keras.faults import damaged, unsupported

__all__ = ["axis_of", "choice", "flag", "number", "numbers", "size", "sizes"]

Array = NDArray[Any]
Config = Mapping[str, Any]
WIDEST = 2**31 - 1


def size(config: Config, key: str, default: int | None = None, least: int = 1) -> int:
    """Return a whole number of at least `least`. Raises LayerError: ND803."""
    value = config.get(key, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= WIDEST:
        raise damaged(f"has {key} {str(value)[:40]}; needs a whole number from {least}")
    return value


def sizes(config: Config, key: str, count: int, default: object = None, least: int = 1) -> tuple[int, ...]:
    """Return `count` whole numbers; one number stands for all of them. Raises LayerError: ND803."""
    value = config.get(key, default)
    value = default if value is None else value
    items = as_items(value)
    if items is None:
        items = [value] * count
    if len(items) != count:
        raise damaged(f"has {key} {str(value)[:40]}; needs {count} numbers")
    return tuple(size({key: item}, key, least=least) for item in items)


def number(config: Config, key: str, default: float) -> float:
    """Return a finite number; None stands for the default. Raises LayerError: ND803."""
    value = config.get(key)
    if value is None:
        return default
    if isinstance(value, Mapping):  # an array of numpy in a configuration
        value = cast("Mapping[str, Any]", value).get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value) or abs(value) > LARGEST:
        raise damaged(f"has {key} {str(value)[:40]}; needs a finite number")
    return float(value)


def numbers(config: Config, key: str, default: float) -> Array:
    """Return a finite number, or an array of them. Raises LayerError: ND803."""
    value = config.get(key, default)
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, Any]", value).get("config", value)
        value = cast("Mapping[str, Any]", inner).get("value") if isinstance(inner, Mapping) else inner
    try:
        made = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        made = np.array(np.nan)
    if not made.size or not np.isfinite(made).all() or np.abs(made).max() > LARGEST:
        raise damaged(f"has {key} {str(value)[:40]}; needs finite numbers")
    return made


def flag(config: Config, key: str, default: bool) -> bool:
    """Return whether a setting is on."""
    value = config.get(key)
    return default if value is None else bool(value)


def choice(config: Config, key: str, choices: tuple[str, ...], default: str) -> str:
    """Return one of several words. Raises LayerError: ND800."""
    value = config.get(key)
    found = default if value is None else str(value)
    if found not in choices:
        raise unsupported(f"has {key} '{found[:40]}'", f"use {key}='{choices[0]}'")
    return found


def axis_of(value: object, rank: int) -> int:
    """Return an axis without the batch axis, of an axis as Keras counts it: from 0 for the batch axis, or from the end.

    Raises LayerError: ND803.
    """
    items = as_items(value)
    item = items[0] if items is not None and len(items) == 1 else value
    if isinstance(item, int) and not isinstance(item, bool):
        found = item - 1 if item > 0 else item + rank
        if item and 0 <= found < rank:
            return found
    raise damaged(f"has axis {str(value)[:40]} for a tensor with {rank} axes after the batch axis")
