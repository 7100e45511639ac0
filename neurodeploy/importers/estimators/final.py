"""The estimator of a pipeline: multilayer perceptrons and linear models.

A binary classifier of scikit-learn has one score z; here it has two, 0 and z, whose largest is the answer and whose softmax is
(1 - sigmoid(z), sigmoid(z)). Sources: the reference pages of scikit-learn 1.9, sections Attributes and decision_function.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.estimators.reading import Reading, Step, kinds_of
from neurodeploy.importers.estimators.unsupported import refuse
from neurodeploy.trained.operations import Activate, FullyConnected, Scores

__all__ = ["Answer", "add_estimator"]

Array = NDArray[Any]
CLASSIFIERS = (
    "LogisticRegression", "Perceptron", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier", "LinearSVC",
    "PassiveAggressiveClassifier", "LinearDiscriminantAnalysis",
)  # fmt: skip
"""Classifiers whose answer is the largest of coef_ @ x + intercept_."""
REGRESSORS = (
    "LinearRegression", "Ridge", "Lasso", "ElasticNet", "SGDRegressor", "LinearSVR", "HuberRegressor", "BayesianRidge",
    "ARDRegression", "Lars", "TheilSenRegressor", "PassiveAggressiveRegressor", "QuantileRegressor", "RidgeCV", "LassoCV",
    "ElasticNetCV", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV",
)  # fmt: skip
"""Regressors whose answer is coef_ @ x + intercept_."""
ACTIVATIONS = {"relu": "relu", "logistic": "sigmoid", "tanh": "tanh"}
"""MLP activation -> function; identity is none."""


class Answer(NamedTuple):
    """What the last node of an estimator means."""

    task: Literal["classify", "regress"]
    classes: tuple[str, ...] = ()


def add_estimator(reading: Reading, step: Step) -> Answer:
    """Add the nodes of an estimator, and return what its output means; findings if it has no weights (ND800, ND806)."""
    kinds = kinds_of(step.model)
    if "BaseMultilayerPerceptron" in kinds:
        return _perceptron(reading, step)
    if any(kind in CLASSIFIERS for kind in kinds):
        return _linear_classifier(reading, step)
    if any(kind in REGRESSORS for kind in kinds):
        arrays = _coefficients(reading, step)
        if arrays is not None:
            reading.add(step, "output", FullyConnected(weights=arrays[0], bias=arrays[1]), *arrays[0].shape[::-1])
        return Answer("regress")
    refuse(reading, step, kinds)
    return Answer("classify")


def _perceptron(reading: Reading, step: Step) -> Answer:
    """The layers of an MLPClassifier or MLPRegressor."""
    model = step.model
    n_layers = len(getattr(model, "coefs_", ()) or ())
    layers = _mlp_arrays(reading, step, n_layers)
    ends = getattr(model, "out_activation_", "identity")
    if model.activation not in (*ACTIVATIONS, "identity"):
        fix = "fit with activation='relu'"
        reading.fault("ND800", step, f"activation '{model.activation}' has no form as spikes", fix)
    if ends not in ("identity", "softmax", "logistic"):
        message = f"its answer is {ends}(z) of the last layer's z, which no chip computes"
        reading.fault(
            "ND800",
            step,
            message,
            "fit with loss='squared_error', to the logarithm of the targets if they are positive",
        )
    if layers is None or reading.findings:
        return Answer("classify")
    binary = ends == "logistic" and layers[-1][0].shape[0] == 1
    for number, (weights, bias) in enumerate(layers, 1):
        last = number == n_layers
        rows, plus = _two_scores(weights, bias) if last and binary else (weights, bias)
        reading.add(step, f"dense_{number}", FullyConnected(weights=rows, bias=plus), rows.shape[1], len(rows))
        if not last and model.activation != "identity":
            activate = Activate.model_validate({"function": ACTIVATIONS[model.activation]})
            reading.add(step, f"{model.activation}_{number}", activate, len(rows), len(rows))
    if ends == "identity":
        return Answer("regress")
    return _several_labels(reading, step) if ends == "logistic" and not binary else _with_scores(reading, step)


def _mlp_arrays(reading: Reading, step: Step, n_layers: int) -> list[tuple[Array, Array]] | None:
    """(weights (out, in), bias (out,)) of each layer; None with findings."""
    biases = getattr(step.model, "intercepts_", ())
    if not n_layers or len(biases) != n_layers:
        reading.arrays(step, "coefs_", "intercepts_")
        return None
    found: list[tuple[Array, Array]] = []
    for number in range(n_layers):
        weights = reading.numbers(step, f"coefs_[{number}]", step.model.coefs_[number])
        bias = reading.numbers(step, f"intercepts_[{number}]", biases[number])
        if weights is None or bias is None:
            continue
        if weights.ndim != 2 or bias.shape != weights.shape[1:]:
            shapes = f"{list(weights.shape)} and intercepts_[{number}] {list(bias.shape)}"
            reading.fault("ND803", step, f"coefs_[{number}] has shape {shapes}", "fit the model again")
            continue
        found.append((weights.T, bias))
    return found if len(found) == n_layers else None


def _two_scores(weights: Array, bias: Array) -> tuple[Array, Array]:
    """Scores 0 and z of a classifier with one score."""
    return np.concatenate([np.zeros_like(weights), weights]), np.concatenate([np.zeros_like(bias), bias])


def _names(step: Step) -> tuple[str, ...]:
    return tuple(str(item) for item in np.asarray(step.model.classes_).tolist())


def _with_scores(reading: Reading, step: Step) -> Answer:
    """End in softmax, whose values are those of predict_proba."""
    n_scores, names = reading.size or 1, _names(step)
    if len(names) != n_scores:
        message = f"has {n_scores} scores for {len(names)} class{'es' if len(names) > 1 else ''}, '{', '.join(names)}'"
        reading.fault("ND803", step, f"{step.says}{message}", "fit on samples of at least two classes")
    reading.add(step, "softmax", Scores(function="softmax"), n_scores, n_scores)
    return Answer("classify", names)


def _several_labels(reading: Reading, step: Step) -> Answer:
    """The outputs of a classifier that gives a sample several labels: sigmoids of their own."""
    n_labels = reading.size or 1
    reading.add(step, "sigmoid", Scores(function="sigmoid"), n_labels, n_labels)
    message = f"gives a sample any of {n_labels} labels at once: label k is given if output k ends above 0"
    reading.fault(
        "ND830",
        step,
        message,
        "compare the last values of nd.decoded(program, recording) with 0, and leave out labels= of the calibration",
    )
    return Answer("regress", _names(step))


def _coefficients(reading: Reading, step: Step) -> tuple[Array, Array] | None:
    """(weights (out, in), bias (out,)) of a linear model; None with findings."""
    arrays = reading.arrays(step, "coef_", "intercept_")
    if arrays is None:
        return None
    weights = np.atleast_2d(arrays[0])
    if weights.ndim != 2 or arrays[1].size not in (1, len(weights)):
        shapes = f"{list(arrays[0].shape)} and intercept_ {list(arrays[1].shape)}"
        reading.fault("ND803", step, f"coef_ has shape {shapes}", "fit the model again")
        return None
    return weights, np.array(np.broadcast_to(arrays[1].ravel(), (len(weights),)))


def _linear_classifier(reading: Reading, step: Step) -> Answer:
    """A linear layer, one score for each class."""
    arrays = _coefficients(reading, step)
    if arrays is None or reading.findings:
        return Answer("classify")
    weights, bias = arrays
    binarizer = getattr(step.model, "_label_binarizer", None)
    if getattr(binarizer, "y_type_", "").startswith("multilabel"):
        reading.add(step, "output", FullyConnected(weights=weights, bias=bias), *weights.shape[::-1])
        return _several_labels(reading, step)
    if len(weights) == 1:
        weights, bias = _two_scores(weights, bias)
    reading.add(step, "output", FullyConnected(weights=weights, bias=bias), *weights.shape[::-1])
    if _has_softmax(step.model, len(weights)):
        return _with_scores(reading, step)
    return Answer("classify", _names(step))


def _has_softmax(model: Any, n_classes: int) -> bool:
    """Whether predict_proba is the softmax of the scores, and not that of each class alone, divided by their sum."""
    kinds = kinds_of(model)
    if "LinearDiscriminantAnalysis" in kinds:
        return True
    one_by_one = getattr(model, "multi_class", "auto") == "ovr" or getattr(model, "solver", "") == "liblinear"
    return "LogisticRegression" in kinds and (n_classes == 2 or not one_by_one)
