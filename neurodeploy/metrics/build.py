"""The Metrics of a program and one of its recordings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.plain import as_array, as_items
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.metrics.classification import Classified, classified
from neurodeploy.metrics.functions import Function, functions_of, user_metrics
from neurodeploy.metrics.nouns import Metrics, RegressionMetrics
from neurodeploy.metrics.regression import regression
from neurodeploy.network import Network
from neurodeploy.program import Program
from neurodeploy.signals import Recording
from neurodeploy.simulate.decode import decoded, scores, units_of

__all__ = ["class_names", "metrics"]

Floats = NDArray[np.float64]
NAMES = ("class_names", "classes", "labels")
"""Entries of the metadata of a network that can name its classes."""
FIGURE = re.compile(r"\w[\w\-]*")


def class_names(network: Network, n_classes: int) -> tuple[str, ...]:
    """Return the names of classes that the metadata of a network list; empty if they list none.

    `network`: its metadata may have class_names, classes or labels: one distinct text for each of `n_classes` classes.
    """
    for key in NAMES:
        items = as_items(network.metadata.get(key))
        if items is None or len(items) != n_classes:
            continue
        texts = [item for item in items if isinstance(item, str) and item]
        if len(set(texts)) == n_classes:
            return tuple(texts)
    return ()


def _labels(labels: NDArray[Any], n_samples: int) -> NDArray[np.int64]:
    """Labels as classes. Raises DiagnosticError: ND505 (wrong number or type), ND632 (below 0, or too large)."""
    if labels.shape != (n_samples,) or labels.dtype.kind not in "iu":
        message = f"are {labels.dtype} {list(labels.shape)}; needs whole numbers of shape [{n_samples}]"
        raise DiagnosticError("metrics", (finding("ND505", about("labels"), message),))
    low, high = int(labels.min(initial=0)), int(labels.max(initial=0))
    if low < 0 or high > MOST_CLASSES:
        worst = low if low < 0 else high
        message = f"contain {worst:,}, which is no class: classes are counted from 0 to {MOST_CLASSES:,} at most"
        raise DiagnosticError("metrics", (finding("ND632", about("labels"), message),))
    return labels.astype(np.int64)


MOST_CLASSES = 9_999
"""Largest number of a class; the confusion matrix is a square of all."""


def _classified(network: Network, labels: NDArray[Any], answered: Floats | None, n_samples: int) -> Classified:
    if answered is None:
        message = "has no output, and therefore no answers to compare with labels"
        raise DiagnosticError("metrics", (finding("ND632", about("network", network.name), message),))
    if n_samples == 0:
        message = "has no complete sample, so that there is nothing to compare with labels"
        raise DiagnosticError("metrics", (finding("ND632", about("recording"), message),))
    wanted = _labels(labels, n_samples)
    return classified(wanted, answered.argmax(axis=1), answered, class_names(network, answered.shape[1]))


def _pair(values: Floats, given: object) -> tuple[Floats, Floats] | str:
    """(decoded, targets) of one shape: of the last step, or of all steps if the targets have them; else what is wrong."""
    try:
        wanted = np.asarray(given)
    except (ValueError, TypeError, RuntimeError):
        wanted = np.asarray(None)
    if wanted.dtype.kind not in "iuf":
        return "are no array of numbers"
    wanted = wanted.astype(np.float64)
    last = values[:, -1] if values.shape[1] else values.reshape(values.shape[0], -1)
    if wanted.shape == last.shape[:1] and last.shape[1] == 1:
        wanted = wanted[:, None]
    found = last if wanted.shape == last.shape else values if wanted.shape == values.shape else None
    if found is None or not wanted.size:
        return f"have shape {list(wanted.shape)}; needs {list(last.shape)}, or {list(values.shape)} for all steps"
    if not np.isfinite(wanted).all():
        return f"contain {int((~np.isfinite(wanted)).sum()):,} values that are no finite numbers"
    return found, wanted


def _regression(values: Mapping[str, Floats], targets: Mapping[str, object]) -> tuple[RegressionMetrics, ...]:
    """Errors of each output that has targets. Raises DiagnosticError: ND632 with every fault."""
    found, faults = list[RegressionMetrics](), list[Diagnostic]()
    for name, given in targets.items():
        if name not in values:
            known = ", ".join(values) or "none"
            message = f"has targets, but is not a linear output of the network; these are: {known}"
            faults.append(finding("ND632", about("output", name), message, fixes=nearest(name, list(values))))
            continue
        pair = _pair(values[name], given)
        if isinstance(pair, str):
            faults.append(finding("ND632", about("output", name), f"its targets {pair}"))
        else:
            found.append(regression(name, *pair))
    raise_errors("metrics", faults)
    return tuple(found)


def _absent(result: Classified) -> tuple[Diagnostic, ...]:
    """ND633 for classes without samples."""
    empty = [item.name for item in result.classes if not item.support]
    if not empty:
        return ()
    shown = ", ".join(empty[:8]) + (f" and {len(empty) - 8:,} more" if len(empty) > 8 else "")
    word, have = ("classes", "have") if len(empty) > 1 else ("class", "has")
    return (finding("ND633", about("labels"), f"{word} {shown} {have} no sample, and therefore no recall"),)


def metrics(
    program: Program,
    recording: Recording,
    *,
    labels: object = None,
    targets: Mapping[str, object] | None = None,
    functions: Iterable[str | Function | Callable[..., object]] = (),
) -> Metrics:
    """Return the metrics of a recording.

    `program`, `recording`: what ran, and what it gave. `labels`: (samples,) classes from 0. `targets`: linear output ->
    (samples, values) for its last step, or (samples, steps, values). `functions`: the user's own, by name or as objects.

    Raises DiagnosticError: ND505 (labels), ND513 and ND514 (recording), ND630-ND632.
    """
    network, units = program.network, units_of(program)
    own = functions_of(functions)
    known = None if labels is None else as_array(np.asarray(labels))
    answered = scores(network, recording, units)
    result = None if known is None else _classified(network, known, answered, recording.n_samples)
    values = decoded(network, recording, units) if targets or own else {}
    errors = _regression(values, targets or {})
    data = {
        "answers": None if answered is None else answered.argmax(axis=1),
        "labels": known,
        "scores": answered,
        "decoded": values or None,
        "targets": targets,
        "recording": recording,
        "program": program,
    }
    fields = {} if result is None else result._asdict()
    found = () if result is None else _absent(result)
    return Metrics(
        n_samples=recording.n_samples, **fields, regression=errors, own=user_metrics(own, data), findings=found
    )
