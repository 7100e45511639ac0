"""The task that a user gives replaces what reading a model found."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor

import neurodeploy as nd
from neurodeploy.importers.trained import read_trained
from neurodeploy.trained.forward import forward
from neurodeploy.trained.network import Read
from neurodeploy.trained.operations import Activate, Scores
from neurodeploy.trained.task import with_task

X = np.random.default_rng(0).random((80, 4))
Z = X @ [1.0, -2, 1, 0.5] - 0.2


def outputs(read: Read, x):
    network = read.network
    return forward(network, {network.inputs[0].name: x})[network.nodes[-1].name]


def test_a_regressor_of_one_value_is_a_classifier_by_its_sign():
    model = Ridge(alpha=1e-6).fit(X, Z)
    read = read_trained(model, task="classify")
    assert read.network.task == "classify"
    assert np.array_equal(outputs(read, X).argmax(axis=1), (model.predict(X) > 0).astype(int))
    assert [(line.asked, line.got) for line in read.ledger if line.quantity == "task"] == [("regress", "classify")]


def test_several_values_are_scores_of_classes():
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=20000, alpha=0.01, random_state=0, solver="lbfgs").fit(
        X, np.eye(2)[(Z > 0).astype(int)]
    )
    made = nd.convert(model, calibration=X, labels=(Z > 0).astype(int), steps=32, task="classify")
    assert made.network.outputs[0].decoder.kind == "membrane"
    program = nd.compile(made)
    chip, own = nd.answers(program, nd.run(program, X)), model.predict(X).argmax(axis=1)
    assert (chip == own).mean() > 0.9


def test_a_final_sigmoid_is_a_value_if_values_are_asked_for():
    read = read_trained(LogisticRegression().fit(X, Z > 0))
    one = read.network.model_copy(update={"nodes": read.network.nodes})
    last = one.nodes[-1]
    assert isinstance(last.operation, Scores)
    sigmoid = last.model_copy(update={"operation": Scores(function="sigmoid")})
    given = Read(network=one.model_copy(update={"nodes": (*one.nodes[:-1], sigmoid)}))
    asked = with_task(given, "regress")
    assert asked.network.nodes[-1].operation == Activate(function="sigmoid")
    assert asked.network.task == "regress"
    assert np.array_equal(outputs(asked, X), outputs(given, X))


def test_what_is_read_stays_if_the_user_says_the_same_or_nothing():
    read = read_trained(Ridge().fit(X, Z))
    assert with_task(read, "regress") is read
    assert with_task(read, None) is read


def test_values_of_a_softmax_are_refused():
    with pytest.raises(nd.DiagnosticError) as error:
        read_trained(LogisticRegression().fit(X, np.digitize(Z, [0, 0.5])), task="regress")
    assert [item.code for item in error.value.diagnostics] == ["ND816"]
