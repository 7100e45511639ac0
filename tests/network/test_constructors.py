"""Constructors reject invalid fields with findings that name the field, all at once."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

import neurodeploy as nd


def refused(make):
    with pytest.raises(nd.DiagnosticError) as error:
        make()
    return error.value.diagnostics


@pytest.mark.parametrize(
    ("make", "field", "nearest"),
    [
        (lambda: nd.Lif(v_threshold=1, tau_m=0.02), "tau_m", "tau_m_s"),
        (lambda: nd.Lif(v_threshold=1, tau_m_s=0.02, treshold=1), "treshold", "v_threshold"),
        (lambda: nd.Time(dt=1e-3), "dt", "dt_s"),
        (lambda: nd.Population(name="a", size=3, neuron=nd.If(v_threshold=1), shap=3), "shap", "shape"),
        (lambda: nd.CompileOptions(weight_bit={"a": 6}), "weight_bit", "weight_bits"),
        (lambda: nd.RunOptions(thread=4), "thread", "threads"),
        (lambda: nd.ImportOptions(dt=1e-3), "dt", "dt_s"),
        (lambda: nd.dense("a", "b", np.eye(2), delay_step=3), "delay_step", "delay_steps"),
    ],
)
def test_an_unknown_field_is_reported_with_the_nearest_name(make, field, nearest):
    found = refused(make)
    assert {item.code for item in found} == {"ND002"}
    mine = [item for item in found if item.message == f"field '{field}' is unknown"]
    assert [fix.text for fix in mine[0].fixes] == [f"did you mean '{nearest}'?"]


def test_all_faults_come_at_once_and_name_the_noun():
    found = refused(lambda: nd.Population(name="hidden", shape=-1, neuron={"kind": "lifx"}, colour="red"))
    assert {str(item.subject) for item in found} == {"population 'hidden'"}
    assert len(found) == 3
    assert any("'neuron.kind': 'lifx' is not one of if, lif" in item.message for item in found)


def test_a_fault_of_a_part_has_its_whole_path():
    cells = {"name": "cells", "shape": 2, "neuron": {"kind": "lif", "v_threshold": 1, "tau_m_s": -1}}
    found = refused(lambda: nd.Network(name="n", time={"dt_s": 1e-3}, populations=[cells]))
    assert [item.message for item in found] == [
        "field 'populations[cells].neuron.tau_m_s': must be greater than 0; the smallest is -1 (given: -1)"
    ]


def test_an_unknown_choice_is_reported_with_the_nearest_one():
    found = refused(lambda: nd.If(v_threshold=1, reset="subtrakt"))
    assert found[0].message == "field 'reset.mode': 'subtrakt' is not one of 'zero', 'value', 'subtract' or 'none'"
    assert found[0].fixes[0].text == "did you mean 'subtract'?"


def test_long_values_are_cut():
    assert all(len(item.message) < 300 for item in refused(lambda: nd.If(v_threshold=1, reset="x" * 100_000)))
    assert all(len(item.message) < 300 for item in refused(lambda: nd.If(v_threshold=1, refractory_steps=-(10**5000))))


def test_the_error_can_be_pickled():
    with pytest.raises(nd.DiagnosticError) as error:
        nd.Lif(v_threshold=1)
    assert pickle.loads(pickle.dumps(error.value)).diagnostics == error.value.diagnostics


def test_documents_are_validated_as_one_piece():
    """A loader needs the whole path of a fault, so a nested noun does not raise by itself."""
    with pytest.raises(ValidationError) as error:
        nd.Network.model_validate({"name": "n", "time": {"dt_s": -1}, "populations": []})
    assert error.value.errors()[0]["loc"] == ("time", "dt_s")


class Tensor:
    """Stand-in for a tensor of another library, which provides __array__."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        if self.values is None:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad")
        return np.array(self.values, dtype=dtype)


class Sparse:
    """Stand-in for a scipy matrix with a duplicate entry."""

    def tocoo(self, copy=False):
        return self

    def sum_duplicates(self):
        self.row, self.col, self.data, self.shape = [1, 0], [0, 1], [3.0, 0.0], (2, 2)


@pytest.mark.parametrize("build", [nd.dense, nd.sparse, nd.one_to_one])
@pytest.mark.parametrize(
    "weights",
    [
        None,
        "abc",
        [[1, 2], [3]],
        {"a": 1},
        np.array([object()]),
        np.full((2, 2), np.nan),
        np.full((2, 2), 1j),
        np.ma.masked_equal(np.eye(2), 0),
        [[10**30, 1], [1, 1]],
        Tensor(None),
        nd.Time(dt_s=1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_malformed_weights(build, weights):
    found = refused(lambda: build("a", "b", weights))
    assert {item.code for item in found} == {"ND002"}
    assert str(found[0].subject) == "projection 'a_to_b'"


@pytest.mark.parametrize("weights", [3, [1, 2], np.zeros((1, 2, 3))])
def test_a_matrix_has_two_axes(weights):
    assert "[post, pre]" in refused(lambda: nd.sparse("a", "b", weights))[0].message


@pytest.mark.parametrize("names", [(3, "b"), ("a", None), ("a b", "c"), ("", "b"), ("a" * 300, "b")])
def test_invalid_names(names):
    assert refused(lambda: nd.dense(*names, np.eye(2)))


def test_tensors_of_other_libraries_are_accepted():
    assert nd.dense("a", "b", Tensor([[1.0, 2.0]])).operation.weights.tolist() == [[1.0, 2.0]]
    assert nd.sparse("a", "b", Tensor([[1.0, 0.0]])).operation.pre.tolist() == [0]
    assert nd.sparse("a", "b", Sparse()).operation.weights.tolist() == [3.0]
    assert nd.sparse("a", "b", [[True, False]]).operation.weights.tolist() == [1]


def test_signatures_show_fields_and_defaults():
    shown = inspect.signature(nd.Lif).parameters
    assert {"tau_m_s", "v_threshold", "reset", "refractory_steps"} <= set(shown)
    assert shown["refractory_steps"].default == 0
    assert shown["tau_m_s"].default is inspect.Parameter.empty
    with pytest.raises(TypeError):
        nd.Lif(0.02)


def test_fields_are_frozen_and_the_error_names_the_field():
    neuron = nd.If(v_threshold=1)
    found = refused(lambda: setattr(neuron, "v_threshold", 2))
    assert "model_copy" in found[0].message
    assert neuron.v_threshold == 1
    assert refused(lambda: setattr(neuron, "v_treshold", 2))


@pytest.mark.parametrize("fraction", [1, 2.0, -0.1, float("nan")])
def test_fractions_are_below_one(fraction):
    assert refused(lambda: nd.CompileOptions(prune={"*": fraction}))[0].code == "ND002"
    assert refused(lambda: nd.CompileOptions(prune_sources={"a": fraction}))[0].code == "ND002"


def test_the_first_call_of_a_process_raises_findings():
    """Whatever has been imported before: a constructor raises no error of pydantic."""
    code = "import neurodeploy as nd\ntry:\n    nd.Lif(tau_m_s=0.01)\nexcept nd.DiagnosticError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "v_threshold" in done.stdout
