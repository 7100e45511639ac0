"""Triggers of findings about sweeps."""

from __future__ import annotations

import os
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from factories import pair_network

import neurodeploy as nd
from neurodeploy.sweep import extra, worker
from neurodeploy.sweep.executors import Foreign, Serial
from neurodeploy.sweep.nouns import Unit
from neurodeploy.sweep.run import run_units
from neurodeploy.sweep.store import RESULTS, opened

SPACE = {"k": [1, 2]}


def square(k):
    return {"square": k * k}


def fails(k):
    return {"inverse": 1 / (k - 2)}


def swept(objective=square, **options):
    return nd.sweep(SPACE, objective, executor=options.pop("executor", "serial"), **options)


def misspelt():
    deployment = nd.Deployment(network=pair_network(), samples={"lines": np.ones((1, 3, 2), dtype=int)})
    nd.sweep({"weight_bit": [4, 6]}, deployment)


class Gone(ThreadPoolExecutor):
    def submit(self, fn, /, *args, **kwargs):
        raise BrokenExecutor("gone")


def torn():
    swept(store="results")
    path = Path("results") / RESULTS
    first = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(b'{"damaged": true}\n' + first + b'{"format":1,"addr')
    return swept(store="results").findings


def in_use(monkeypatch):
    monkeypatch.setattr(worker, "here", lambda: "host:4711")
    with opened("results"):
        swept(store="results")


def no_store():
    Path("thesis.tex").write_text("x")
    swept(store=os.curdir)


class Deadly(Serial):
    def submit(self, fn, /, *args, **kwargs):
        future = super().submit(int)
        future.result = self.fall
        return future

    def fall(self):
        raise BrokenExecutor("gone")


class Cluster(Foreign):
    def renew(self):
        return ""


def ended():
    found = []
    pool = Cluster(Deadly(), 1, name="dask")
    run_units(worker.Task("d", b"", square), [Unit("a", {"k": 1})], pool, lambda done: found.extend(done.findings))
    return found


def no_dask(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    swept(executor="dask")


def in_sequence():
    program = nd.compile(pair_network(), "tiny")
    nd.evaluate(program, np.ones((2, 3, 2), dtype=int), learn="sequential", executor="serial")


CASES = {
    "ND960": lambda _: misspelt(),
    "ND961": lambda _: swept(executor=Gone(1)),
    "ND962": lambda _: torn(),
    "ND963": lambda _: swept(fails).rows[1].findings,
    "ND964": in_use,
    "ND965": lambda _: no_store(),
    "ND966": lambda _: ended(),
    "ND967": no_dask,
    "ND968": lambda _: in_sequence(),
    "ND969": lambda _: nd.pareto(swept(), minimize="sqare"),
}
