"""Estimators of scikit-learn: what is read computes what scikit-learn's own predict_proba, decision_function and predict do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.convert.rates import layer_values
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers.trained import is_trained, read_trained
from neurodeploy.trained.forward import forward
from neurodeploy.trained.layers import layers_of

pytest.importorskip("sklearn", reason="scikit-learn is missing and cannot be had: it comes with the `test` extra")

from sklearn import decomposition, discriminant_analysis, feature_selection, linear_model, neural_network, svm
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris, load_wine
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler, StandardScaler

IRIS = load_iris(return_X_y=True)
WINE = load_wine(return_X_y=True)


def values(model: object, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of the last node, and of the last layer after folding."""
    network = read_trained(model).network
    layers = layers_of(network)
    nodes = forward(network, {"x": x})
    folded = layer_values(layers, {"x": x}).values[layers.layers[-1].name]
    ends = network.nodes[-1]
    before = nodes[ends.inputs[0] if ends.operation.kind == "scores" else ends.name]
    assert np.abs(folded - before).max() <= 1e-9 * max(1.0, np.abs(before).max()), "folding changes no value"
    return nodes[ends.name], folded


def data(seed: int, n_features: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples of signed features in unlike units, and classes that all occur."""
    rng = np.random.default_rng(seed)
    x = rng.normal(rng.normal(0, 3, n_features), 10.0 ** rng.integers(-2, 3, n_features), (40, n_features))
    return x, rng.permutation(np.arange(40) % n_classes)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    activation=st.sampled_from(["identity", "logistic", "tanh", "relu"]),
    n_features=st.integers(1, 8),
    n_classes=st.integers(2, 5),
    names=st.sampled_from([int, str, bool]),
)
def test_a_classifier_gives_the_probabilities(seed, hidden, activation, n_features, n_classes, names) -> None:
    n_classes = 2 if names is bool else n_classes
    x, y = data(seed, n_features, n_classes)
    labels = (y * 3 - 4 if names is int else y).astype(names)
    model = neural_network.MLPClassifier(hidden, activation=activation, random_state=seed)
    model.partial_fit(x, labels, classes=np.unique(labels)).partial_fit(x, labels)
    probabilities, _ = values(model, x)
    assert np.abs(probabilities - model.predict_proba(x)).max() < 1e-6
    network = read_trained(model).network
    assert network.classes == tuple(str(name) for name in model.classes_.tolist())
    spikes = sum(node.operation.kind == "activate" for node in network.nodes)
    assert spikes == (0 if activation == "identity" else len(hidden))


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), hidden=st.lists(st.integers(1, 9), max_size=2), n_outputs=st.integers(1, 4))
def test_a_regressor_gives_the_values(seed, hidden, n_outputs) -> None:
    x, _ = data(seed, 5, 2)
    y = np.random.default_rng(seed).normal(size=(40, n_outputs))
    model = neural_network.MLPRegressor(hidden_layer_sizes=hidden, activation="tanh", random_state=seed)
    model.partial_fit(x, y[:, 0] if n_outputs == 1 else y)
    given, _ = values(model, x)
    assert np.abs(given - model.predict(x).reshape(40, -1)).max() < 1e-6
    network = read_trained(model).network
    assert (network.task, network.classes) == ("regress", ())


LINEAR = [
    linear_model.LogisticRegression(max_iter=5000),
    linear_model.Perceptron(),
    linear_model.RidgeClassifier(),
    linear_model.SGDClassifier(),
    linear_model.SGDClassifier(fit_intercept=False),
    svm.LinearSVC(),
    discriminant_analysis.LinearDiscriminantAnalysis(),
]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("model", LINEAR, ids=lambda model: type(model).__name__)
def test_a_linear_classifier_gives_its_decision_function(model, n_classes) -> None:
    x, y = IRIS[0][: 50 * n_classes], np.array(["setosa", "versicolor", "virginica"])[IRIS[1][: 50 * n_classes]]
    model.set_params(random_state=0) if "random_state" in model.get_params() else None
    model = make_pipeline(StandardScaler(), model).fit(x, y)
    last, scores = values(model, x)
    wanted = model.decision_function(x)
    assert np.abs((scores[:, 1] - scores[:, 0] if n_classes == 2 else scores) - wanted).max() < 1e-6
    assert (model.classes_[scores.argmax(axis=1)] == model.predict(x)).all()
    if isinstance(model[-1], (linear_model.LogisticRegression, discriminant_analysis.LinearDiscriminantAnalysis)):
        assert np.abs(last - model.predict_proba(x)).max() < 1e-6
    assert read_trained(model).network.classes == ("setosa", "versicolor", "virginica")[:n_classes]


@pytest.mark.parametrize(
    ("model", "n_outputs"),
    [
        (linear_model.LinearRegression(), 1),
        (linear_model.LinearRegression(), 3),
        (linear_model.Ridge(fit_intercept=False), 2),
        (linear_model.Lasso(alpha=0.01), 1),
        (linear_model.ElasticNet(alpha=0.01), 2),
        (svm.LinearSVR(), 1),
    ],
)
def test_a_linear_regressor_gives_the_values(model, n_outputs) -> None:
    x, _ = IRIS
    y = x @ np.arange(4 * n_outputs).reshape(4, -1) / 9
    model = make_pipeline(StandardScaler(), model).fit(x, y if n_outputs > 1 else y[:, 0])
    given, _ = values(model, x)
    assert np.abs(given - model.predict(x).reshape(len(x), -1)).max() < 1e-6
    assert read_trained(model).network.task == "regress"


STEPS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    StandardScaler(with_mean=False, with_std=False),
    RobustScaler(),
    RobustScaler(with_scaling=False),
    MinMaxScaler((-1, 2)),
    MaxAbsScaler(),
    decomposition.PCA(5),
    decomposition.PCA(5, whiten=True),
    decomposition.TruncatedSVD(4),
    decomposition.FastICA(3, random_state=0),
    feature_selection.SelectKBest(k=4),
    feature_selection.VarianceThreshold(0.5),
    "passthrough",
]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_steps_of_a_pipeline_fold_into_the_first_layer(step) -> None:
    """Two steps, one of them within a pipeline of its own, before a network of one hidden layer."""
    x, y = WINE
    network = neural_network.MLPClassifier([6], random_state=0)
    inner = Pipeline([("first", step), ("x", StandardScaler())]).fit(x, y)
    model = Pipeline([("inner", inner), ("network", network.partial_fit(inner.transform(x), y, classes=np.unique(y)))])
    probabilities, _ = values(model, x)
    assert np.abs(probabilities - model.predict_proba(x)).max() < 1e-6
    layers = layers_of(read_trained(model).network)
    assert [layer.name for layer in layers.layers] == ["dense_1", "dense_2"], "no step becomes a layer"
    assert [len(term.steps) for layer in layers.layers for term in layer.terms] == [1, 1]


def test_the_ledger_names_the_steps() -> None:
    model = make_pipeline(MinMaxScaler(clip=True), linear_model.Perceptron()).fit(*IRIS)
    lines = read_trained(model).ledger
    assert [(line.subject.name, line.quantity, line.level) for line in lines] == [
        ("minmaxscaler", "transformer", "exact"),
        ("minmaxscaler", "clip", "dropped"),
    ]


def test_several_labels_are_sigmoids() -> None:
    x, y = IRIS
    labels = np.stack([y == 0, y > 0, x[:, 0] > 6], axis=1).astype(int)
    model = neural_network.MLPClassifier([5], random_state=0).partial_fit(x, labels, classes=np.arange(3))
    probabilities, scores = values(model, x)
    assert np.abs(probabilities - model.predict_proba(x)).max() < 1e-6
    assert ((scores > 0) == model.predict(x)).all()
    ridge = linear_model.RidgeClassifier().fit(x, labels)
    assert np.abs(values(ridge, x)[1] - ridge.decision_function(x)).max() < 1e-6
    for item in (model, ridge):
        read = read_trained(item)
        assert [note.code for note in read.findings] == ["ND830"]
        assert read.network.task == "regress"


def test_sparse_and_single_precision_coefficients() -> None:
    x, y = (IRIS[0] - 5) / 2, IRIS[1]
    sparse = linear_model.LogisticRegression(max_iter=5000).fit(x, y).sparsify()
    assert np.abs(values(sparse, x)[0] - sparse.predict_proba(x)).max() < 1e-6
    single = neural_network.MLPClassifier([5], random_state=0).partial_fit(
        x.astype(np.float32), y, classes=np.arange(3)
    )
    assert single.coefs_[0].dtype == np.float32
    assert np.abs(values(single, x)[0] - single.predict_proba(x)).max() < 1e-6


def test_a_search_is_its_best_estimator() -> None:
    search = GridSearchCV(linear_model.RidgeClassifier(), {"alpha": [1, 10]}, cv=2).fit(*IRIS)
    assert is_trained(search)
    assert np.abs(values(search, IRIS[0])[0] - search.decision_function(IRIS[0])).max() < 1e-6


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler(), MaxAbsScaler(), None], ids=str)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_scaler_of_the_targets_is_undone_after_the_regressor(scaler, n_outputs) -> None:
    x, _ = WINE
    y = 500 + x @ np.arange(13 * n_outputs).reshape(13, -1)
    ridge = make_pipeline(StandardScaler(), linear_model.Ridge())
    model = TransformedTargetRegressor(ridge, transformer=scaler, check_inverse=False)
    model = Pipeline([("first", RobustScaler()), ("target", model)]).fit(x, y if n_outputs > 1 else y[:, 0])
    given, _ = values(model, x)
    wanted = model.predict(x).reshape(len(x), -1)
    assert np.abs(given - wanted).max() < 1e-6 * np.abs(wanted).max()
    network = read_trained(model).network
    assert network.task == "regress"
    assert len(layers_of(network).layers) == 1


def test_other_transformers_of_the_targets_are_findings() -> None:
    x, y = IRIS
    model = TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1)
    assert codes(model) == ["ND806"]
    assert codes(model.fit(x, y)) == ["ND831"]


def codes(model: object) -> list[str]:
    with pytest.raises(DiagnosticError) as caught:
        read_trained(model)
    return [item.code for item in caught.value.diagnostics]


def test_what_cannot_be_read_is_said_at_once() -> None:
    x, y = IRIS
    assert codes(neural_network.MLPClassifier()) == ["ND806"]
    assert codes(make_pipeline(StandardScaler(), Normalizer(), linear_model.Ridge())) == ["ND806", "ND831", "ND806"]
    assert codes(make_pipeline(Normalizer(), svm.SVC()).fit(x, y)) == ["ND831", "ND800"]
    assert codes(RandomForestRegressor(2).fit(x, y)) == ["ND800"]
    assert codes(KNeighborsClassifier().fit(x, y)) == ["ND800"]
    assert codes(GridSearchCV(linear_model.Ridge(), {})) == ["ND806"]
    assert codes(make_pipeline(StandardScaler()).fit(x)) == ["ND800"]
    assert codes(Pipeline([("scaler", StandardScaler().fit(x)), ("none", "passthrough")])) == ["ND800"]
    assert codes(Pipeline([])) == ["ND800"]
    exponential = neural_network.MLPRegressor(hidden_layer_sizes=[3]).partial_fit(x, y)
    exponential.out_activation_ = "exp"  # as with loss="poisson", which scikit-learn has since 1.7
    assert codes(exponential) == ["ND800"]


def test_damaged_weights_are_findings() -> None:
    x, y = IRIS
    model = neural_network.MLPClassifier([5]).partial_fit(x, y, classes=np.arange(3))
    model.coefs_[0][1, 2] = np.nan
    model.intercepts_[1][:] = np.inf
    assert codes(model) == ["ND802", "ND802"]
    model = make_pipeline(StandardScaler(), linear_model.Ridge()).fit(x, y)
    model[0].scale_ = np.array([1.0, 0.0, 1.0, 1.0])
    assert codes(model) == ["ND802", "ND802"]
    model = make_pipeline(StandardScaler(), linear_model.Ridge()).fit(x, y)
    model[1].fit(x[:, :2], y)
    assert codes(model) == ["ND803"]
    assert codes(neural_network.MLPClassifier([2]).partial_fit(x, 0 * y, classes=[0])) == ["ND803"]
    model = linear_model.Perceptron().fit(x, y)
    model.intercept_ = np.zeros(2)
    assert codes(model) == ["ND803"]


def test_the_fix_of_a_step_that_does_not_fold_works() -> None:
    """The pipeline is cut where the finding says."""
    x, y = IRIS
    model = make_pipeline(StandardScaler(), Normalizer(), linear_model.LogisticRegression(max_iter=5000)).fit(x, y)
    with pytest.raises(DiagnosticError) as caught:
        read_trained(model)
    assert "pipeline[:2].transform(x)" in caught.value.diagnostics[0].fixes[0].text
    rest = model[2:]
    assert np.abs(values(rest, model[:2].transform(x))[0] - model.predict_proba(x)).max() < 1e-6
