"""Metrics of answers against labels. Counts are exact integers, and every mean is a correctly rounded sum divided once, so
that a figure is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.metrics.nouns import Averages, ClassMetrics, Curve

__all__ = ["Classified", "class_scores", "classified", "roc"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
POINTS = 256
"""Largest number of points of a curve."""
MOST_CURVES = 20
"""Largest number of classes whose curves are kept; areas always are."""


class Classified(NamedTuple):
    """All figures of labels, answers and scores; the fields are those of Metrics."""

    accuracy: float
    balanced_accuracy: float
    classes: tuple[ClassMetrics, ...]
    macro: Averages
    weighted: Averages
    confusion: Ints
    auc: float | None
    curves: tuple[Curve, ...]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def class_scores(scores: Floats, number: int) -> Floats:
    """Return the score by which a class is told from the others, (samples,).

    `scores`: (samples, outputs), larger for the answer. `number`: the class. With one output, it is the score of class 1; with
    two, the score is the difference of both, as the answer depends on nothing else.
    """
    if scores.shape[1] == 1:
        return scores[:, 0] if number == 1 else -scores[:, 0]
    if scores.shape[1] == 2 and number < 2:
        return scores[:, number] - scores[:, 1 - number]
    return scores[:, number]


def roc(is_class: NDArray[np.bool_], score: Floats) -> tuple[float, Floats, Floats] | None:
    """Return (area, false positive rates, true positive rates) of the ROC curve; None if it is not defined.

    `is_class`: (samples,) whether a sample is of the class; both must occur. `score`: (samples,) finite. Equal scores are one
    corner. The area is the Mann-Whitney statistic, half a point for a tie (Hanley and McNeil, Radiology 143, 1982).
    """
    positives = int(is_class.sum())
    negatives = is_class.size - positives
    if not positives or not negatives:
        return None
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(score[order]) != 0, True])
    true: Ints = np.r_[0, np.cumsum(is_class[order])[ends]].astype(np.int64)
    false: Ints = np.r_[0, ends + 1] - true
    twice = sum(int(d) * int(s) for d, s in zip(np.diff(false), true[1:] + true[:-1], strict=True))
    kept = _corners(false, true)
    return twice / (2 * positives * negatives), false[kept] / negatives, true[kept] / positives


def _corners(false: Ints, true: Ints) -> Ints:
    """Indices of points at which a curve turns, thinned to POINTS, its ends included."""
    d_false, d_true = np.diff(false), np.diff(true)
    turns = d_false[1:] * d_true[:-1] != d_false[:-1] * d_true[1:]
    kept = np.r_[0, np.flatnonzero(turns) + 1, false.size - 1].astype(np.int64)
    if kept.size <= POINTS:
        return kept
    return kept[np.arange(POINTS) * (kept.size - 1) // (POINTS - 1)]


def _class(number: int, name: str, confusion: Ints, area: float | None) -> ClassMetrics:
    correct, support = int(confusion[number, number]), int(confusion[number].sum())
    answered = int(confusion[:, number].sum())
    return ClassMetrics(
        number=number,
        name=name,
        support=support,
        answered=answered,
        precision=_share(correct, answered),
        recall=_share(correct, support),
        f1=_share(2 * correct, support + answered),
        auc=area,
    )


def _averages(classes: Sequence[ClassMetrics], weights: Sequence[int]) -> Averages:
    """Means of three figures; `weights`: of each class, not all 0."""

    def mean(name: str) -> float:
        values = [getattr(item, name) or 0.0 for item in classes]
        return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)

    return Averages(precision=mean("precision"), recall=mean("recall"), f1=mean("f1"))


def _curves(labels: Ints, scores: Floats, n_classes: int) -> tuple[dict[int, float], tuple[Curve, ...]]:
    """Area of each class with a curve, and the curves of up to MOST_CURVES classes; of two classes only that of class 1."""
    areas, curves = dict[int, float](), list[Curve]()
    two = scores.shape[1] <= 2 and n_classes <= 2
    for number in range(min(n_classes, max(scores.shape[1], 2))):
        found = roc(labels == number, class_scores(scores, number))
        if found is None:
            continue
        areas[number] = found[0]
        if n_classes <= MOST_CURVES and (number == 1 or not two):
            curves.append(Curve(number=number, false_positive_rate=found[1], true_positive_rate=found[2]))
    return areas, tuple(curves)


def classified(labels: Ints, answers: Ints, scores: Floats, names: Sequence[str] = ()) -> Classified:
    """Return the metrics of answers.

    `labels`, `answers`: (samples,) classes from 0, at least one sample. `scores`: (samples, outputs), finite, larger for the
    answer. `names`: of the classes; those without one have their number. A label beyond the outputs is a class that can never
    be answered.
    """
    n_classes = max(scores.shape[1], int(labels.max()) + 1, int(answers.max()) + 1)
    confusion = np.bincount(labels * n_classes + answers, minlength=n_classes**2).reshape(n_classes, n_classes)
    areas, curves = _curves(labels, scores, n_classes)
    named = [names[number] if number < len(names) else str(number) for number in range(n_classes)]
    classes = tuple(_class(number, named[number], confusion, areas.get(number)) for number in range(n_classes))
    present = [item for item in classes if item.support or item.answered]
    recalls = [item.recall for item in classes if item.recall is not None]
    return Classified(
        accuracy=int(np.trace(confusion)) / labels.size,
        balanced_accuracy=_mean(recalls),
        classes=classes,
        macro=_averages(present, [1] * len(present)),
        weighted=_averages(present, [item.support for item in present]),
        confusion=confusion,
        auc=_mean(list(areas.values())) if areas else None,
        curves=curves,
    )
