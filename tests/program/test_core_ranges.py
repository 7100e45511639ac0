"""Checks and counts that go through a program some cores at a time give what they give for all cores at once."""

from __future__ import annotations

import numpy as np
import pytest
from factories import operation_network, wide_network

from neurodeploy.hardware import load_target
from neurodeploy.mapping import Mapping, emit_program, partition, place
from neurodeploy.network.operations import Conv2d
from neurodeploy.program import core_ranges
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.core_ranges import with_cores
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize

WHOLE = 1 << 40


def program_of(network, target, n_cores):
    """The neurons of its population dealt out to cores by turns."""
    quantized = quantize(network, target)
    core_of = np.arange(network.populations[0].size, dtype=np.int32) % n_cores
    if n_cores == 1:
        return emit_program(place(partition(quantized, target)))
    return emit_program(place(Mapping(quantized=quantized, target=target, n_cores=n_cores, core_of={"cells": core_of})))


@pytest.fixture(scope="module", params=["discrete", "atoms"])
def program(request):
    if request.param == "discrete":
        return program_of(wide_network(), load_target("loihi1"), 7)
    weights = np.random.default_rng(0).integers(-9, 10, (40, 8, 3, 3))
    network = operation_network(
        Conv2d(input_shape=(8, 24, 24), weights=weights), before=(8, 24, 24), after=(40, 22, 22)
    )
    found = program_of(network, load_target("loihi1", rules="nengo-loihi"), 1)
    assert found.tables.n_cores > 10
    assert found.tables.in_axon_kind.any()
    return found


def changed(program, name, at, value):
    column = getattr(program.tables, name).copy()
    column[at] = value
    return program.model_copy(update={"tables": program.tables.model_copy(update={name: column})})


@pytest.mark.parametrize("most", [1, 5_000])
def test_the_cores_are_counted_in_parts(program, most, monkeypatch):
    monkeypatch.setattr(core_ranges, "MOST", WHOLE)
    assert list(core_ranges.core_ranges(program.tables)) == [range(program.tables.n_cores)]
    at_once = use_of_program(program)
    monkeypatch.setattr(core_ranges, "MOST", most)
    ranges = list(core_ranges.core_ranges(program.tables))
    assert [core for cores in ranges for core in cores] == list(range(program.tables.n_cores))
    assert most > 1 or len(ranges) == program.tables.n_cores
    in_parts = use_of_program(program)
    assert in_parts.keys() == at_once.keys()
    for name, values in at_once.items():
        assert in_parts[name].tolist() == values.tolist(), name


def test_a_part_has_the_tables_of_its_cores(program):
    t, cores = program.tables, range(2, 5)
    part, rows = with_cores(program, cores).tables, slice(t.compartment_ptr[2], t.compartment_ptr[5])
    axons, lists = slice(t.in_axon_ptr[2], t.in_axon_ptr[5]), slice(t.list_ptr[2], t.list_ptr[5])
    assert np.array_equal(part.neuron, t.neuron[rows])
    assert np.array_equal(part.in_axon_list, t.in_axon_list[axons])
    assert np.array_equal(np.diff(part.segment_ptr), np.diff(t.segment_ptr)[lists])
    entries = slice(t.entry_ptr[t.segment_ptr[lists.start]], t.entry_ptr[t.segment_ptr[lists.stop]])
    assert np.array_equal(part.entry_mantissa, t.entry_mantissa[entries])
    assert part.n_cores == 3
    assert part.compartment_ptr[-1] == part.n_rows


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("entry_mantissa", 999),
        ("in_axon_base", 4_000),
        ("in_axon_list", -1),
        ("entry_delay", 99),
        ("entry_target", 65_000),
    ],
)
@pytest.mark.parametrize("at", [[0], [-1], [0, -1]], ids=["first", "last", "both"])
def test_faults_of_several_parts_are_named_once(program, column, value, at, monkeypatch):
    wrong = changed(program, column, at, value)
    monkeypatch.setattr(core_ranges, "MOST", WHOLE)
    at_once = program_faults(wrong)
    assert at_once
    monkeypatch.setattr(core_ranges, "MOST", 1)
    assert program_faults(changed(program, column, at, value)) == at_once
