"""Keras files: bytes, configurations, weights, members of the archive."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
from mutate import json_text, spoil_bytes, spoil_hdf5, spoil_plain

from neurodeploy.importers.trained import read_trained
from neurodeploy.trained.forward import forward

sys.path.insert(0, str(Path(__file__).parents[2] / "importers"))
from keras_files import entry, layer, write_h5, write_keras

rng = np.random.default_rng(6)


def weights(**shapes):
    return {name: np.abs(rng.normal(size=shape)) for name, shape in shapes.items()}


def rows(version: int) -> list:
    norm = weights(gamma=(2,), beta=(2,), moving_mean=(2,), moving_variance=(2,))
    core = [
        entry((6, 5, 2), "inside", version),
        layer("SeparableConv2D", "separable", weights(depthwise_kernel=(3, 3, 2, 1), pointwise_kernel=(1, 1, 2, 2), bias=(2,)),
              filters=2, kernel_size=[3, 3], padding="same", reads=["inside"]),
        layer("BatchNormalization", "norm", norm, axis=-1, epsilon=1e-3, reads=["separable"]),
    ]  # fmt: skip
    return [
        entry((6, 5, 2), "image", version),
        layer("ZeroPadding2D", "pad", padding=[[1, 1], [1, 1]], reads=["image"]),
        layer("Conv2D", "conv", weights(kernel=(3, 3, 2, 2), bias=(2,)), filters=2, kernel_size=[3, 3], strides=[1, 1],
              padding="valid", data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="relu", reads=["pad"]),
        layer("Functional", "core", rows=core, reads=["image"]),
        layer("Add", "sum", reads=["conv", "core"]),
        layer("PReLU", "prelu", weights(alpha=(1, 1, 2)), shared_axes=[1, 2], reads=["sum"]),
        layer("AveragePooling2D", "pool", pool_size=[2, 2], strides=None, padding="same", reads=["prelu"]),
        layer("Permute", "permute", dims=[2, 1, 3], reads=["pool"]),
        layer("Reshape", "reshape", target_shape=[-1, 2], reads=["permute"]),
        layer("Flatten", "flat", reads=["reshape"]),
        layer("Rescaling", "scaled", scale=0.5, offset=[0.1] * 18, reads=["flat"]),
        layer("Concatenate", "both", axis=-1, reads=["flat", "scaled"]),
        layer("Dense", "dense", weights(kernel=(36, 3), bias=(3,)), units=3, activation="softmax", reads=["both"]),
    ]  # fmt: skip


def make(folder: Path) -> None:
    write_keras(folder / "net.keras", rows(3), functional=True)
    write_h5(folder / "net.h5", rows(2), functional=True)


def spoil_archive(path: Path, dice) -> None:
    """A change of the configuration, of the weights, or of the members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    how = dice.random()
    if how < 0.7:
        document = json.loads(members["config.json"])
        for _ in range(dice.choice((1, 1, 2, 4))):
            spoil_plain(document, dice)
        members["config.json"] = json_text(document).encode(errors="surrogatepass")
    elif how < 0.9:
        inner = path.with_suffix(".inner")
        inner.write_bytes(members["model.weights.h5"])
        spoil_hdf5(inner, dice)
        members["model.weights.h5"] = inner.read_bytes()
        inner.unlink()
    else:
        name = dice.choice(sorted(members))
        content = members.pop(name)
        members[dice.choice(("../x", "/x", "C:\\x", "config.json", "model.weights.h5", "\x1b[31m"))] = content
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def spoil_h5(path: Path, dice) -> None:
    if dice.random() < 0.5:
        spoil_hdf5(path, dice)
        return
    with h5py.File(path, "a") as file:
        document = json.loads(file.attrs["model_config"])
        spoil_plain(document, dice)
        text = json_text(document).encode(errors="surrogatepass").replace(b"\0", b"")
        file.attrs["model_config"] = dice.choice((text, text, text, [text, text], 3.5, np.void(text)))


def mutate(folder: Path, dice) -> None:
    path = folder / dice.choice(("net.keras", "net.keras", "net.h5"))
    if dice.random() < 0.15:
        spoil_bytes(path, dice)
    elif path.suffix == ".keras":
        spoil_archive(path, dice)
    else:
        spoil_h5(path, dice)


def use(folder: Path) -> None:
    for path in (folder / "net.keras", folder / "net.h5"):
        network = read_trained(path).network
        given = {item.name: np.zeros((1, *item.shape)) for item in network.inputs}
        with np.errstate(all="ignore"):
            forward(network, given)
