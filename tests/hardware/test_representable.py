"""Targets whose registers or arithmetic a program cannot represent are rejected when they are loaded."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware.consistency import target_findings
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.hardware.representable import MAX_COMPARTMENTS
from neurodeploy.hardware.target import Precision
from neurodeploy.hardware.units import field_ranges
from neurodeploy.resources import core_limits

TINY = files("neurodeploy_targets").joinpath("tiny.toml").read_text(encoding="utf-8")
DIALECTS = files("neurodeploy_targets").joinpath("dialects.toml").read_text(encoding="utf-8")


def rejected(tmp_path, *changes):
    text = TINY
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert len(re.findall(old, text)) >= 1
        text = re.sub(old, new, text, count=1)
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(DiagnosticError) as error:
        nd.load_target(str(tmp_path / "mine.toml"))
    assert {item.code for item in error.value.diagnostics} <= {"ND026", "ND021", "ND023"}
    return " ".join(item.message for item in error.value.diagnostics)


@pytest.mark.parametrize(
    ("field", "high"),
    [
        *(("refractory_delay", n) for n in (256, 65536)),
        *(("delay_steps", n) for n in (256, 511)),
        *(("bias_mantissa", n) for n in (32768, 65535)),
        *(("threshold_mantissa", n) for n in (2**25, 2**31, 2**40)),
        *(("du", n) for n in (4096, 32768)),
        *(("dv", n) for n in (4097, 65535)),
        *(("vmin_exponent", n) for n in (24, 128)),
        *(("vmax_exponent", n) for n in (8, 200)),
        *(("bias_exponent", n) for n in (30, 128)),
        *(("weight_exponent", n) for n in (17, 99)),
        *(("shared_base", n) for n in (2**31, 2**50)),
    ],
)
def test_a_register_range_beyond_tables_or_arithmetic(tmp_path, field, high):
    assert f"precision.{field}" in rejected(tmp_path, rf"({field} = {{low = [-\d]+, high = )\d+", rf"\g<1>{high}")


def test_shifts_of_what_is_always_zero(tmp_path):
    """A bias of 0 shifted by 31 bits is 0, and still a shift that not every integer has."""
    told = rejected(tmp_path, r"bias_mantissa = {low = [-\d]+, high = \d+", "bias_mantissa = {low = 0, high = 0",
                    r"(bias_exponent = {low = [-\d]+, high = )\d+", r"\g<1>31")  # fmt: skip
    assert told == "precision.bias_exponent: 31 is outside the supported range, 0 to 30"


def test_a_weight_that_its_accumulator_cannot_hold():
    target = nd.load_target("loihi1")
    narrow = target.model_copy(update={"dialect": target.dialect.model_copy(update={"accumulator_wrap_bits": 20})})
    found = [item.message for item in target_findings(narrow)]
    assert found == ["precision.weight_exponent: a single weight exceeds dialect.accumulator_wrap_bits, 20"]
    assert not target_findings(target)


@pytest.mark.parametrize("field", ["refractory_delay", "threshold_mantissa", "weight_exponent"])
def test_a_register_range_that_is_not_whole(tmp_path, field):
    assert "not a whole number" in rejected(tmp_path, rf"({field} = {{low = [-\d]+, high = )\d+", r"\g<1>6.5")


def test_a_core_with_more_compartments_than_tables_can_index(tmp_path):
    assert "limits.compartments" in rejected(tmp_path, r"(compartments = {value = )8", r"\g<1>70000")
    target = nd.load_target("tiny")
    unknown = target.model_copy(update={"limits": target.limits.model_copy(update={"compartments": None})})
    assert core_limits(unknown)["compartments"].value == MAX_COMPARTMENTS


def test_boards_and_meshes_that_are_too_large(tmp_path):
    assert "more than the" in rejected(
        tmp_path, r"(cores = {value = )4", r"\g<1>100000000", r"(mesh_columns = {value = )2", r"\g<1>1e9"
    )
    assert "largest supported count" in rejected(tmp_path, r"(synapse_memory = {value = )16", r"\g<1>1e300")
    assert "cores_per_tile is 0" in rejected(tmp_path, r"(cores_per_tile = {value = )2", r"\g<1>0")


@pytest.mark.parametrize(
    "text", ["[" * 5000 + "]" * 5000, "1" * 5000, '"\\ud800"', "nan", "inf", "1e400", "2026-02-30"]
)
def test_values_that_every_field_refuses(tmp_path, text):
    assert rejected(tmp_path, r"(compartments = {value = )8", lambda found: found[1] + text)


@pytest.mark.parametrize("field", field_ranges(Dialect))
def test_a_dialect_field_outside_its_range(tmp_path, field):
    loihi1 = DIALECTS.partition("[loihi1]")[2].partition("[loihi2]")[0]
    table = "name = 'own'\n" + re.sub(r"= \{value = ([^,]+),[^\n]*\}", r"= \1", loihi1)
    text = TINY.replace('dialect = "loihi1"\n', "") + "\n[dialect]\n" + table
    (tmp_path / "own.toml").write_text(text)
    assert nd.load_target(str(tmp_path / "own.toml")).dialect.name == "own"
    held = field_ranges(Dialect)[field]
    for value in (held.high + 1, held.low - 1):
        (tmp_path / "own.toml").write_text(re.sub(rf"^{field} = .*$", f"{field} = {value}", text, flags=re.MULTILINE))
        with pytest.raises(DiagnosticError, match=f"dialect.{field}"):
            nd.load_target(str(tmp_path / "own.toml"))


def test_a_weight_limit_that_does_not_fit_16_bits():
    target = nd.load_target("loihi1")
    odd = target.model_copy(update={"dialect": target.dialect.model_copy(update={"weight_limit": 2**21 - 1})})
    cells = nd.Population(name="cells", shape=1, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=1))
    network = network_of((cells,), (nd.dense("in", "cells", np.array([[2]])),), inputs=1, outputs="cells")
    found = compile_network(network, odd, nd.CompileOptions(fixes=False)).findings
    assert [item.code for item in found if item.severity == "error"] == ["ND026"]


def test_every_register_of_a_target_has_a_supported_range():
    assert set(field_ranges(Precision)) == set(Precision.model_fields)
