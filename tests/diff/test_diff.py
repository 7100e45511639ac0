"""Differences of networks, programs, recordings and profiles."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import examples, one_layer, pair_network, wide_network
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd

SPIKES = np.ones((2, 4, 2), dtype=np.uint8)


def program(scale=2.0, target="tiny", **options):
    return nd.compile(pair_network(scale=scale, steps_per_sample=4), target, **options)


def rows(found):
    return {(str(row.subject), row.figure): row for row in found.rows}


def test_the_same_thing_has_no_difference():
    made = program()
    recording = nd.run(made, {"lines": SPIKES})
    for item in (made.network, made, recording, nd.profile(made, recording), nd.baseline(made, recording)):
        found = nd.diff(item, item)
        assert found.same
        assert (found.reasons, found.information) == ((), ())


def test_a_field_and_its_values():
    found = nd.diff(pair_network(nd.If(v_threshold=1.0)), pair_network(nd.If(v_threshold=1.5)))
    row = rows(found)["population 'cells'", "neuron.v_threshold"]
    assert (row.base, row.head, row.delta, row.relative) == (1.0, 1.5, 0.5, 0.5)
    assert len(found.rows) == 1
    assert [item.text for item in found.reasons] == ["network changed: population cells"]


@settings(max_examples=examples(50, quick=15), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 9), st.floats(-1, 1).filter(bool)), min_size=1, max_size=9)
)
def test_weights_are_counted(changes):
    base = wide_network()
    weights = np.array(base.projections[0].operation.weights)
    before = weights.copy()
    for row, column, change in changes:
        weights[row, column] = before[row, column] + change
    operation = base.projections[0].operation.model_copy(update={"weights": weights})
    head = base.model_copy(update={"projections": (base.projections[0].model_copy(update={"operation": operation}),)})
    found = nd.diff(base, head)
    moved = weights != before
    if not moved.any():
        assert found.same
        return
    (row,) = found.rows
    assert row.why.startswith(f"{moved.sum():,} of 300 values differ, by at most {np.abs(weights - before).max():.6g} ")
    assert row.delta == pytest.approx(np.abs(weights).mean() - np.abs(before).mean())


def test_parts_that_only_one_side_has():
    base = pair_network()
    probe = nd.Probe(name="v", target="cells", variable="v")
    found = nd.diff(base, base.model_copy(update={"probes": (probe,)}))
    row = rows(found)["probe 'v'", "probe"]
    assert (row.base, row.head, row.kind) == (None, "of cells", "added")
    assert [item.text for item in found.reasons] == ["added to the network: probe v"]
    found = nd.diff(
        base, one_layer(nd.If(v_threshold=1.0), 2 * np.eye(3)[:, :2], source="lines", output="answer", name="pair")
    )
    assert rows(found)["projection 'lines_to_cells'", "operation.weights"].why == "other shape"


def test_metadata_are_no_difference():
    assert nd.diff(pair_network(), pair_network(metadata={"license": "CC0"})).same


def test_programs_of_other_options():
    found = nd.diff(program(), program(weight_bits={"*": 4}))
    assert ("projection 'lines_to_cells'", "stored weight bits") in rows(found)
    assert [item.text for item in found.reasons] == ["option weight_bits changed: default -> *=4"]


def test_programs_on_other_cores():
    found = nd.diff(program(), program(pins={"cells": [1]}))
    row = rows(found)["population 'cells'", "cores"]
    assert (row.base, row.head, row.why) == ("0", "1", "2 of 2 neurons lie on another core")
    assert [item.kind for item in found.reasons] == ["placement"]


def test_a_figure_of_a_target():
    tiny = nd.load_target("tiny")
    before = tiny.limits.compartments
    limits = tiny.limits.model_copy(update={"compartments": before.model_copy(update={"value": before.value + 5})})
    found = nd.diff(program(), program(target=tiny.model_copy(update={"limits": limits})))
    row = rows(found)["target 'tiny'", "limits.compartments.value"]
    assert (row.delta, row.unit) == (5, before.unit)
    assert [item.kind for item in found.reasons] == ["target"]


def test_recordings_with_as_many_spikes():
    early, late = np.zeros((1, 4, 2), dtype=np.uint8), np.zeros((1, 4, 2), dtype=np.uint8)
    early[0, 0], late[0, 1] = 1, 1
    base, head = (nd.run(program(), {"lines": spikes}) for spikes in (early, late))
    found = nd.diff(base, head)
    row = rows(found)["population 'cells'", "spikes"]
    assert (row.base, row.head, row.delta, row.why) == (2, 2, 0, "2 of 2 spikes are in another sample, step or neuron")
    assert [item.text for item in found.reasons] == ["other input spikes: lines"]


def test_the_first_difference_of_one_program():
    made = program()
    base = nd.run(made, {"lines": SPIKES})
    spikes = {"cells": base.spikes["cells"][1:]}
    found = nd.diff(base, base.model_copy(update={"spikes": spikes}))
    first = found.rows[0]
    assert (first.figure, first.base, first.head) == ("first: spike", 1, 0)
    assert first.why == f"step {base.spikes['cells'][0, 1]}, sample 0, neuron 0"


def test_estimates_are_ranked_as_nd_ranks_them():
    reports = []
    for scale in (2.0, 0.5):
        made = program(scale, "loihi1")
        reports.append(nd.profile(made, nd.run(made, {"lines": SPIKES})))
    found = nd.diff(*reports)
    assert not any("energy" in row.figure or "time" in row.figure for row in found.rows)
    energy = next(row for row in found.information if row.figure == "energy_per_inference")
    base, head = (report.energy_per_inference for report in reports)
    assert (energy.kind == "unranked") == (base.low <= head.high and head.low <= base.high)


def test_two_kinds_are_refused():
    with pytest.raises(nd.DiagnosticError) as error:
        nd.diff(program(), nd.run(program(), {"lines": SPIKES}))
    assert error.value.diagnostics[0].code == "ND626"
    assert nd.diff(program(), program().network).same


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, scale in (("a", 2.0), ("b", 0.5)):
        made = program(scale)
        nd.save(made.network, f"{name}.nd.json")
        nd.save(made, f"{name}.ndp")
        nd.save(nd.run(made, {"lines": SPIKES}), f"{name}.ndr")
        nd.save(nd.SampleValues(values={"lines": SPIKES}), f"{name}.stimulus.npz")


@pytest.mark.parametrize("suffix", [".nd.json", ".ndp", ".ndr", ".json"])
def test_files(call, here, suffix):
    if suffix == ".json":
        for name in "ab":
            with open(f"{name}.json", "w", encoding="utf-8") as file:
                file.write(call("run", f"{name}.ndp", "--no-reference", "--json")[1])
    left, right = f"a{suffix}", f"b{suffix}"
    status, out, _ = call("diff", left, right)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert call("diff", left, right, "--exit-code")[0] == 1
    assert call("diff", left, left, "--exit-code")[0] == 0
    document = json.loads(call("diff", left, right, "--json")[1])
    ours = nd.diff(left, right)
    assert document["rows"] == ours.model_dump(mode="json")["rows"]
    assert not document["same"]


def test_baselines(call, here):
    for name in "ab":
        call("baseline", "write", f"{name}.ndp", "--file", f"{name}.base.json")
    found = nd.diff("a.base.json", "b.base.json")
    assert rows(found)["model 'pair'", "spikes"].delta == -12
    assert "pair: weights changed: projection lines_to_cells" in [item.text for item in found.reasons]


def test_json_without_anything_to_compare(call, here):
    with open("c.json", "w", encoding="utf-8") as file:
        file.write("[1, 2]")
    status, _, err = call("diff", "c.json", "a.ndp")
    assert (status, "ND626" in err) == (1, True)
    with open("c.json", "w", encoding="utf-8") as file:
        file.write('{"profile": {"cores": "many"}}')
    assert "ND626" in call("diff", "c.json", "c.json")[2]
