"""Triggers of findings about Keras models and live modules of PyTorch. Neither package is needed."""

from __future__ import annotations

import numpy as np
from keras_files import document, entry, layer, write_keras

from neurodeploy.diagnostics import about
from neurodeploy.importers.live.torch import _branch_findings, _Exported, load_module
from neurodeploy.importers.trained import read_trained


def dense(name="dense", n_in=4, n_out=2, **options):
    weights = {"kernel": np.ones((n_in, n_out), dtype=np.float32), "bias": np.zeros(n_out, dtype=np.float32)}
    return layer("Dense", name, weights, units=n_out, **options)


def lambda_layer(patch):
    read_trained(write_keras("net.keras", [entry((4,)), layer("Lambda", "halve"), dense()]))


def open_axes(patch):
    pool = layer("GlobalAveragePooling2D", "pool")
    read_trained(write_keras("net.keras", [entry((None, None, 4), "image"), pool, dense()]))


class Unsaved:
    """A live model that cannot be saved, as one that was never built."""

    name = "mine"

    def save(self, path):
        raise ValueError("Model MyModel cannot be saved because it was not built.\nMore words.")


def not_built(patch):
    from neurodeploy.importers.keras.load import load_keras

    load_keras(Unsaved())


def two_outputs(patch):
    rows = [entry((4,), "features"), dense("box", reads=["features"]), dense("kind", reads=["features"])]
    made = document(rows, functional=True)
    made["config"]["output_layers"] = [["box", 0, 0], ["kind", 0, 0]]
    read_trained(write_keras("net.keras", rows, config=made))


def from_the_future(patch):
    return read_trained(write_keras("net.keras", [entry((4,)), dense()], keras="4.0.1")).findings


class Module:
    """As far as it is looked at before a sample is needed."""


def no_sample(patch):
    load_module(Module())


def branches(patch):
    return _branch_findings(_Exported(None, branches=True), about("model", "Module"))


CASES = {
    "ND820": lambda_layer,
    "ND821": open_axes,
    "ND822": not_built,
    "ND823": two_outputs,
    "ND824": from_the_future,
    "ND825": no_sample,
    "ND826": branches,
}
