"""Labels of calibration samples: numbers or classes, as places in the classes of a network."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.trained.network import TrainedNetwork

__all__ = ["class_places", "sample_fault", "wanted_values_of"]

Array = NDArray[Any]
NAMED = 8
"""Most classes that a finding lists."""


def sample_fault(message: str, *fixes: str) -> Diagnostic:
    """Return ND840 about the calibration samples."""
    return finding("ND840", about("samples"), message, fixes=fixes)


def wanted_values_of(given: object, n_samples: int) -> Array | Diagnostic:
    """Return (samples, size) values that a network should answer with, or ND840.

    `given`: the labels. `n_samples`: number of samples.
    """
    made = _plain(given)
    if isinstance(made, Diagnostic):
        return made
    if made.dtype.kind not in "biuf" or not made.size or len(made) != n_samples or not np.isfinite(made).all():
        message = f"have labels of type {made.dtype} and shape {list(made.shape)}; needs finite values for each"
        return sample_fault(f"{message} of {n_samples} samples")
    return made.astype(np.float64).reshape(n_samples, -1)


def class_places(given: object, n_samples: int, network: TrainedNetwork) -> Array | Diagnostic:
    """Return (samples,) places of classes, from numbers or from the classes that the network names; or ND840.

    `given`: the labels, of which a second axis of 1 is dropped. `n_samples`: number of samples.
    """
    if network.task == "regress":
        return sample_fault("have labels, but the network answers with values", "leave them out")
    labels = _plain(given)
    if isinstance(labels, Diagnostic):
        return labels
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    kind = "U" if _all_words(labels) else labels.dtype.kind
    if labels.shape != (n_samples,) or kind not in "biufU":
        return _misshapen(labels, n_samples)
    numbers = _numerals(network.classes)
    if kind == "f" and not network.classes and (labels == np.rint(labels)).all():
        labels, kind = labels.astype(np.int64), "i"
    if kind in "iu" and numbers is None:
        return _numbered(labels, network)
    if network.classes:
        return _places(labels, network.classes, numbers)
    if kind == "b":
        return labels.astype(np.int64)
    return sample_fault(
        f"have labels of type {labels.dtype}; the network names no classes, so that they are numbers from 0"
    )


def _plain(given: object) -> Array | Diagnostic:
    try:
        return np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        return sample_fault(f"have labels that are no array: {error}")


def _misshapen(labels: Array, n_samples: int) -> Diagnostic:
    message = f"have labels of type {labels.dtype} and shape {list(labels.shape)}; needs one number or class for each"
    columns = labels.ndim == 2 and len(labels) == n_samples and labels.dtype.kind in "biuf"
    one_hot = columns and bool((np.sort(labels, axis=1)[:, :-1] == 0).all())
    return sample_fault(f"{message} of {n_samples} samples", *(["pass labels.argmax(axis=1)"] if one_hot else []))


def _numbered(labels: Array, network: TrainedNetwork) -> Array | Diagnostic:
    """Labels that are places already."""
    outputs = prod(network.nodes[-1].shape)
    count = len(network.classes) or (outputs if outputs > 1 else 2)
    low, high = int(labels.min(initial=0)), int(labels.max(initial=0))
    if low >= 0 and high < count:
        return labels
    if network.classes:
        return _strange(labels[(labels < 0) | (labels >= count)], tuple(map(str, range(count))))
    message = (
        f"have labels from {int(labels.min()):,} to {high:,}; the {count} classes of the network are 0 to {count - 1}"
    )
    return sample_fault(message, *(["subtract 1 from the labels"] if labels.min() == 1 and high == count else []))


def _all_words(labels: Array) -> bool:
    return labels.dtype.kind == "O" and all(isinstance(item, str) for item in labels.ravel().tolist())


def _numerals(classes: tuple[str, ...]) -> Array | None:
    """(classes,) classes that are all named by numbers, such as those of digits; else None."""
    try:
        return np.array([float(item) for item in classes]) if classes else None
    except ValueError:
        return None


def _places(labels: Array, classes: tuple[str, ...], numbers: Array | None) -> Array | Diagnostic:
    """Places of labels in the classes, or ND840 for labels that are no class."""
    if labels.dtype.kind in "iuf" and numbers is not None:
        same = labels[:, None].astype(np.float64) == numbers
    else:
        same = np.array([str(item) for item in labels.tolist()])[:, None] == np.array(classes)
    wrong = labels[~same.any(axis=1)]
    return _strange(wrong, classes) if wrong.size else same.argmax(axis=1)


def _strange(labels: Array, classes: tuple[str, ...]) -> Diagnostic:
    names = [str(item) for item in dict.fromkeys(labels.tolist())]
    message = f"have labels that are no classes of the network: {', '.join(names[:NAMED])}"
    known = ", ".join(classes[:NAMED]) + (", ..." if len(classes) > NAMED else "")
    return sample_fault(message, f"pass its classes: {known}")
