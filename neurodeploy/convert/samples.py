"""Calibration samples in every accepted form, checked against the inputs of a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.calibrate import Samples
from neurodeploy.convert.labels import class_places, sample_fault, wanted_values_of
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.io.archive import open_npy_array, open_npz_arrays
from neurodeploy.signals import SampleValues
from neurodeploy.trained.network import TrainedInput, TrainedNetwork

__all__ = ["calibration_samples", "example_of", "opened_samples", "sample_notes"]

Array = NDArray[Any]
LONE = ("inputs", "x", "X", "x_train", "arr_0", "data", "images")
"""Accepted names of the array of the only input."""
LABELS = ("labels", "y", "Y", "y_train", "targets")
"""Accepted names of the labels."""
KINDS = {"U": "texts", "S": "texts", "O": "objects", "c": "complex numbers", "V": "records", "M": "times", "m": "times"}
"""Kinds of arrays that are no numbers, in words."""
MOST_AXES = 6
"""Axes of a sample whose orders are tried, at most."""
ENOUGH = 50
"""Samples from which percentiles of values are near those of more."""


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
    found, values, numbers = list[Diagnostic](), dict[str, Array](), dict[str, int]()
    for item in network.inputs:
        if item.name not in arrays:
            found.append(sample_fault(f"hold no array for input '{item.name}'", f"name an array '{item.name}'"))
            continue
        rows, faults = _rows(item, arrays[item.name])
        found += faults
        if rows is not None:
            values[item.name], numbers[item.name] = rows, len(rows)
    if len(set(numbers.values())) > 1:
        each = ", ".join(f"'{name}' {count:,}" for name, count in numbers.items())
        found.append(sample_fault(f"differ in number between inputs: {each}"))
    wanted = labels if labels is not None or (network.task == "regress" and not wanted_values) else own
    made = None
    if wanted is not None and len(set(numbers.values())) == 1:
        count = next(iter(numbers.values()))
        by_value = network.task == "regress" and wanted_values
        made = wanted_values_of(wanted, count) if by_value else class_places(wanted, count, network)
    found += [made] if isinstance(made, Diagnostic) else []
    raise_errors("convert", found)
    return Samples(values, None if isinstance(made, Diagnostic) else made)


def sample_notes(network: TrainedNetwork, samples: Samples) -> list[Diagnostic]:
    """Return what is weak about calibration samples: few of them, all alike (ND845), or without labels (ND846)."""
    found, count = list[Diagnostic](), samples.n_samples
    for name, rows in samples.values.items():
        if count > 1 and (rows == rows[:1]).all():
            found.append(finding("ND845", about("samples"), f"for input '{name}' are all the same"))
    if count < ENOUGH:
        message = "are few, so that the largest values of others lie far above theirs"
        found.append(finding("ND845", about("samples"), message, found=count, limit=ENOUGH, unit="sample"))
    if samples.labels is None and network.task == "classify":
        message = "have no labels; the answers of the trained network itself count as right"
        found.append(finding("ND846", about("samples"), message, fixes=["labels=y", "an array 'labels' in the file"]))
    return found


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


def _rows(item: TrainedInput, given: object) -> tuple[Array | None, list[Diagnostic]]:
    """(samples, size) float32 values of an input, and what is wrong with them; None if they have no such form."""
    where = f"for input '{item.name}'"
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        return None, [sample_fault(f"{where} are no array: {error}")]
    if array.dtype.kind not in "biuf":
        return None, [sample_fault(f"{where} are {KINDS.get(array.dtype.kind, str(array.dtype))}; needs numbers")]
    found = [sample_fault(f"{where} have values that are masked")] if np.ma.is_masked(given) else []
    order = item.sample_axes or tuple(range(len(item.shape)))
    wanted = tuple(item.shape[order.index(axis)] for axis in range(len(order)))
    if not _same_order(array.shape[1:], wanted) or not array.ndim:
        message = f"{where} have shape {list(array.shape)}; needs (samples, {', '.join(map(str, wanted))})"
        return None, [*found, sample_fault(message, *nearest_readings(array.shape, wanted))]
    if not len(array):
        return None, [*found, sample_fault(f"{where} hold no sample")]
    with np.errstate(over="ignore"):
        rows = array.reshape(-1, *wanted).astype(np.float32)
    rows = rows.transpose(0, *(axis + 1 for axis in order)).reshape(len(array), -1)
    strange = ~np.isfinite(rows)
    if strange.any():
        first = int(np.flatnonzero(strange.any(axis=1))[0])
        message = f"{int(strange.sum()):,} of {rows.size:,} values that are not finite or beyond float32"
        found.append(sample_fault(f"{where} have {message}, the first in sample {first}"))
    return rows, found


def _same_order(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether values of a shape have the order of another: equal, flat, or with other axes of 1."""
    if shape == wanted:
        return True
    flat = prod(shape) == prod(wanted) and (len(shape) == 1 or len(wanted) == 1)
    return flat or tuple(n for n in shape if n != 1) == tuple(n for n in wanted if n != 1)


def nearest_readings(shape: tuple[int, ...], wanted: tuple[int, ...]) -> list[str]:
    """Return what may be meant by samples of a shape that is not (samples, *wanted), as fixes: at most one.

    `shape`: of the whole array. `wanted`: of a sample.
    """
    if _same_order(shape, wanted) and shape:
        return ["they may be one sample: pass x[None]"]
    axes = len(wanted)
    if len(shape) == 1 and shape[0] and shape[0] % prod(wanted) == 0:
        return [f"they may be flat: pass x.reshape(-1, {', '.join(map(str, wanted))})"]
    if len(shape) != axes + 1 or axes > MOST_AXES:
        return []
    if sorted(shape[1:]) == sorted(wanted):
        order = next(item for item in permutations(range(1, axes + 1)) if tuple(shape[k] for k in item) == wanted)
        words: dict[tuple[int, ...], str] = {
            (axes, *range(1, axes)): "channels last",
            (*range(2, axes + 1), 1): "channels first",
        }
        said = words.get(order, "axes in another order")
        return [f"they may have {said}: pass x.transpose(0, {', '.join(map(str, order))})"]
    last = [k for k in range(1, axes + 1) if (*shape[:k], *shape[k + 1 :]) == wanted]
    return [f"samples may be axis {last[0]}: pass numpy.moveaxis(x, {last[0]}, 0)"] if last else []
