"""Estimators of scikit-learn on the emulated chip: answers, values and labels are those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd

pytest.importorskip("sklearn", reason="scikit-learn is missing and cannot be had: it comes with the `test` extra")

from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.linear_model import Perceptron, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, Y = load_iris(return_X_y=True)
STEPS = 32


def ran(model: object, labels: object = None) -> tuple[nd.Program, nd.Recording]:
    """The program and the run of a model; features are in centimetres, as in the training."""
    converted = nd.convert(model, calibration=X, labels=labels, target="loihi1", steps=STEPS)
    program = nd.compile(converted, target="loihi1")
    return program, nd.run(program, X)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_answers_are_places_in_the_classes(n_classes) -> None:
    names = np.array(["versicolor", "setosa", "virginica"])[Y % n_classes]  # setosa is the first one by name
    model = make_pipeline(StandardScaler(), RidgeClassifier()).fit(X, names)
    answers = model.classes_[nd.answers(*ran(model, names))]
    # only samples whose scores are almost equal may be judged differently
    scores = np.sort(np.atleast_2d(model.decision_function(X).T).T, axis=1)
    lead = scores[:, -1] - scores[:, -2] if n_classes == 3 else np.abs(scores[:, 0])
    decided = lead > 0.1
    assert decided.mean() > 0.8
    assert (answers[decided] == model.predict(X)[decided]).all()


def test_a_perceptron_is_a_step_of_its_sum() -> None:
    model = make_pipeline(StandardScaler(), Perceptron(random_state=0)).fit(X, Y > 0)
    assert (nd.answers(*ran(model, Y > 0)) == model.predict(X)).all()


def test_values_of_a_regressor_are_in_the_units_of_the_training() -> None:
    """Within the step of a rate of each feature, for a target in thousands that was scaled for training."""
    wanted = 4000 + 100 * X @ np.array([[1.0, 2.0], [-2.0, 1.0], [3.0, 0.0], [0.0, -3.0]])
    ridge = TransformedTargetRegressor(make_pipeline(StandardScaler(), Ridge()), transformer=StandardScaler())
    values = nd.decoded(*ran(ridge.fit(X, wanted)))["values"]
    assert values.shape[::2] == (150, 2)
    span = np.ptp(wanted, axis=0)
    assert (np.abs(values[:, -1] - ridge.predict(X)).mean(axis=0) < span / STEPS).all()


def test_several_labels_are_values_above_zero() -> None:
    labels = np.stack([Y == 0, Y == 2, X[:, 0] > 6], axis=1).astype(int)
    model = make_pipeline(StandardScaler(), RidgeClassifier()).fit(X, labels)
    values = nd.decoded(*ran(model))["values"][:, -1]
    assert ((values > 0) == model.predict(X)).mean() > 0.95
