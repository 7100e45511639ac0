"""Every layer of Keras that is read, from both kinds of files, against a slow model with channels last."""

from __future__ import annotations

import warnings

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_files import document, entry, layer, weights_file, write_h5, write_keras
from keras_model import values_of

from neurodeploy.importers.trained import is_trained, read_trained
from neurodeploy.trained.forward import forward
from neurodeploy.trained.operations import LinearMap, Scores, Transpose

rng = np.random.default_rng(5)
IMAGE, LINE = (7, 6, 4), (9, 4)


def draw(*shape):
    return rng.normal(size=shape).astype(np.float32)


def dense(name, n_in, units=3, *, bias=True, **config):
    weights = {"kernel": draw(n_in, units)} | ({"bias": draw(units)} if bias else {})
    return layer("Dense", name, weights, units=units, use_bias=bias, **config)


def conv(axes, kernel, channels=4, filters=4, *, groups=1, bias=True, name="conv", **config):
    weights = {"kernel": draw(*kernel, channels // groups, filters)} | ({"bias": draw(filters)} if bias else {})
    config |= {"filters": filters, "kernel_size": list(kernel), "groups": groups, "use_bias": bias}
    return layer(f"Conv{axes}D", name, weights, **config)


def depthwise(axes, kernel, times=2, key="depthwise_kernel", **config):
    weights = {key: draw(*kernel, 4, times), "bias": draw(4 * times)}
    return layer(f"DepthwiseConv{axes}D", "depth", weights, kernel_size=kernel, depth_multiplier=times, **config)


def separable(axes, kernel, **config):
    weights = {
        "depthwise_kernel": draw(*kernel, 4, 2), "pointwise_kernel": draw(*(1,) * axes, 8, 3), "bias": draw(3)
    }  # fmt: skip
    config |= {"kernel_size": kernel, "depth_multiplier": 2, "filters": 3}
    return layer(f"SeparableConv{axes}D", "separable", weights, **config)


def normalization(n=4, scale=True, center=True, **config):
    weights = {"gamma": draw(n)} if scale else {}
    weights |= {"beta": draw(n)} if center else {}
    weights |= {"moving_mean": draw(n), "moving_variance": np.abs(draw(n)) + 0.5}
    return layer("BatchNormalization", "norm", weights, scale=scale, center=center, **config)


def adapted(n=4):
    return layer("Normalization", "adapted", {"mean": draw(n), "variance": np.abs(draw(n)) + 0.5, "count": np.array(9)})


def simple(kind, **config):
    return layer(kind, kind.lower(), **config)


CASES = {
    "dense": ((5,), [dense("one", 5, activation="relu"), simple("Dropout"), dense("two", 3, bias=False)]),
    "dense on the last axis": (LINE, [dense("one", 4, activation="tanh"), simple("Flatten"), dense("two", 27)]),
    "dense on images": (IMAGE, [dense("one", 4), simple("GlobalMaxPooling2D")]),
    "conv valid": (IMAGE, [conv(2, (3, 2), strides=[2, 1], activation="relu")]),
    "conv same, even": (IMAGE, [conv(2, (4, 2), padding="same", bias=False)]),
    "conv same, strides": (IMAGE, [conv(2, (3, 3), padding="same", strides=[2, 2], activation="relu6")]),
    "conv dilated": (IMAGE, [conv(2, (2, 3), padding="same", dilation_rate=[3, 2])]),
    "conv groups": (IMAGE, [conv(2, (3, 3), groups=2, filters=6)]),
    "conv 1-D": (LINE, [conv(1, (3,), strides=[2], padding="same", activation="sigmoid"), simple("Flatten"), dense("d", 20)]),
    "conv causal": (LINE, [conv(1, (3,), padding="causal", dilation_rate=[2])]),
    "depthwise": (IMAGE, [depthwise(2, (3, 3), strides=[2, 2], padding="same", activation="relu")]),
    "depthwise of Keras 3": (IMAGE, [depthwise(2, (3, 2), key="kernel")]),
    "depthwise 1-D": (LINE, [depthwise(1, (4,), strides=[1], padding="same")]),
    "separable": (IMAGE, [separable(2, (3, 3), strides=[2, 2], padding="same", activation="relu")]),
    "separable 1-D": (LINE, [separable(1, (3,), padding="valid")]),
    "norm": (IMAGE, [normalization(epsilon=0.01)]),
    "norm without scale": (IMAGE, [normalization(scale=False)]),
    "norm without center": (IMAGE, [normalization(center=False), simple("Flatten")]),
    "norm of rows": (IMAGE, [normalization(7, axis=1)]),
    "norm after flatten": (IMAGE, [simple("Flatten"), normalization(168, axis=[1]), dense("one", 168)]),
    "relu with a limit": ((5,), [simple("ReLU", max_value=2.0), dense("one", 5)]),
    "relu with a slope": ((5,), [simple("ReLU", negative_slope=0.25), dense("one", 5)]),
    "leaky relu of Keras 2": ((5,), [simple("LeakyReLU", alpha=0.25), dense("one", 5)]),
    "leaky relu": ((5,), [simple("LeakyReLU", negative_slope=0.5), dense("one", 5)]),
    "prelu": (IMAGE, [layer("PReLU", "prelu", {"alpha": draw(1, 1, 4)}, shared_axes=[1, 2])]),
    "prelu of places": (IMAGE, [conv(2, (1, 1)), layer("PReLU", "prelu", {"alpha": draw(7, 6, 4)}), simple("Flatten")]),
    "prelu after flatten": (IMAGE, [simple("Flatten"), layer("PReLU", "prelu", {"alpha": draw(168)}), dense("one", 168)]),
    "activation": ((5,), [simple("Activation", activation="leaky_relu"), dense("one", 5)]),
    "hard tanh": ((5,), [simple("Activation", activation="hard_tanh"), dense("one", 5)]),
    "softmax": ((5,), [dense("one", 5, activation="softmax")]),
    "log softmax": (IMAGE, [simple("Flatten"), simple("Activation", activation="log_softmax")]),
    "softmax layer": (IMAGE, [simple("GlobalAveragePooling2D"), simple("Softmax", axis=-1)]),
    "max pool": (IMAGE, [simple("MaxPooling2D", pool_size=[2, 3], strides=None)]),
    "max pool same": (IMAGE, [simple("MaxPooling2D", pool_size=[3, 3], strides=[2, 2], padding="same")]),
    "average pool": (IMAGE, [simple("AveragePooling2D", pool_size=[2, 2], strides=[1, 2])]),
    "average pool same": (IMAGE, [simple("AveragePooling2D", pool_size=[3, 3], strides=[2, 2], padding="same")]),
    "pools 1-D": (LINE, [simple("AveragePooling1D", pool_size=[2]), simple("MaxPooling1D", pool_size=[3], strides=[1])]),
    "global pools": (IMAGE, [simple("GlobalAveragePooling2D", keepdims=True), simple("Flatten"), dense("one", 4)]),
    "global pool 1-D": (LINE, [simple("GlobalAveragePooling1D"), dense("one", 4)]),
    "reshape": ((42,), [simple("Reshape", target_shape=[7, -1, 2]), conv(2, (2, 2), 2)]),
    "permute": (IMAGE, [conv(2, (2, 2)), simple("Permute", dims=[3, 1, 2]), simple("Flatten"), dense("one", 120)]),
    "padding": (IMAGE, [simple("ZeroPadding2D", padding=[[1, 0], [2, 3]]), conv(2, (3, 3), strides=[2, 2], padding="same")]),
    "padding before a pool": (IMAGE, [simple("ZeroPadding2D", padding=1), simple("MaxPooling2D", pool_size=2)]),
    "padding 1-D": (LINE, [simple("ZeroPadding1D", padding=[1, 2]), conv(1, (3,))]),
    "cropping": (IMAGE, [conv(2, (2, 2)), simple("Cropping2D", cropping=[[1, 2], [0, 1]]), simple("Flatten")]),
    "cropping 1-D": (LINE, [conv(1, (2,)), simple("Cropping1D", cropping=[1, 2])]),
    "upsampling": (IMAGE, [conv(2, (2, 2)), simple("UpSampling2D", size=[2, 3], interpolation="nearest")]),
    "upsampling 1-D": (LINE, [conv(1, (2,)), simple("UpSampling1D", size=3)]),
    "rescaling": (IMAGE, [simple("Rescaling", scale=[0.1, 0.2, 0.3, 0.4], offset=1.0), conv(2, (2, 2))]),
    "normalization": (IMAGE, [adapted(), conv(2, (2, 2))]),
    "sequential inside": ((5,), [dense("one", 5), layer("Sequential", "core", rows=[dense("in", 3), simple("ReLU")]), dense("two", 3)]),
}  # fmt: skip


def read_values(path, samples):
    """The network of a file, and its values."""
    network = read_trained(path).network
    item, last = network.inputs[0], network.nodes[-1]
    order = item.sample_axes or tuple(range(len(item.shape)))
    return network, forward(network, {item.name: samples.transpose(0, *(axis + 1 for axis in order))})[last.name]


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_keras(case, tmp_path):
    shape, rows = CASES[case]
    rows = [*rows, layer("Flatten", "values")]  # one axis, whose values are in the order of Keras
    samples = draw(3, *shape).astype(float)
    expected = values_of(rows, samples)
    for path in (
        write_keras(tmp_path / "net.keras", [entry(shape), *rows]),
        write_h5(tmp_path / "net.h5", [entry(shape, version=3), *rows], keras="3.1.0"),
    ):
        network, found = read_values(path, samples)
        assert network.source == "keras"
        assert np.abs(found.reshape(expected.shape) - expected).max() < 1e-9
        names = {node.name.partition("/")[0] for node in network.nodes}
        assert names <= {"input", *(row.name for row in rows)}


@pytest.mark.parametrize(
    "case", [name for name in CASES if "conv" in name or "separable" in name or "depthwise" in name]
)
def test_no_value_is_moved_on_the_way_of_a_convolution(case, tmp_path):
    shape, rows = CASES[case]
    network, _ = read_values(write_keras(tmp_path / "net.keras", [entry(shape), *rows]), draw(1, *shape))
    assert not [node.name for node in network.nodes if isinstance(node.operation, (LinearMap, Transpose))]


def test_padding_with_zeros_becomes_that_of_the_convolution(tmp_path):
    shape, rows = CASES["padding"]
    network, _ = read_values(write_keras(tmp_path / "net.keras", [entry(shape), *rows]), draw(1, *shape))
    assert [node.name for node in network.nodes] == ["conv"]


@pytest.mark.parametrize("function", ["hard_sigmoid", "leaky_relu"])
def test_functions_are_those_of_the_version_that_wrote_the_file(function, tmp_path):
    rows = [dense("one", 5, activation=function), dense("two", 3)]
    samples = draw(4, 5).astype(float)
    _, found = read_values(write_h5(tmp_path / "net.h5", [entry((5,), version=2), *rows]), samples)
    assert np.abs(found - values_of(rows, samples, version=2)).max() < 1e-9
    _, found = read_values(write_keras(tmp_path / "net.keras", [entry((5,)), *rows]), samples)
    assert np.abs(found - values_of(rows, samples, version=3)).max() < 1e-9


@pytest.mark.parametrize("version", [2, 3])
def test_functional_models_of_both_versions(version, tmp_path):
    core = [entry((7, 6, 4), "inside", version), conv(2, (1, 1), name="point", reads=["inside"])]
    rows = [
        entry((7, 6, 4), "image", version),
        conv(2, (3, 3), padding="same", name="left", reads=["image"]),
        layer("Functional", "core", rows=core, reads=["image"]),
        layer("Add", "sum", reads=["left", "core"]),
        layer("Subtract", "less", reads=["sum", "image"]),
        layer("Concatenate", "both", axis=-1, reads=["less", "image"]),
        layer("Average", "mean", reads=["both", "both"]),
        layer("Flatten", "flat", reads=["mean"]),
        layer("GlobalAveragePooling2D", "pool", reads=["sum"]),
        layer("Concatenate", "features", axis=1, reads=["flat", "pool"]),
        dense("late", 340, 5, activation="softmax", reads=["features"]),
    ]
    samples = draw(2, 7, 6, 4).astype(float)
    expected = values_of(rows, samples)
    write, name = (write_keras, "net.keras") if version == 3 else (write_h5, "net.h5")
    path = write(tmp_path / name, rows, functional=True)
    network, found = read_values(path, samples)
    assert np.abs(found - expected).max() < 1e-9
    assert "core/point" in [node.name for node in network.nodes]


def test_a_sigmoid_at_the_end_is_a_score_of_a_classifier_and_a_value_of_a_regression(tmp_path):
    rows = [entry((5,)), dense("one", 5, activation="sigmoid")]
    network, _ = read_values(write_keras(tmp_path / "net.keras", rows, loss="binary_crossentropy"), draw(1, 5))
    assert (network.task, network.nodes[-1].operation) == ("classify", Scores(function="sigmoid"))
    network, _ = read_values(write_keras(tmp_path / "net.keras", rows, loss="mse"), draw(1, 5))
    assert (network.task, network.nodes[-1].operation.kind) == ("regress", "activate")


def test_one_score_becomes_two_classes(tmp_path):
    rows = [entry((5,)), dense("one", 5, 1, activation="sigmoid")]
    samples = draw(6, 5).astype(float)
    network, found = read_values(write_keras(tmp_path / "net.keras", rows, loss="binary_crossentropy"), samples)
    share = values_of(rows, samples)
    assert np.abs(found - np.hstack([1 - share, share])).max() < 1e-9
    assert [node.name for node in network.nodes] == ["one", "one/sigmoid/both", "one/sigmoid"]


def test_a_sequence_without_an_input_has_the_shape_that_it_was_built_for(tmp_path):
    rows = [dense("one", 5, activation="relu"), dense("two", 3)]
    made = document(rows)
    made["config"]["build_input_shape"] = [None, 5]
    samples = draw(3, 5).astype(float)
    network, found = read_values(write_keras(tmp_path / "net.keras", rows, config=made), samples)
    assert network.inputs[0].name == "one_input"
    assert np.abs(found - values_of(rows, samples)).max() < 1e-9


def test_weights_of_keras_2_in_an_archive(tmp_path):
    """Keras 2.12 and 2.13 name the group of layers after an attribute of TensorFlow."""
    rows = [entry((5,)), dense("one", 5)]
    weights = tmp_path / "weights.h5"
    weights.write_bytes(weights_file(rows))
    with h5py.File(weights, "a") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
    samples = draw(3, 5).astype(float)
    _, found = read_values(
        write_keras(tmp_path / "net.keras", rows, keras="2.13.1", weights=weights.read_bytes()), samples
    )
    assert np.abs(found - values_of(rows, samples)).max() < 1e-9


def test_a_layer_that_is_called_twice_keeps_one_set_of_weights(tmp_path):
    shared = dense("shared", 4, 4)
    rows = [entry((4,), "x"), shared, layer("ReLU", "relu", reads=["shared"]), layer("Add", "sum", reads=["relu", "x"])]
    made = document([rows[0], shared._replace(reads=("x",)), *rows[2:]], functional=True)
    calls = made["config"]["layers"][1]["inbound_nodes"]
    calls.append(
        {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["relu", 0, 0]}}], "kwargs": {}}
    )
    made["config"]["layers"][3]["inbound_nodes"][0]["args"][0][0]["config"]["keras_history"] = ["shared", 1, 0]
    samples = draw(3, 4).astype(float)
    network, found = read_values(
        write_keras(tmp_path / "net.keras", [rows[0], shared, *rows[2:]], config=made), samples
    )
    weights, bias = shared.weights["kernel"].astype(float), shared.weights["bias"].astype(float)
    assert np.abs(found - (np.maximum(samples @ weights + bias, 0) @ weights + bias + samples)).max() < 1e-9
    assert [node.name for node in network.nodes] == ["shared", "relu", "shared/2", "sum"]


