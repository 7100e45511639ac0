"""Public functions answer any argument with findings, or with the TypeError of a call that no signature allows."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from factories import examples, pair_network
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

import neurodeploy as nd
from neurodeploy.base.noun import Noun

DOORS = {name: item for name in nd.__all__ if inspect.isfunction(item := getattr(nd, name))}
NOUNS = {
    name: item
    for name in nd.__all__
    if inspect.isclass(item := getattr(nd, name)) and issubclass(item, Noun) and item is not nd.Diagnostic
}


def network():
    return pair_network(name="net", steps_per_sample=4)


class Refuses:
    """Says that it is an array, and is none."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not here")


HOSTILE = {
    "none": None,
    "true": True,
    "zero": 0,
    "minus": -1,
    "one": 1,
    "huge": 10**30,
    "longest": 10**5000,
    "nan": float("nan"),
    "infinity": float("inf"),
    "complex": 1j,
    "empty text": "",
    "text": "cells",
    "nul": "a\0b",
    "surrogate": "\ud800",
    "long text": "x" * 100_000,
    "bytes": b"abc",
    "list": [],
    "ragged": [[1, 2], [3]],
    "tuple": (1, "a", None),
    "mapping": {},
    "numbers for names": {1: 2},
    "nested": {"cells": {"cells": [None]}},
    "set": {1, "a"},
    "object": object(),
    "class": int,
    "function": len,
    "array": np.zeros((2, 3)),
    "no axis": np.array(3.0),
    "nothing": np.zeros(0),
    "nan array": np.full((2, 2), np.nan),
    "objects": np.array([None, 1], dtype=object),
    "words": np.array(["a", "b"]),
    "dates": np.array(["2020-01-01"], dtype="M8[D]"),
    "unsigned": np.array([2**64 - 1], dtype=np.uint64),
    "masked": np.ma.masked_equal([0, 1], 0),
    "refuses": Refuses(),
    "generator": None,
    "path": Path("none.ndp"),
    "folder": Path("."),
    "noun": nd.Time(dt_s=1e-3),
}


def make(name):
    return iter([1]) if name == "generator" else HOSTILE[name]


@pytest.fixture(scope="module")
def good():
    net = network()
    program = nd.compile(net)
    recording = nd.run(program, np.ones((1, 4, 2), dtype=np.uint8), keep_state=True)
    profile = nd.profile(program, recording)
    classifier = LogisticRegression().fit(np.eye(2), [0, 1])
    entry = nd.baseline(program, recording)
    conversion = nd.convert(classifier, calibration=np.eye(2), steps=4)
    return {
        **{"network": net, "program": program, "recording": recording, "report": profile, "model": net},
        **{
            "parts": [recording],
            "left": recording,
            "right": recording,
            "first": profile,
            "second": profile,
            "noun": net,
            "conversion": conversion,
            "target": "tiny",
            "samples": np.ones((1, 4, 2), dtype=int),
            "session": nd.stream(program),
            "space": {"k": [1, 2]},
            "objective": lambda **values: values,
            "sweep": nd.sweep({"k": [1, 2]}, lambda k: {"k": k}, executor="serial"),
        },
        **{
            "stimulus": nd.encode(net, np.ones((1, 4, 2), dtype=int)),
            "labels": [0],
            "entry": entry,
            "entries": {"net": entry},
            "faults": [],
            "base": net,
            "head": program,
            "code": "ND401",
            "path": "x.nd.json",
        },
        **{"source": "lines", "weights": np.eye(2), "matrix": np.eye(2), "budgets": "cores<=4", "name": "loihi1"},
        **{"shape": (2, 2), "probability": 0.5, "number": 1, "seed": 1, "scale": 0.5, "extent": (1.0,)},
        **{"source_shape": (2,), "target_shape": (2,)},
        **{
            "layers": "none.toml",
            "spec": "tiny",
            "targets": ["tiny"],
            "board": None,
            "margin": 1.0,
            "avoid_cores": [0],
        },
    }


def arguments(door, good):
    """Good values for what a function must be given."""
    found = {}
    for name, item in inspect.signature(door).parameters.items():
        if item.default is inspect.Parameter.empty and item.kind is not inspect.Parameter.VAR_KEYWORD:
            found[name] = good[name]
    if door in (nd.on_board, nd.on_dialect, nd.with_rules):
        found["target"] = nd.load_target("tiny")
    if door in (nd.dense, nd.sparse, nd.one_to_one, nd.fixed_probability, nd.fixed_number, nd.distance_kernel):
        found["target"] = "cells"
    if door in (nd.sweep, nd.evaluate):
        found["executor"] = "serial"
    if door is nd.on_dialect:
        found["name"] = "loihi2"
    if door is nd.with_rules:
        found["name"] = "nxtf"
    if door is nd.judge:
        found["target"] = "speck2f"
    return found


CHOICES = {
    **dict.fromkeys(("compile", "check", "judge", "fit"), tuple(nd.CompileOptions.model_fields)),
    "run": tuple(nd.RunOptions.model_fields),
    **dict.fromkeys(
        ("dense", "sparse", "one_to_one", "fixed_probability", "fixed_number", "distance_kernel"),
        tuple(nd.Projection.model_fields),
    ),
}


def attempt(door, given_):
    """Call a function; anything but a result, findings or a TypeError of the call itself is a fault."""
    try:
        made = door(**given_)
        repr(made)
    except nd.DiagnosticError as error:
        text = str(error)
        assert error.diagnostics
        assert len(text) < 20_000, "a finding repeats what it was given"
    except TypeError as error:
        frame = inspect.trace()[-1]
        assert frame.function == "attempt", f"raised inside {frame.filename}:{frame.lineno}: {error}"


@pytest.mark.parametrize("name", sorted(DOORS))
def test_public_functions_raise_findings_only(name, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    door, faults = DOORS[name], []
    held = arguments(door, good)
    slots = [item for item in inspect.signature(door).parameters if item not in ("choices", "fields")]
    for slot in (*slots, *CHOICES.get(name, ())):
        for word in HOSTILE:
            if slot == "progress" and word in ("class", "function"):
                continue  # which can be called, and then raise what they will
            try:
                attempt(door, {**held, slot: make(word)})
            except Exception as error:
                faults.append(f"{name}({slot}={word}): {type(error).__name__}: {str(error)[:150]}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", sorted(NOUNS))
def test_constructors_raise_findings_only(name):
    noun, faults = NOUNS[name], []
    for slot in noun.model_fields:
        for word in HOSTILE:
            try:
                attempt(noun, {slot: make(word)})
            except Exception as error:
                faults.append(f"{name}({slot}={word}): {type(error).__name__}: {str(error)[:150]}")
    assert not faults, "\n".join(faults)


@given(st.data())
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_several_hostile_arguments_at_once(good, data):
    name = data.draw(
        st.sampled_from(["compile", "run", "check", "encode", "accuracy", "profile", "over_budget", "compare"])
    )
    door = DOORS[name]
    held = arguments(door, good)
    slots = [item for item in inspect.signature(door).parameters if item not in ("choices",)]
    picked = data.draw(st.lists(st.sampled_from([*slots, *CHOICES.get(name, ())]), min_size=1, max_size=4))
    words = {slot: data.draw(st.sampled_from(sorted(HOSTILE))) for slot in picked}
    callables = ("class", "function")  # a progress callback may raise what it will
    chosen = {slot: make(word) for slot, word in words.items() if slot != "progress" or word not in callables}
    attempt(door, {**held, **chosen})
