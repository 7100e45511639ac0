"""Metrics of answers and decoded values. A figure that is not defined is None, never 0."""

from __future__ import annotations

from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun
from neurodeploy.diagnostics import Diagnostic

__all__ = ["Averages", "ClassMetrics", "Curve", "Metrics", "RegressionMetrics", "UserMetric"]


class ClassMetrics(Noun):
    """One class against all others."""

    number: int
    """Number of the class: its index among the answers."""
    name: str
    """Name of the class; its number if the network names none."""
    support: int
    """Samples with this label."""
    answered: int
    """Samples with this answer."""
    precision: float | None
    """Fraction of its answers that are correct; None: it was never answered."""
    recall: float | None
    """Fraction of its samples that are answered correctly; None: it has no sample."""
    f1: float | None
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); None: neither sample nor answer."""
    auc: float | None = None
    """Area under the ROC curve of its score; None: all samples, or none, are of this class."""


class Averages(Noun):
    """Means over classes that have a sample or an answer; a figure that is not defined counts as 0, as in scikit-learn."""

    precision: float
    """Mean precision."""
    recall: float
    """Mean recall."""
    f1: float
    """Mean F1."""


class Curve(Noun):
    """ROC curve of one class: the rates for every threshold on its score, from the strictest to the loosest.

    A curve of more than 256 corners is thinned; the area is always that of the whole curve.
    """

    number: int
    """Number of the class."""
    false_positive_rate: FloatArray
    """(points,) fraction of the samples of other classes with a score at or above the threshold."""
    true_positive_rate: FloatArray
    """(points,) fraction of the samples of the class with a score at or above the threshold."""


class RegressionMetrics(Noun):
    """Errors of one output against its targets, over all samples, values and, if targets have them, steps."""

    output: Name
    """Name of the output."""
    values: int
    """Numbers that were compared."""
    mae: float
    """Mean absolute error, in the unit of the output."""
    rmse: float
    """Root of the mean squared error, in the unit of the output."""
    max_error: float
    """Largest absolute error, in the unit of the output."""
    r2: float | None
    """Fraction of the variance that is explained, mean over the values of the output; None: a target never changes."""


class UserMetric(Noun):
    """A figure of a user's own function."""

    name: str
    """Name of the function, and of the item if it returns several, as in "latency" or "cost.total"."""
    value: float
    """What it returned."""
    source: str = ""
    """The function as it was named, such as "scores.py:latency"."""


class Metrics(Noun):
    """How good the answers and decoded values of a recording are."""

    n_samples: int
    """Number of complete samples."""
    accuracy: float | None = None
    """Fraction of samples with a correct answer; None without labels or output."""
    balanced_accuracy: float | None = None
    """Mean recall of the classes that have samples."""
    classes: tuple[ClassMetrics, ...] = ()
    """Every class, by number."""
    macro: Averages | None = None
    """Means over classes, each with the same weight."""
    weighted: Averages | None = None
    """Means over classes, weighted by support."""
    confusion: IntArray | None = None
    """(classes, classes) numbers of samples by label (row) and answer (column)."""
    auc: float | None = None
    """Area under the ROC curve: of the two classes, or the mean over classes, each against the rest."""
    curves: tuple[Curve, ...] = ()
    """ROC curves; one for two classes, one for each of up to 20, none of more."""
    regression: tuple[RegressionMetrics, ...] = ()
    """Errors of every output that has targets."""
    own: tuple[UserMetric, ...] = Field(default=())
    """Figures of the user's own functions."""
    findings: tuple[Diagnostic, ...] = ()
    """ND633 (a class without samples)."""