class Live:
    """As a keras.Model: it says something, warns, and saves itself."""

    name = "mine"

    def __init__(self, rows):
        self.rows = rows

    def save(self, path):
        print("saving")
        warnings.warn("this is old", stacklevel=2)
        write_keras(path, self.rows)


def test_a_live_model_is_read_from_the_file_that_it_writes(capsys):
    rows = [entry((5,)), dense("one", 5)]
    kind = type("Model", (Live,), {"__module__": "keras.src.models.model"})
    model = type("Mine", (kind,), {"__module__": "__main__"})(rows)
    assert is_trained(model)
    network = read_trained(model).network
    assert (network.name, network.source) == ("net", "keras")
    assert capsys.readouterr() == ("", "")


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_any_windows(data, tmp_path_factory):
    sizes = st.integers(1, 3)
    shape = (data.draw(st.integers(4, 8)), data.draw(st.integers(4, 8)), 4)
    kernel, padding = (data.draw(sizes), data.draw(sizes)), data.draw(st.sampled_from(["valid", "same"]))
    stride = [data.draw(sizes), data.draw(sizes)]
    dilation = [data.draw(st.integers(1, 2)) if stride == [1, 1] else 1 for _ in range(2)]
    make = data.draw(st.sampled_from([conv, depthwise, separable]))
    if dilation != [1, 1] and padding == "valid":
        kernel = (2, 2)
    rows = [make(2, kernel, strides=stride, padding=padding, dilation_rate=dilation), layer("Flatten", "values")]
    folder = tmp_path_factory.mktemp("any")
    samples = draw(2, *shape).astype(float)
    _, found = read_values(write_keras(folder / "net.keras", [entry(shape), *rows]), samples)
    assert np.abs(found - values_of(rows, samples)).max() < 1e-9
