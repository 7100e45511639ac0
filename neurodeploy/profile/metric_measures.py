"""Figures of metrics by name, for budgets. Some end in a name of the user: recall.3, rmse.position, metric.latency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from neurodeploy.metrics import Averages, ClassMetrics, Metrics
from neurodeploy.profile.budgets import METRIC_UNITS, Budget, Measure

__all__ = ["METRIC_FIGURES", "METRIC_GROUPS", "asks_for_metrics", "metric_measures"]

AVERAGED = ("precision", "recall", "f1")
METRIC_FIGURES: tuple[str, ...] = (
    "balanced_accuracy",
    "auc",
    *(f"{name}.{mean}" for name in AVERAGED for mean in ("macro", "weighted")),
)
"""Figures of metrics with a fixed name."""
METRIC_GROUPS = tuple(
    f"{name}.*" for name in (*AVERAGED, "support", "auc", "confusion", "mae", "rmse", "r2", "max_error", "metric")
)
"""Groups of figures whose names end in a class, a pair of classes, an output or a function of the user."""
MOST_PAIRED = 100
"""Largest number of classes of which every pair is a figure."""
SUFFIX = re.compile(r"\w[\w.\-]*")


def asks_for_metrics(budgets: Iterable[Budget]) -> bool:
    """Return whether a budget refers to a figure of metrics, which are computed only then. `budgets`: as read."""
    return any(item.figure.partition(".")[0] in METRIC_UNITS for item in budgets)


def _named(item: ClassMetrics) -> Iterator[str]:
    """The suffixes of a class: its number, and its name if a budget can spell it."""
    yield str(item.number)
    if item.name != str(item.number) and SUFFIX.fullmatch(item.name) and item.name not in ("macro", "weighted"):
        yield item.name


def _fraction(value: float | None, why: str = "") -> Measure:
    return Measure(value, "fraction", 1.0, "the whole", why)


def _averages(mean: str, found: Averages | None) -> dict[str, Measure]:
    return {} if found is None else {f"{name}.{mean}": _fraction(getattr(found, name)) for name in AVERAGED}


def _of_class(item: ClassMetrics) -> dict[str, Measure]:
    rows = {
        "precision": _fraction(item.precision, f"class {item.name} was never answered"),
        "recall": _fraction(item.recall, f"class {item.name} has no sample"),
        "f1": _fraction(item.f1, f"class {item.name} has neither sample nor answer"),
        "auc": _fraction(item.auc, f"all samples, or none, are of class {item.name}"),
        "support": Measure(item.support, "sample"),
    }
    return {f"{name}.{suffix}": measure for name, measure in rows.items() for suffix in _named(item)}


def metric_measures(found: Metrics | None) -> dict[str, Measure]:
    """Return the figures of metrics by name; without metrics none.

    `found`: metrics of a recording. Classes have their number and, if a budget can spell it, their name: recall.3 and
    recall.cat; confusion.3.5 counts samples of class 3 with answer 5, of up to 100 classes.
    """
    if found is None:
        return {}
    measures = dict[str, Measure]()
    if found.confusion is not None:
        measures["balanced_accuracy"] = _fraction(found.balanced_accuracy)
        measures["auc"] = _fraction(found.auc, "all samples are of one class")
    measures |= _averages("macro", found.macro) | _averages("weighted", found.weighted)
    for item in found.classes:
        measures |= _of_class(item)
    for (label, answer), count in _confused(found):
        measures[f"confusion.{label}.{answer}"] = Measure(count, "sample")
    for error in found.regression:
        why = "a target never changes"
        measures |= {
            f"{name}.{error.output}": Measure(getattr(error, name), "") for name in ("mae", "rmse", "max_error")
        }
        measures[f"r2.{error.output}"] = _fraction(error.r2, why)
    return measures | {f"metric.{item.name}": Measure(item.value, "") for item in found.own}


def _confused(found: Metrics) -> Iterator[tuple[tuple[int, int], int]]:
    if found.confusion is not None and len(found.classes) <= MOST_PAIRED:
        for label, row in enumerate(found.confusion.tolist()):
            yield from (((label, answer), count) for answer, count in enumerate(row))
