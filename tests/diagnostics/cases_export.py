"""Triggers of findings about exports, and about networks in the metadata of exported files."""

from __future__ import annotations

import h5py
import numpy as np
from diagnostic_cases import cells, net

import neurodeploy as nd
from neurodeploy.network import Sparse


def lossy():
    populations = (cells("cells", reset="subtract", refractory_steps=2), cells("more", comparison=">="))
    projections = (nd.dense("in", "cells", np.eye(2)), nd.dense("cells", "more", np.eye(2)))
    nd.convert(net(populations=populations, projections=projections), "net.nir")


def too_large():
    few = np.zeros(1, dtype=int)
    wide = Sparse(shape=(20_000, 20_000), post=few, pre=few, weights=np.ones(1))
    projections = (nd.Projection(name="wires", source="in", target="cells", operation=wide),)
    nd.save(net(n_in=20_000, populations=(cells(size=20_000),), projections=projections), "net.nir")


def changed(path, value):
    nd.save(net(), "net.nir")
    with h5py.File("net.nir", "r+") as file:
        del file[path]
        file[path] = value
    return nd.load("net.nir", nd.ImportOptions(reset="zero"), kind=nd.Imported).findings


CASES = {
    "ND075": lambda _: lossy(),
    "ND076": lambda _: too_large(),
    "ND077": lambda _: nd.convert(net(), "net.onnx"),
    "ND078": lambda _: changed("node/nodes/cells/v_threshold", np.array([1.0, 2.0])),
    "ND079": lambda _: changed("node/metadata/neurodeploy_network", "{"),
}
