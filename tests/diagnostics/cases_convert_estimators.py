"""Triggers of findings about estimators of scikit-learn. No estimator is fitted where its attributes can be given."""

from __future__ import annotations

import numpy as np

from neurodeploy.importers.trained import read_trained


def several_labels(patch):
    from sklearn.neural_network import MLPClassifier

    x = np.eye(4)
    return read_trained(MLPClassifier([3]).partial_fit(x, x[:, :3].astype(int), classes=np.arange(3))).findings


def not_affine(patch):
    from sklearn.linear_model import Perceptron
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer, StandardScaler

    x = np.arange(8.0).reshape(4, 2)
    return read_trained(make_pipeline(StandardScaler(), Normalizer(), Perceptron()).fit(x, [0, 1, 0, 1])).findings


def not_fitted(patch):
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    read_trained(Pipeline([("scaler", StandardScaler()), ("mlp", MLPClassifier())]))


CASES = {"ND806": not_fitted, "ND830": several_labels, "ND831": not_affine}
