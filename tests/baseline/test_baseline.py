"""Baselines: exact comparison, reasons, and files."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from factories import one_layer, pair_network

import neurodeploy as nd

SPIKES = np.ones((2, 4, 2), dtype=np.uint8)
LABELS = np.array([0, 1])


def entry(network=None, *, spikes=SPIKES, labels=LABELS, target="tiny", run=None, **options):
    network = pair_network(steps_per_sample=4) if network is None else network
    program = nd.compile(network, target, **options)
    recording = nd.run(program, {network.inputs[0].name: spikes}, **(run or {}))
    return nd.baseline(program, recording, labels=labels)


def compared(base, head):
    return nd.check_baseline(head, nd.Baseline(entries={head.network: base}))


def reasons(base, head):
    return [(item.kind, item.text) for item in compared(base, head).reasons]


def test_figures_are_those_of_the_profile():
    program = nd.compile(pair_network(steps_per_sample=4), "tiny")
    recording = nd.run(program, {"lines": SPIKES})
    report, figures = (
        nd.profile(program, recording, labels=LABELS),
        nd.baseline(program, recording, labels=LABELS).figures,
    )
    assert figures["spikes"] == figures["spikes.cells"] == sum(len(rows) for rows in recording.spikes.values())
    assert figures["synops"] == report.synops_per_inference * 2
    assert figures["updates"] == report.updates_per_inference * 2
    assert figures["active_updates"] == int(recording.active_updates.sum())
    assert figures["cores"] == report.cores
    assert figures["accuracy"] == report.accuracy
    for item in report.resources:
        assert figures[item.name] == max(item.per_core)
        assert figures[f"{item.name}.total"] == sum(item.per_core)
    assert not any("energy" in name or "time" in name or "mean" in name for name in figures)


def test_the_same_program_moves_nothing():
    found = compared(entry(), entry())
    assert found.same
    assert (found.findings, found.reasons, found.information) == ((), (), ())


def test_both_engines_give_the_same_entry():
    assert entry(run={"engine": "spec"}) == entry()


def test_weights_are_named():
    """Half of the threshold in each of 4 steps exceeds it once, for 2 neurons in 2 samples."""
    other = pair_network(scale=0.5, steps_per_sample=4)
    found = compared(entry(), entry(other))
    assert [item.code for item in found.findings] == ["ND620"]
    assert ("weights", "weights changed: projection lines_to_cells") in [(r.kind, r.text) for r in found.reasons]
    spikes = next(row for row in found.rows if row.figure == "spikes")
    assert (spikes.base, spikes.head, spikes.delta, spikes.relative) == (16, 4, -12, -12 / 16)


def test_a_field_of_a_neuron_is_named():
    other = pair_network(nd.If(v_threshold=1.5), steps_per_sample=4)
    assert ("network", "network changed: population cells") in reasons(entry(), entry(other))


def test_options_samples_labels_and_run_are_named():
    base = entry()
    assert ("options", "option weight_bits changed: default -> *=4") in reasons(base, entry(weight_bits={"*": 4}))
    assert ("options", "seed of the mapping changed: 0 -> 3") in reasons(base, entry(placement_seed=3))
    fewer = SPIKES.copy()
    fewer[1, 2:] = 0
    assert reasons(base, entry(spikes=fewer)) == [("stimulus", "samples changed")]
    three = np.concatenate([SPIKES, SPIKES[:1]])
    found = reasons(base, entry(spikes=three, labels=np.array([0, 1, 0])))
    assert ("stimulus", "samples changed: 2 -> 3 samples") in found
    assert [kind for kind, _ in reasons(base, entry(labels=np.array([1, 0])))] == ["stimulus"]
    assert ("run", "seed of the run changed: 0 -> 5") in reasons(base, entry(run={"seed": 5}))


def test_options_that_edit_the_network_are_named_first():
    network, options = pair_network(steps_per_sample=4), nd.CompileOptions(prune={"*": 0.5})
    program = nd.compile(network, "tiny", options=options)
    recording = nd.run(program, {"lines": SPIKES})
    found = reasons(entry(), nd.baseline(program, recording, labels=LABELS, options=options))
    assert found[0] == ("options", "option prune changed: default -> *=0.5")


def test_targets_and_their_figures_are_named():
    base = entry()
    assert ("target", "target changed: tiny -> loihi1") in reasons(base, entry(target="loihi1"))
    tiny = nd.load_target("tiny")
    limits = tiny.limits.model_copy(update={"compartments": tiny.limits.compartments.model_copy(update={"value": 99})})
    found = compared(base, entry(target=tiny.model_copy(update={"limits": limits})))
    text = "figures of target 'tiny' or their sources changed: limits"
    assert [(item.kind, item.text) for item in found.reasons] == [("target", text)]
    assert [item.code for item in found.findings] == ["ND624"]


def test_cores_that_neurons_moved_to_are_a_reason():
    base, head = entry(), entry(pins={"cells": [1]})
    assert ("placement", "the same network was mapped to other cores") in reasons(base, head)


def test_another_version_is_named_last():
    base = entry().model_copy(update={"neurodeploy": "0.0.9", "figures": {**entry().figures, "spikes": 1}})
    text = f"version of neurodeploy changed: 0.0.9 -> {nd.__version__}"
    assert reasons(base, entry()) == [("version", text)]


def test_spikes_at_other_times_are_a_difference():
    """The same number of spikes, one step later: no count moves, but the recording is another."""
    early, late = np.zeros((1, 4, 2), dtype=np.uint8), np.zeros((1, 4, 2), dtype=np.uint8)
    early[0, 0], late[0, 1] = 1, 1
    label = np.array([0])
    found = compared(entry(spikes=early, labels=label), entry(spikes=late, labels=label))
    assert [row.figure for row in found.rows] == ["spikes.digest"]
    assert [item.code for item in found.findings] == ["ND620"]


def test_a_program_that_does_not_repeat_itself_is_told():
    base = entry()
    other = base.model_copy(update={"spikes": "0" * 64})
    assert [kind for kind, _ in reasons(base, other)] == ["unknown"]


def test_figures_of_one_side():
    base, head = entry(), entry(labels=None)
    assert [(item.code, item.severity) for item in compared(base, head).findings] == [("ND623", "error")]
    assert [(item.code, item.severity) for item in compared(head, base).findings] == [("ND623", "warning")]


def test_estimates_are_information_and_ranked_only_apart():
    """A network of a hundredth of the synapses is far below; another accuracy of the same program changes no energy."""
    big = one_layer(nd.If(v_threshold=1.0), np.full((400, 100), 0.5), name="pair", steps_per_sample=4)
    many = entry(big, spikes=np.ones((1, 4, 100), dtype=np.uint8), labels=None, target="loihi1")
    few = entry(target="loihi1", labels=None)
    rows = {row.figure: row for row in compared(many, few).information}
    assert rows["energy_per_inference"].kind == "moved"
    assert rows["energy_per_inference"].delta < 0
    slower = few.model_copy(
        update={
            "estimates": {
                name: item.model_copy(update={"value": item.value * 1.001}) for name, item in few.estimates.items()
            }
        }
    )
    found = compared(few, slower)
    assert found.same
    assert {row.kind for row in found.information} == {"unranked"}


def test_metrics_are_part_of_it():
    program = nd.compile(pair_network(steps_per_sample=4), "tiny")
    recording = nd.run(program, {"lines": SPIKES})
    measured = nd.metrics(program, recording, labels=LABELS, functions=[lambda: 1 / 3])
    figures = nd.baseline(program, recording, labels=LABELS, metrics=measured).figures
    assert figures["recall.1"] == measured.classes[1].recall
    assert figures["metric.lambda"] == 0.333333333333
    assert "confusion.0.1" not in figures


def test_files_are_sorted_and_written_whole(tmp_path):
    file = tmp_path / "base.json"
    nd.write_baseline({"b": entry(), "a": entry()}, file)
    first = file.read_bytes()
    nd.write_baseline({"a": entry()}, file)
    assert file.read_bytes() == first
    assert list(nd.load_baseline(file).entries) == ["a", "b"]
    plain = json.loads(first)
    assert first.decode() == json.dumps(plain, indent=2, sort_keys=True) + "\n"
    moved = entry(pair_network(scale=0.5, steps_per_sample=4))
    with pytest.raises(nd.DiagnosticError):
        nd.write_baseline({"c": moved}, tmp_path / "missing" / "base.json")
    assert sorted(os.listdir(tmp_path)) == ["base.json"]


def test_entries_written_at_once_are_all_kept(tmp_path):
    file, made = tmp_path / "base.json", entry()
    names = [f"n{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: nd.write_baseline({name: made}, file), names))
    assert list(nd.load_baseline(file).entries) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "neurodeploy-baseline", "schema_version": 2}',
        '{"format": "neurodeploy-baseline", "schema_version": 1, "entries": {"a": {}}}',
        '{"format": "neurodeploy-baseline", "schema_version": 1, "entries": {"a b": {}}}',
        '{"format": "neurodeploy-baseline", "schema_version": 1, "entries": [], "x": 1}',
        "\x00\x01",
    ],
)
def test_damaged_files_are_refused_and_kept(tmp_path, text):
    file = tmp_path / "base.json"
    file.write_text(text, encoding="utf-8")
    for act in (lambda: nd.load_baseline(file), lambda: nd.write_baseline({"a": entry()}, file)):
        with pytest.raises(nd.DiagnosticError) as error:
            act()
        assert {item.code for item in error.value.diagnostics} == {"ND622"}
    assert file.read_text(encoding="utf-8") == text


def test_a_figure_that_is_no_number_is_refused(tmp_path):
    file = tmp_path / "base.json"
    nd.write_baseline({"a": entry()}, file)
    for bad in ("NaN", '"many"', "null"):
        file.write_text(file.read_text().replace('"cores": 1', f'"cores": {bad}'), encoding="utf-8")
        with pytest.raises(nd.DiagnosticError) as error:
            nd.load_baseline(file)
        assert error.value.diagnostics[0].code == "ND622"
        file.write_text(file.read_text().replace(f'"cores": {bad}', '"cores": 1'), encoding="utf-8")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pair", "other"):
        nd.save(pair_network(name=name, steps_per_sample=4), f"{name}.nd.json")
        nd.save(nd.SampleValues(values={"lines": SPIKES}, labels=LABELS), f"{name}.stimulus.npz")


def test_commands(call, here):
    status, out, _ = call("baseline", "write", "pair.nd.json", "other.nd.json", "-t", "tiny", "--json")
    assert status == 0
    assert (
        nd.load_baseline().entries["pair"]
        == entry()
        == nd.BaselineEntry.model_validate(json.loads(out)["written"]["pair"])
    )
    status, out, _ = call("baseline", "check", "pair.nd.json", "other.nd.json", "-t", "tiny")
    assert (status, out.count("nothing moved")) == (0, 2)
    nd.save(pair_network(scale=0.5, steps_per_sample=4), "pair.nd.json")
    status, out, err = call("baseline", "check", "pair.nd.json", "other.nd.json", "-t", "tiny")
    assert (status, "ND620" in err, "weights changed: projection lines_to_cells" in out) == (1, True, True)
    assert max(map(len, out.splitlines())) <= 80
    _, out, _ = call("baseline", "check", "pair.nd.json", "-t", "tiny", "--json")
    theirs = json.loads(out)["checked"]["pair"]
    ours = nd.check_baseline(entry(pair_network(scale=0.5, steps_per_sample=4)))
    assert theirs == ours.model_dump(mode="json")


def test_commands_refuse_what_contradicts_itself(call, here):
    assert call("baseline", "check", "pair.nd.json", "-t", "tiny")[0] == 1  # no baseline
    status, _, err = call("baseline", "write", "pair.nd.json", "pair.nd.json", "-t", "tiny")
    assert (status, "ND703" in err, Path("neurodeploy-baseline.json").exists()) == (2, True, False)
    assert call("baseline", "write", "pair.nd.json", "other.nd.json", "-t", "tiny", "--name", "a")[0] == 2
    call("baseline", "write", "pair.nd.json", "-t", "tiny", "--name", "a", "--file", "x.json")
    status, _, err = call("baseline", "check", "pair.nd.json", "-t", "tiny", "--file", "x.json")
    assert (status, "ND621" in err) == (0, True)
    assert call("baseline", "check", "pair.nd.json", "-t", "tiny", "--file", "x.json", "--strict")[0] == 1


def test_metrics_of_a_baseline_are_computed_again(call, here):
    call("baseline", "write", "pair.nd.json", "-t", "tiny", "--metrics")
    assert "recall.1" in nd.load_baseline().entries["pair"].figures
    assert call("baseline", "check", "pair.nd.json", "-t", "tiny")[0] == 0


def test_a_comment_with_budgets(call, here):
    call("baseline", "write", "pair.nd.json", "other.nd.json", "-t", "tiny")
    nd.save(pair_network(scale=0.5, steps_per_sample=4), "pair.nd.json")
    words = ("pair.nd.json", "other.nd.json", "-t", "tiny", "--budget", "spikes_per_inference<=2", "--markdown", "c.md")
    assert call("baseline", "check", *words)[0] == 1
    text = Path("c.md").read_text(encoding="utf-8")
    assert text.startswith("<!-- neurodeploy:networks -->\n")
    assert "### pair: " in text
    assert "| spikes | 16 | 4 | -12 (-75 %) |  |" in text
    assert "**not met**: \\<= 2" in text
    assert "### other: nothing moved" in text
