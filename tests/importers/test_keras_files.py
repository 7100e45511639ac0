"""Hostile and damaged Keras files, and models that cannot be converted: every fault is a finding, all of a file at once."""

from __future__ import annotations

import json
import zipfile

import h5py
import numpy as np
import pytest
from keras_files import document, entry, layer, weights_file, write_h5, write_keras
from keras_model import values_of

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers.trained import is_trained, read_trained
from neurodeploy.trained.forward import forward

rng = np.random.default_rng(8)


def dense(name="dense", n_in=4, n_out=3, **options):
    weights = {"kernel": rng.normal(size=(n_in, n_out)), "bias": rng.normal(size=n_out)}
    return layer("Dense", name, weights, units=n_out, **options)


def faults(model, example=None):
    with pytest.raises(DiagnosticError) as error:
        read_trained(model, example)
    return [(item.code, str(item.subject), item.message) for item in error.value.diagnostics]


def codes(model):
    return [code for code, _, _ in faults(model)]


ROWS = [entry((4,)), dense("first", activation="relu"), dense("second", 3)]


def rewritten(path, **members):
    """A .keras file with other members; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    kept |= {name.replace("__", "."): content for name, content in members.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in kept.items():
            if content is not None:
                archive.writestr(name, content)
    return path


@pytest.fixture
def file(tmp_path):
    return write_keras(tmp_path / "net.keras", ROWS)


def test_every_layer_that_cannot_be_converted_is_named_once(tmp_path):
    rows = [
        entry((4,)), layer("GELU", "first"), layer("Embedding", "words"), layer("LSTM", "memory"), layer("GRU", "more"),
        layer("Lambda", "code"), layer("GELU", "second"), dense("fine"), layer("Bidirectional", "both"),
        dense("bent", activation="swish"),
    ]  # fmt: skip
    assert faults(write_keras(tmp_path / "net.keras", rows)) == [
        ("ND800", "layers 'first' and 'second'", "class GELU is not converted"),
        ("ND800", "layer 'words'", "class Embedding is not converted"),
        ("ND801", "layer 'memory'", "class LSTM needs its values of the last step"),
        ("ND801", "layer 'more'", "class GRU needs its values of the last step"),
        ("ND820", "layer 'code'", "class Lambda is code, which is never run"),
        ("ND801", "layer 'both'", "class Bidirectional needs its values of the last step"),
    ]


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        (dense("d", activation="gelu"), "ND800", "has the activation gelu"),
        (dense("d", 5), "ND803", "its weights 'kernel' have shape [5, 3]; its settings need [4, 3]"),
        (layer("Dense", "d", {"kernel": np.full((4, 3), np.nan)}, units=3, use_bias=False), "ND802", "12 of 12 values"),
        (layer("Dense", "d", {"kernel": np.ones((4, 3))}, units=3), "ND803", "its weights 'bias': is missing"),
        (layer("Dense", "d", {}, units=3), "ND806", "has no weights in the file"),
        (layer("Dense", "d", {}, units=-3), "ND803", "has units -3; needs a whole number from 1"),
        (layer("Dense", "d", {}, units="many"), "ND803", "has units many"),
        (layer("Conv2D", "d", {}, filters=3, kernel_size=[3, 3]), "ND803", "reads a tensor of shape [4]; needs 3 axes"),
        (layer("Reshape", "d", target_shape=[3, -1]), "ND803", "has target_shape [3, -1] for 4 values"),
        (layer("Reshape", "d", target_shape=[2**31, 2**31]), "ND803", "has target_shape 2147483648"),
        (layer("Permute", "d", dims=[2]), "ND803", "has dims [2]"),
        (layer("ReLU", "d", threshold=0.5), "ND800", "has a threshold"),
        (layer("ReLU", "d", max_value=-1.0), "ND803", "has max_value -1; needs a number above 0"),
        (layer("BatchNormalization", "d", {}, axis=3), "ND803", "has axis 3"),
        (layer("Rescaling", "d", scale=[1.0, 2.0]), "ND803", "has scale of shape [2] for a tensor of shape [4]"),
        (layer("Concatenate", "d", axis=0), "ND803", "has axis 0"),
        (layer("Rescaling", "d", scale=float("inf")), "ND803", "has scale inf; needs finite numbers"),
    ],
)  # fmt: skip
def test_a_layer_that_contradicts_itself(row, code, words, tmp_path):
    (found,) = faults(write_keras(tmp_path / "net.keras", [entry((4,)), row]))
    assert found[:2] == (code, "layer 'd'")
    assert words in found[2]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (layer("ZeroPadding2D", "d", padding=2**30), "ND803"),
        (layer("UpSampling2D", "d", size=2**20), "ND803"),
        (layer("UpSampling2D", "d", size=2, interpolation="bilinear"), "ND800"),
        (layer("Cropping2D", "d", cropping=4), "ND803"),
        (layer("MaxPooling2D", "d", pool_size=[9, 9]), "ND803"),
        (layer("MaxPooling2D", "d", pool_size=[9]), "ND803"),
        (layer("Softmax", "d"), "ND800"),
        (layer("Conv2D", "d", {}, filters=3, kernel_size=2, groups=2), "ND803"),
        (layer("Conv2D", "d", {}, filters=3, kernel_size=2, padding="causal"), "ND800"),
    ],
)
def test_a_layer_on_images_that_contradicts_itself(row, code, tmp_path):
    assert codes(write_keras(tmp_path / "net.keras", [entry((6, 6, 3)), row])) == [code]


def test_faults_of_all_layers_come_together(tmp_path):
    rows = [
        entry((4,), "x"), dense("left", 5, reads=["x"]), dense("right", 6, reads=["x"]), layer("Add", "sum", reads=["left", "right"])
    ]  # fmt: skip
    assert [item[:2] for item in faults(write_keras(tmp_path / "net.keras", rows, functional=True))] == [
        ("ND803", "layer 'left'"), ("ND803", "layer 'right'")
    ]  # fmt: skip


def test_a_softmax_inside(tmp_path):
    rows = [entry((4,)), dense("one", activation="softmax"), dense("two", 3)]
    assert faults(write_keras(tmp_path / "net.keras", rows))[0][:2] == ("ND800", "layer 'one/softmax'")


def test_open_axes_have_the_sizes_of_the_samples(tmp_path):
    kernel = rng.normal(size=(2, 2, 3, 4))
    rows = [
        entry((None, None, 3), "image"),
        layer("Conv2D", "conv", {"kernel": kernel}, filters=4, kernel_size=2, use_bias=False),
        layer("GlobalAveragePooling2D", "pool"),
    ]
    file = write_keras(tmp_path / "net.keras", rows)
    assert codes(file) == ["ND821"]
    samples = rng.normal(size=(2, 5, 4, 3))
    network = read_trained(file, samples[:1].astype(np.float32)).network
    assert network.inputs[0].shape == (3, 5, 4)
    found = forward(network, {"image": samples.transpose(0, 3, 1, 2)})["pool"]
    assert np.allclose(found.reshape(2, 4), values_of(rows, samples))


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"config__json": None}, "ND803"),
        ({"config__json": b"{"}, "ND803"),
        ({"config__json": b"[1]"}, "ND803"),
        ({"config__json": b"[" * 100_000}, "ND803"),
        ({"config__json": b'{"class_name": "Sequential", "config": {"layers": []}}'}, "ND803"),
        ({"config__json": b'{"class_name": "Mine", "config": {}}'}, "ND820"),
        ({"config__json": b'{"class_name": "Functional", "config": {"layers": [7]}}'}, "ND803"),
        ({"metadata__json": b"no"}, "ND803"),
        ({"model.weights__h5": None}, "ND806"),
        ({"model.weights__h5": b""}, "ND003"),
        ({"model.weights__h5": weights_file(ROWS)[:2000]}, "ND003"),
        ({"model.weights__h5": b"not HDF5 at all"}, "ND003"),
        ({"../escape": b"x"}, "ND005"),
        ({"/etc/escape": b"x"}, "ND005"),
    ],
)
def test_damaged_archives(members, code, file):
    assert codes(rewritten(file, **members)) == [code]


def test_findings_of_weights_name_the_file_of_the_user(file):
    (found,) = faults(rewritten(file, **{"model.weights__h5": b"not HDF5 at all"}))
    assert found[1] == f"file '{file}'"


def test_an_archive_that_unpacks_to_more_than_the_limit(file, monkeypatch):
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "1M")
    assert codes(rewritten(file, **{"model.weights__h5": bytes(4 << 20)})) == ["ND012"]


def test_an_archive_with_a_wrong_checksum(file):
    content = bytearray(file.read_bytes())
    at = content.find(b"\x89HDF")
    content[at + 3000] ^= 0xFF
    file.write_bytes(content)
    assert codes(file) == ["ND003"]


def test_a_truncated_archive(file):
    file.write_bytes(file.read_bytes()[:-40])
    assert codes(file) == ["ND003"]


def test_weights_that_lie_elsewhere_are_not_read(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["kernel"] = np.ones((4, 3))
    content = tmp_path / "weights.h5"
    content.write_bytes(weights_file([entry((4,)), dense("d")]))
    with h5py.File(content, "a") as weights:
        del weights["layers/dense/vars/0"], weights["layers/dense/vars/1"]
        weights["layers/dense/vars/0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel")
        weights["layers/dense/vars/1"] = h5py.SoftLink("/layers/dense/vars/0")
    path = write_keras(tmp_path / "net.keras", [entry((4,)), dense("d")], weights=content.read_bytes())
    assert faults(path) == [
        ("ND803", "layer 'd'", "its weights 'kernel': is a link to another file, which is not followed")
    ]


def test_h5_without_layers_and_without_weights(tmp_path):
    file = write_h5(tmp_path / "net.h5", ROWS)
    assert is_trained(file)
    with h5py.File(file, "a") as content:
        del content["model_weights"]
    assert codes(file) == ["ND806"]
    with h5py.File(file, "a") as content:
        del content.attrs["model_config"]
    assert codes(file) == ["ND803"]
    with h5py.File(file, "a") as content:
        content.attrs["model_config"] = np.arange(3)
    assert codes(file) == ["ND803"]


def test_a_truncated_h5(tmp_path):
    file = write_h5(tmp_path / "net.h5", ROWS)
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(DiagnosticError) as error:
        nd.convert(file, calibration=np.zeros((3, 4)))
    assert error.value.diagnostics[0].code in ("ND003", "ND805")


@pytest.mark.parametrize("change", [
    lambda config: config["layers"][2]["inbound_nodes"][0]["args"].append(
        {"class_name": "__keras_tensor__", "config": {"keras_history": ["second", 0, 0]}}),
    lambda config: config.update(output_layers=[["nothing", 0, 0]]),
    lambda config: config.update(output_layers=[]),
    lambda config: config.update(output_layers=[["second", 0, 1]]),
    lambda config: config.update(output_layers=[["second", "zero", 0]]),
    lambda config: config.update(input_layers={}),
    lambda config: config["layers"].append(config["layers"][1]),
    lambda config: config["layers"][1].pop("config"),
    lambda config: config["layers"][1].update(inbound_nodes=[[7]]),
    lambda config: config["layers"][1].update(inbound_nodes=[]),
])  # fmt: skip
def test_graphs_that_do_not_hold_together(change, tmp_path):
    rows = [entry((4,), "x"), dense("first", reads=["x"]), dense("second", 3, reads=["first"])]
    made = document(rows, functional=True)
    change(made["config"])
    found = codes(write_keras(tmp_path / "net.keras", rows, config=made))
    assert set(found) <= {"ND803", "ND821"}


@pytest.mark.property
def test_any_change_of_a_configuration_is_a_finding_or_a_network(tmp_path):
    rows = [
        entry((6, 6, 2)),
        layer("Conv2D", "conv", {"kernel": rng.normal(size=(3, 3, 2, 2))}, filters=2, kernel_size=[3, 3], use_bias=False, padding="same"),
        layer("MaxPooling2D", "pool", pool_size=[2, 2]), layer("Flatten", "flat"), dense("d", 18),
    ]  # fmt: skip
    text = json.dumps(document(rows))
    values = ("null", "-1", "0", '"x"', "[]", "{}", "1e300", "true", "2147483648")
    for number in range(200):
        at = np.random.default_rng(number)
        words = text.split(" ")
        words[at.integers(len(words))] = str(at.choice(values))
        try:
            config = json.loads(" ".join(words))
        except json.JSONDecodeError:
            continue
        if isinstance(config, dict):
            try:
                read_trained(write_keras(tmp_path / "net.keras", rows, config=config))
            except DiagnosticError as error:
                assert all(item.code.startswith("ND8") for item in error.diagnostics)


def test_a_keras_file_is_converted_to_a_chip(tmp_path):
    rows = [
        entry((6, 5, 2)),
        layer("Conv2D", "conv", {"kernel": rng.normal(size=(3, 3, 2, 4)) / 4}, filters=4, kernel_size=3, use_bias=False, activation="relu"),
        layer("AveragePooling2D", "pool", pool_size=[2, 1]), layer("Dropout", "drop"), layer("Flatten", "flat"),
        dense("scores", 24, activation="softmax"),
    ]  # fmt: skip
    samples = rng.uniform(size=(60, 6, 5, 2)).astype(np.float32)
    answers = values_of(rows, samples).argmax(axis=1)
    made = nd.convert(
        write_keras(tmp_path / "net.keras", rows), calibration=samples, labels=answers, target="loihi1", steps=64
    )
    assert [item.name for item in made.layers] == ["conv", "scores"]
    program = nd.compile(made, "loihi1")
    given = nd.answers(program, nd.run(program, nd.SampleValues(values={"input": samples})))
    assert (given == answers).mean() >= 0.85
