"""What a session is given: rows of spikes and values, checked, and held until their step is run.

Rows are held as keys, step * 2**32 + line in int64, which sort as rows do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Current, Input, Network
from neurodeploy.network.coding import shown_currents
from neurodeploy.network.levels import lines_first
from neurodeploy.simulate.stimulus_check import current_messages

__all__ = [
    "NO_KEYS",
    "STEP_BITS",
    "as_rows",
    "first_key",
    "given_by_input",
    "keys_of",
    "merged",
    "values_of",
]

Array = NDArray[Any]
STEP_BITS = 32
"""Bits of a key below its step."""
LINE = (1 << STEP_BITS) - 1
NO_KEYS = np.zeros(0, dtype=np.int64)


def first_key(step: int) -> int:
    """Return the lowest key of a step."""
    return step << STEP_BITS


def given_by_input(network: Network, given: object) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Return what a call gives to each input of `network` by name, and ND931 for names that it does not have.

    `given`: input -> array, that array alone for a network with one input, or None.
    """
    if given is None:
        return {}, []
    inputs = network.input_by_name
    if not isinstance(given, Mapping):
        if len(inputs) == 1:
            return {next(iter(inputs)): given}, []
        message = f"has {len(inputs)} inputs, so rows need the name of theirs: {{name: rows}}"
        return {}, [finding("ND931", about("network", network.name), message)]
    found, named = list[Diagnostic](), {str(name): rows for name, rows in cast("Mapping[Any, Any]", given).items()}
    for name in named.keys() - inputs.keys():
        message = f"is not an input of network '{network.name}': {', '.join(inputs)}"
        found.append(finding("ND931", about("input", name), message, fixes=nearest(name, list(inputs))))
    return named, found


def keys_of(item: Input, rows: ArrayLike) -> tuple[Array, list[Diagnostic]]:
    """Return the keys of rows of an input in any order, and ND931 for what is wrong with them.

    `item`: an input of spikes. `rows`: (n, 2) integers (step, line).
    """
    array, wrong = _array_of(rows), list[str]()
    if array is None or array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        if array is not None and array.size == 0:
            return NO_KEYS, []
        what = "no array" if array is None else f"{array.dtype} {list(array.shape)}"
        wrong.append(f"takes integer rows (step, line), (n, 2); given {what}")
    elif len(array):
        wrong += _outside(array[:, 0], "step", 1, LARGEST)
        wrong += _outside(array[:, 1], "line", 0, item.size - 1)
    if wrong or array is None:
        return NO_KEYS, [finding("ND931", about("input", item.name), message) for message in wrong]
    keys = array[:, 0].astype(np.int64)
    keys <<= STEP_BITS
    keys += array[:, 1].astype(np.int64)
    return keys, []


def _outside(column: Array, word: str, low: int, high: int) -> list[str]:
    least, most = int(column.min()), int(column.max())
    if low <= least and most <= high:
        return []
    return [f"has {word} {least if least < low else most:,}, outside {low:,} to {high:,}"]


def values_of(item: Input, encoder: Current, values: ArrayLike) -> tuple[Array, list[Diagnostic]]:
    """Return (steps, lines) float64 values of an input, not yet encoded, and ND931 for what is wrong with them.

    `item`, `encoder`: an input of currents, and its encoder. `values`: (steps, lines) or (steps, *shape) numbers, those of the
    next steps.
    """
    array, shape = _array_of(values), item.sample_shape
    if array is not None and array.size == 0:
        return np.zeros((0, item.size)), []
    if array is None or array.dtype.kind not in "iuf" or array.shape[1:] not in ((item.size,), shape):
        what = "no array" if array is None else f"{array.dtype} {list(array.shape)}"
        message = f"takes values, ({', '.join(map(str, ('steps', *shape)))}) numbers; given {what}"
        return np.zeros((0, item.size)), [finding("ND931", about("input", item.name), message)]
    if array.shape[1:] == shape:
        array = lines_first(item, array)
    plain = array.reshape(len(array), item.size).astype(np.float64)
    shown = shown_currents(encoder, plain)[None]
    messages = current_messages(shown, shown.shape)
    return plain, [finding("ND931", about("input", item.name), message) for message in messages]


def _array_of(given: ArrayLike) -> Array | None:
    try:
        return np.asarray(given)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        return None


def merged(waiting: Array, keys: Array) -> Array:
    """Return the keys of both, ascending, each once. `waiting`: ascending, each once. `keys`: in any order."""
    joined = np.concatenate([waiting, keys]) if waiting.size else keys
    if joined.size < 2 or bool((joined[1:] > joined[:-1]).all()):
        return joined
    joined = np.sort(joined)
    return joined[np.concatenate([[True], joined[1:] != joined[:-1]])]


def as_rows(keys: Array) -> Array:
    """Return (n, 3) int32 rows (0, step, line) of keys, as those of a stimulus of one sample."""
    rows = np.zeros((keys.size, 3), dtype=np.int32)
    rows[:, 1] = keys >> STEP_BITS
    rows[:, 2] = keys & LINE
    return rows
