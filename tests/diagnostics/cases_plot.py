"""Triggers of findings about pictures."""

from __future__ import annotations

import sys

import numpy as np
from factories import pair_network

import neurodeploy as nd


def ran():
    program = nd.compile(pair_network(), "tiny")
    return program, nd.run(program, np.ones((1, 3, 2), dtype=np.uint8))


def without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    nd.plot.raster(*ran())


CASES = {
    "ND765": without_matplotlib,
    "ND766": lambda _: nd.plot.trace(*ran()),
    "ND767": lambda _: nd.plot.raster(*ran(), populations=["cell"]),
}
