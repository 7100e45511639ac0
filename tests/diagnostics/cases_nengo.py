"""Triggers of findings about Nengo networks. The worker's answers are given here; slow tests start the worker itself."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
from neurodeploy_backends.nengo_loihi.importer import load_nengo

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.importers import ImportOptions, load
from neurodeploy.worker import Interpreter, Result

HOME = "neurodeploy_backends.nengo_loihi.importer"
LIF = {"du": 741, "dv": 200, "vth": 64 * 100, "bias": 10, "bias_exp": 0, "refract": 3}


def answered(patch, meta, **arrays):
    """The findings of an import whose worker answers with `meta`, or raises it."""

    def run_job(script, plan, given, **limits):
        if isinstance(meta, Exception):
            raise meta
        return Result(meta, {name: np.asarray(values) for name, values in arrays.items()})

    patch.setattr(f"{HOME}.interpreter_of", lambda _: Interpreter(Path("/env/bin/python"), "installed"))
    patch.setattr(f"{HOME}.missing", lambda *_: None)
    patch.setattr(f"{HOME}.run_job", run_job)
    Path("model.py").write_text("import nengo\n")
    return load_nengo(Path("model.py:net"), ImportOptions()).findings


def refused(patch, kind, **facts):
    return answered(patch, {"refused": [{"kind": kind, **facts}]})


def adaptive(patch):
    population = {"name": "a", "role": "ensemble", "size": 2, "vmin_exp": 0, "vmax_exp": 7, "blocks": 1}
    fact = {"fact": "neuron", "object": "a", "asked": "AdaptiveLIF", "got": "LIF", "dropped": ["adaptation"]}
    meta = {
        "name": "net", "seeded": True, "printed": "hello\n", "said": [], "overflow": [], "facts": [fact],
        "populations": [population], "links": [], "inputs": [], "outputs": [], "left_out": [], "windows": [], "rules": [], "versions": {},
    }  # fmt: skip
    return answered(patch, meta, **{f"population.0.{name}": [value] * 2 for name, value in LIF.items()})


def stopped():
    message = "made no progress for 120 s; it was stopped in stage 'run the file'"
    return DiagnosticError("run", (finding("ND541", about("backend", "nengo-loihi"), message),))


def plug_in(patch):
    entry = EntryPoint("spice", "neurodeploy_spice:FORMAT", "neurodeploy.importers")
    patch.setattr(sys.modules["neurodeploy.importers.load"], "_entries", lambda: (entry,))
    load("model.spice")


CASES = {
    "ND080": lambda patch: refused(
        patch, "raised", error="ZeroDivisionError: division by zero", line=2, doing="is run", missing=""
    ),
    "ND081": lambda patch: refused(patch, "unknown", name="net", names=["nat", "other"], makers=["make"], near=["nat"]),
    "ND082": lambda patch: answered(patch, stopped()),
    "ND083": lambda patch: refused(
        patch, "build", error="AssertionError", line=0, sliced=[{"connection": "m_to_a", "post": "a"}]
    ),
    "ND084": lambda patch: refused(patch, "loops", objects=[{"kind": "node", "name": "square", "does": "function"}]),
    "ND085": lambda patch: refused(patch, "learning", rules=[{"connection": "a_to_b", "rule": "Voja"}]),
    "ND086": adaptive,
    "ND087": plug_in,
}
