"""Calibration samples in every accepted form, checked against the inputs of a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.calibrate import Samples
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.io.archive import open_npy_array, open_npz_arrays
from neurodeploy.signals import SampleValues
from neurodeploy.trained.network import TrainedInput, TrainedNetwork

__all__ = ["calibration_samples", "example_of", "opened_samples"]

Array = NDArray[Any]
LONE = ("inputs", "x", "X", "x_train", "arr_0", "data", "images")
"""Accepted names of the array of the only input."""
LABELS = ("labels", "y", "Y", "y_train", "targets")
"""Accepted names of the labels."""
NAMED = 8
"""Most classes that a finding lists."""


def opened_samples(given: object) -> object:
    """Return the arrays of a path by name, {"inputs": ...} for an .npy file; anything else as it is given.

    Raises DiagnosticError: ND001, ND003-ND006.
    """
    if not isinstance(given, (str, PathLike)):
        return given
    path = Path(cast("str", given))
    return {"inputs": open_npy_array(path)} if path.suffix == ".npy" else open_npz_arrays(path)


def example_of(given: object) -> Array | None:
    """Return the first sample, (1, *shape) float32, of samples with one array; None if there is no such array.

    `given`: samples in every form that `calibration_samples` takes.
    """
    opened = opened_samples(given)
    arrays = opened.values if isinstance(opened, SampleValues) else opened
    if isinstance(arrays, Mapping):
        named = {name: item for name, item in cast("Mapping[str, Any]", arrays).items() if name not in LABELS}
        key = next((name for name in LONE if name in named), next(iter(named), "")) if named else ""
        arrays = named.get(key) if len(named) == 1 or key in LONE else None
    try:
        array = np.asarray(arrays)
    except (ValueError, TypeError, RuntimeError):
        return None
    fits = array.ndim > 1 and len(array) > 0 and array.dtype.kind in "biuf"
    return array[:1].astype(np.float32) if fits else None


def calibration_samples(
    network: TrainedNetwork, given: object, labels: object = None, *, wanted_values: bool = False
) -> Samples:
    """Return samples as float32 rows in the order of the network's axes.

    `given`: an array (samples, *shape) for a network with one input; input -> array; SampleValues; or the path of an .npz or
    .npy file with these arrays, and labels if it has any. Shapes are those of samples of the training, with channels last
    if the trained network has them last. `labels`: (samples,) numbers of classes, from 0, or the classes that the network
    names: `classes_` of an estimator. If all of them are numbers, labels are these numbers. `wanted_values`: labels of a network
    that answers with values are these values, (samples, size); without it, it takes none.

    Raises DiagnosticError: ND840, all faults at once; for files also ND001, ND003-ND006.
    """
    arrays, own = _arrays(network, given)
    found, values = list[Diagnostic](), dict[str, Array]()
    for item in network.inputs:
        if item.name not in arrays:
            found.append(_fault(f"hold no array for input '{item.name}'", f"name an array '{item.name}'"))
            continue
        made = _rows(item, arrays[item.name])
        if isinstance(made, Diagnostic):
            found.append(made)
        else:
            values[item.name] = made
    raise_errors("convert", found)
    n_samples = {len(rows) for rows in values.values()}
    if len(n_samples) > 1:
        raise DiagnosticError("convert", (_fault(f"differ in number between inputs: {sorted(n_samples)}"),))
    if network.task == "regress" and wanted_values:
        wanted = labels if labels is not None else own
        return Samples(values, None if wanted is None else _wanted(wanted, n_samples.pop()))
    wanted = labels if labels is not None or network.task == "regress" else own
    return Samples(values, None if wanted is None else _labels(wanted, n_samples.pop(), network))


def _wanted(given: object, n_samples: int) -> Array:
    """(samples, size) values that a network should answer with."""
    made = np.asarray(given)
    if made.dtype.kind not in "biuf" or not made.size or len(made) != n_samples or not np.isfinite(made).all():
        message = f"have labels of type {made.dtype} and shape {list(made.shape)}; needs finite values for each"
        raise DiagnosticError("convert", (_fault(f"{message} of {n_samples} samples"),))
    return made.astype(np.float64).reshape(n_samples, -1)


def _fault(message: str, *fixes: str) -> Diagnostic:
    return finding("ND840", about("samples"), message, fixes=fixes)


def _arrays(network: TrainedNetwork, given: object) -> tuple[dict[str, Any], object]:
    """Arrays by input, and the labels that came with them."""
    lone = network.inputs[0].name if len(network.inputs) == 1 else None
    given = opened_samples(given)
    if isinstance(given, SampleValues):
        return {**given.values}, given.labels
    if not isinstance(given, Mapping):
        return ({} if lone is None else {lone: given}), None
    arrays = dict(cast("Mapping[str, Any]", given))
    own = next((arrays.pop(name) for name in LABELS if name in arrays and name != lone), None)
    if lone is not None and lone not in arrays:
        named = next((name for name in LONE if name in arrays), None)
        arrays = arrays if named is None else {lone: arrays[named]}
    return arrays, own


def _rows(item: TrainedInput, given: object) -> Array | Diagnostic:
    """(samples, size) float32 values of an input."""
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        return _fault(f"for input '{item.name}' are no array: {error}")
    if array.dtype.kind not in "biuf":
        return _fault(f"for input '{item.name}' are {array.dtype}; needs numbers")
    order = item.sample_axes or tuple(range(len(item.shape)))
    wanted = tuple(item.shape[order.index(axis)] for axis in range(len(order)))
    if array.shape[1:] != wanted or not len(array):
        if array.ndim < 1 or not len(array) or prod(array.shape[1:]) != prod(wanted):
            message = f"for input '{item.name}' have shape {list(array.shape)}; needs (samples, {', '.join(map(str, wanted))})"
            return _fault(message)
        array = array.reshape(-1, *wanted)
    rows = array.astype(np.float32).transpose(0, *(axis + 1 for axis in order)).reshape(len(array), -1)
    if not np.isfinite(rows).all():
        return _fault(f"for input '{item.name}' have values that are not finite")
    return rows


def _labels(given: object, n_samples: int, network: TrainedNetwork) -> Array:
    """(samples,) places of classes, from numbers or from the classes that the network names."""
    labels = np.asarray(given)
    kind = "U" if _all_words(labels) else labels.dtype.kind
    if network.task == "regress":
        raise DiagnosticError(
            "convert", (_fault("have labels, but the network answers with values", "leave them out"),)
        )
    if labels.shape != (n_samples,) or kind not in "biufU":
        message = (
            f"have labels of type {labels.dtype} and shape {list(labels.shape)}; needs one number or class for each"
        )
        raise DiagnosticError("convert", (_fault(f"{message} of {n_samples} samples"),))
    numbers = _numerals(network.classes)
    if kind in "iu" and numbers is None:
        wrong = labels[(labels < 0) | (labels >= (len(network.classes) or np.inf))]
        return labels if not wrong.size else _strange(wrong, tuple(map(str, range(len(network.classes)))))
    if network.classes:
        return _places(labels, network.classes, numbers)
    if kind == "b":
        return labels.astype(np.int64)
    message = f"have labels of type {labels.dtype}; the network names no classes, so that they are numbers from 0"
    raise DiagnosticError("convert", (_fault(message),))


def _all_words(labels: Array) -> bool:
    return labels.dtype.kind == "O" and all(isinstance(item, str) for item in labels.ravel().tolist())


def _numerals(classes: tuple[str, ...]) -> Array | None:
    """(classes,) classes that are all named by numbers, such as those of digits; else None."""
    try:
        return np.array([float(item) for item in classes]) if classes else None
    except ValueError:
        return None


def _places(labels: Array, classes: tuple[str, ...], numbers: Array | None) -> Array:
    """Places of labels in the classes. Raises DiagnosticError: ND840 for labels that are no class."""
    if labels.dtype.kind in "iuf" and numbers is not None:
        same = labels[:, None].astype(np.float64) == numbers
    else:
        same = np.array([str(item) for item in labels.tolist()])[:, None] == np.array(classes)
    wrong = labels[~same.any(axis=1)]
    return _strange(wrong, classes) if wrong.size else same.argmax(axis=1)


def _strange(labels: Array, classes: tuple[str, ...]) -> NoReturn:
    names = [str(item) for item in dict.fromkeys(labels.tolist())]
    message = f"have labels that are no classes of the network: {', '.join(names[:NAMED])}"
    known = ", ".join(classes[:NAMED]) + (", ..." if len(classes) > NAMED else "")
    raise DiagnosticError("convert", (_fault(message, f"pass its classes: {known}"),))
