"""Ranges and losses of weights against the mantissas that the program stores."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of, one_layer, ones_conv, operation_network
from page_runs import small_subject

import neurodeploy as nd
from neurodeploy.conformance.corpus import corpus
from neurodeploy.conformance.judge import program_of
from neurodeploy.program.synapse_tables import synapse_tables_of
from neurodeploy.report.page import ReportSubject
from neurodeploy.report.page.activity import changes, quantization, raster, rates, responses, traces
from neurodeploy.report.page.activity.trains import trains_of
from neurodeploy.report.page.activity.weight_ranges import weight_ranges


@pytest.fixture(scope="module")
def subject():
    return small_subject()


def test_ranges_are_those_of_the_weights_and_of_the_stored_mantissas(subject):
    """The stored weights, read back from the tables, lie within the range, on its steps, and have the error named."""
    program = subject.program
    for found, projection in zip(weight_ranges(program), program.network.projections, strict=True):
        weights = np.asarray(projection.operation.weights, dtype=np.float64)
        (table,) = [item for item in synapse_tables_of(program) if item.projection == projection.name]
        placed = next(item for item in program.populations if item.name == projection.target)
        style = table.style
        gain = program.network.time.dt_s / 0.01  # what a Lif of 10 ms makes of a weight (docs of Lif)
        unit = 2.0 ** (style.exponent + program.target.dialect.weight_shift_bits) / placed.scale / gain
        stored = np.zeros(weights.shape)
        stored[table.post, table.pre] = table.mantissas * unit
        error = np.sqrt(np.mean((stored - weights) ** 2)) / np.sqrt(np.mean(weights**2))
        assert found.rms_relative == pytest.approx(error, rel=1e-9)
        assert found.quantiles == pytest.approx(np.quantile(weights, (0, 0.05, 0.5, 0.95, 1)))
        assert found.vanished == np.count_nonzero((stored == 0) & (weights != 0))
        assert found.levels_used == np.unique(table.mantissas).size
        assert found.storable[0] <= stored.min() <= stored.max() <= found.storable[1]
        assert np.allclose(np.rint(stored / found.step), stored / found.step)
        assert found.n_weights == weights.size


def test_ledger_and_page_agree(subject):
    for found in weight_ranges(subject.program):
        (line,) = [item for item in subject.program.ledger if item.subject.name == found.projection]
        assert line.relative_error == pytest.approx(found.rms_relative)
        assert f"{found.clipped} clipped, {found.vanished} vanished" in line.note


def test_small_weights_beside_a_large_one_are_dead():
    """Weights of 1 and 1/1000 on one scale: 8 bits of both signs store steps of 1/127."""
    weights = np.full((4, 8), 1e-3)
    weights[0, 0], weights[1, 1] = 1.0, -1.0
    program = nd.compile(one_layer(nd.If(v_threshold=2.5), weights, projection="wires"), target="loihi1")
    (found,) = weight_ranges(program)
    assert (found.vanished, found.clipped, found.n_weights) == (30, 0, 32)
    assert found.levels_used == 3
    body = quantization.section(ReportSubject(program)).body
    assert "30 (93.8 %)" in body
    assert "more than 25% of wires" in body


def test_weights_of_a_convolution_count_once():
    program = nd.compile(operation_network(ones_conv(), after=(4, 6, 6)), target="loihi1")
    (found,) = weight_ranges(program)
    assert found.n_weights == 4 * 2 * 9
    assert found.rms_relative == 0.0
    assert "All weights are stored exactly." in quantization.section(ReportSubject(program)).body


def test_differences_from_the_reference_are_counted(subject):
    mine, theirs = subject.recording, subject.reference
    body = quantization.section(subject).body
    for name, size in (("hidden", 6), ("class", 3)):
        one, other = mine.spike_counts(name, size), theirs.spike_counts(name, size)
        per_neuron = np.abs(one - other).mean()
        row = body[body.index(f">{name}</th>", body.index("In the run")) :].split("</tr>")[0]
        cells = [cell.split("</td>")[0].split(">", 1)[1] for cell in row.split("<td")[1:]]
        assert cells[-1] == f"{per_neuron:.3g}"
        assert float(cells[-4]) == pytest.approx(one.sum() / 12, rel=0.01)
        assert float(cells[-3]) == pytest.approx(other.sum() / 12, rel=0.01)


def test_values_that_leave_their_range_are_named():
    program = nd.compile(one_layer(nd.If(v_threshold=1.0), np.ones((2, 1))), target="loihi1")
    recording = nd.run(program, np.ones((1, 6, 1), dtype=np.uint8))
    over = np.array([[0, 0], [7, 5], [0, 0]])
    changed = recording.model_copy(update={"overflows": {"cells": over}})
    body = quantization.section(ReportSubject(program, changed)).body
    assert "<td>0</td><td>12 in 2 neurons</td><td>0</td>" in body
    unknown = recording.model_copy(update={"overflows": {}})
    assert body.count("not counted") == 0
    assert quantization.section(ReportSubject(program, unknown)).body.count("not counted") == 3


def test_registers_that_were_rounded_are_listed(subject):
    body = quantization.section(subject).body
    rounded = [item for item in subject.program.ledger if item.subject.kind == "population" and item.level != "exact"]
    assert rounded
    assert all(f">{item.quantity}</td>" in body for item in rounded)


SECTIONS = (raster, rates, traces, quantization, responses, changes)


@pytest.mark.parametrize("case", corpus()[::9], ids=lambda case: case.name)
def test_every_kind_of_program_has_a_page(case):
    _pages(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_every_program_of_the_corpus_has_a_page(case):
    _pages(case)


def _pages(case):
    """Sections of the program, of its run, and ledger lines that say the same."""
    program = program_of(case, None)
    whole = ReportSubject(program, nd.run(program, case.stimulus))
    for subject in (ReportSubject(program), whole):
        made = [found for item in SECTIONS if (found := item.section(subject)) is not None]
        assert "quantization" in {item.name for item in made}
        assert all(plot.as_json() for item in made for plot in item.plots)
    lines = [item for item in program.ledger if item.quantity == "weights" and "same products" not in item.note]
    notes = {item.subject.name: item.note for item in lines}
    for found in weight_ranges(program):
        assert f"{found.clipped} clipped, {found.vanished} vanished" in notes.get(
            found.projection, "0 clipped, 0 vanished"
        )


def test_integer_weights_keep_their_units():
    network = network_of(
        [nd.Population(name="cells", shape=2, neuron=nd.LoihiCuba(vth_mant=10, du=4095, dv=100))],
        [nd.dense("in", "cells", np.array([[100, -200], [0, 54]]), name="wires")],
        inputs=2,
    )
    (found,) = weight_ranges(nd.compile(network, target="loihi1"))
    assert found.quantiles[[0, -1]].tolist() == [-200, 100]
    assert found.storable == (-256.0, 254.0)
    assert (found.step, found.rms_relative, found.clipped) == (2.0, 0.0, 0)


def test_the_difference_of_two_runs_is_that_of_all_counts(subject):
    for name, size in (("hidden", 6), ("class", 3)):
        trains = [
            next(item for item in trains_of(subject, recording) if item.name == name)
            for recording in (subject.recording, subject.reference)
        ]
        one, other = (item.spike_counts(name, size) for item in (subject.recording, subject.reference))
        assert quantization.spike_difference(*trains, 12) == pytest.approx(np.abs(one - other).mean())
        assert quantization.spike_difference(trains[0], trains[0], 12) == 0
