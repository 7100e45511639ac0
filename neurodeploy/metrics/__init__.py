"""Metrics: accuracy, precision, recall, F1, confusion, ROC, errors of decoded values, and a user's own functions."""

from neurodeploy.metrics.build import class_names, metrics
from neurodeploy.metrics.classification import classified, roc
from neurodeploy.metrics.functions import PARAMETERS, Function, function_named, functions_of
from neurodeploy.metrics.nouns import Averages, ClassMetrics, Curve, Metrics, RegressionMetrics, UserMetric
from neurodeploy.metrics.regression import regression

__all__ = [
    "PARAMETERS",
    "Averages",
    "ClassMetrics",
    "Curve",
    "Function",
    "Metrics",
    "RegressionMetrics",
    "UserMetric",
    "class_names",
    "classified",
    "function_named",
    "functions_of",
    "metrics",
    "regression",
    "roc",
]
