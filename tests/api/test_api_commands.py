"""Every command has a Python function with the same findings and figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from factories import one_layer

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.diagnostics import sorted_findings, to_plain
from neurodeploy.serve import running, serve

PYTHON = {
    "check": (nd.check, nd.judge, nd.check_shapes, nd.dialects),
    "compile": (nd.compile, nd.seal, nd.calibrate, nd.calibration),
    "fit": (nd.fit,),
    "convert": (nd.convert, nd.study),
    "blame": (nd.blame,),
    "run": (nd.run,),
    "report": (nd.report,),
    "profile": (nd.profile, nd.accuracy, nd.metrics, nd.rank_energy, nd.rank_time),
    "sweep": (nd.sweep, nd.pareto, nd.evaluate),
    "compare": (nd.compare,),
    "verify": (nd.verify,),
    "export-c": (nd.export_c,),
    "monitor": (nd.monitor,),
    "faults": (nd.fault_campaign, nd.inject, nd.faults_in),
    "remap": (nd.remap,),
    "learned": (nd.learned,),
    "baseline": (nd.baseline, nd.write_baseline, nd.check_baseline),
    "diff": (nd.diff,),
    "init": (nd.init_project,),
    "test": (nd.run_project, nd.load_project),
    "explain": (nd.explain,),
    "targets": (nd.targets,),
    "backends": (nd.backends,),
    "schema": (nd.schema,),
    "serve": (serve, running),
}
"""Command -> what does it in Python; `backends` beyond its list (install, doctor, conformance, new) is no work for Python."""


def test_every_command_has_a_function():
    assert set(typer.main.get_command(app).commands) == set(PYTHON)


def network(size=4, weight=2.0, name="net"):
    weights = np.linspace(0, weight, 2 * size).reshape(size, 2)
    neuron = nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0)
    return one_layer(neuron, weights, source="lines", output="answer", steps_per_sample=30, name=name)


SPIKES = np.ones((2, 30, 2), dtype=np.uint8)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(network(), "net.nd.json")
    nd.save(network(40, name="wide"), "wide.nd.json")
    nd.save(nd.SampleValues(values={"lines": SPIKES}, labels=[0, 3]), "net.stimulus.npz")


@pytest.fixture
def document(call, here):
    def run(*words):
        _, out, err = call(*words, "--json")
        assert out, err
        return json.loads(out)

    return run


def told(findings):
    return [json.loads(json.dumps(to_plain(item))) for item in sorted_findings(findings)]


@pytest.mark.parametrize(
    ("file", "target", "options", "words"),
    [
        ("net", "loihi1", {}, ()),
        ("net", "loihi1", {"rules": "nxtf", "board": "nahuku8"}, ("--rules", "nxtf", "--board", "nahuku8")),
        ("net", "loihi2", {"weight_bits": {"lines_to_cells": 4}}, ("--weight-bits", "lines_to_cells=4")),
        ("net", "loihi1", {"prune": {"*": 0.5}, "strict": True}, ("--prune", "0.5", "--strict")),
        ("wide", "tiny", {}, ()),
        ("wide", "tiny", {"share_parameters": {"cells": 1}}, ("--share-parameters", "cells=1")),
    ],
)
def test_check(document, file, target, options, words):
    theirs = document("check", f"{file}.nd.json", "-t", target, *words)
    ours = nd.check(nd.load(f"{file}.nd.json"), target, **options)
    assert told(ours.findings) == theirs["findings"]
    assert (ours.verdict, ours.n_cores, ours.lower_bounds) == (
        theirs["verdict"],
        theirs["cores"],
        theirs["lower_bounds"],
    )
    assert [line.model_dump(mode="json") for line in ours.ledger] == theirs["ledger"]
    if ours.program is not None:
        assert ours.program.digest() == theirs["digest"]
        assert nd.compile(nd.load(f"{file}.nd.json"), target, **options).digest() == theirs["digest"]
        assert nd.dialects(ours.program).model_dump(mode="json") == theirs["dialects"]
        nd.save(ours.program, "made.ndp")
        assert told(nd.check(nd.load("made.ndp")).findings) == document("check", "made.ndp")["findings"]


def test_compile_refuses_with_the_findings_of_check(document):
    with pytest.raises(nd.DiagnosticError) as error:
        nd.compile(nd.load("wide.nd.json"), "tiny")
    theirs = document("compile", "wide.nd.json", "-t", "tiny")
    assert told(error.value.diagnostics) == theirs["findings"]
    assert any("loihi1" in fix["text"] + fix["flag"] for item in theirs["findings"] for fix in item["fixes"])


def test_check_of_another_architecture(document):
    theirs = document("check", "net.nd.json", "-t", "speck2f")
    ours = nd.judge(nd.load("net.nd.json"), "speck2f")
    assert told(ours.findings) == theirs["findings"]
    assert ours.verdict == theirs["verdict"]
    assert [use.found for use in ours.uses] == [use["found"] for use in theirs["uses"]]


SHAPES = """
schema_version = 1
name = "two"
input = [1, 8, 8]
[[layers]]
kind = "conv"
channels = 4
kernel = 3
[[layers]]
kind = "dense"
channels = 10
"""


def test_check_of_shapes(document):
    with open("two.toml", "w", encoding="utf-8") as file:
        file.write(SHAPES)
    theirs = document("check", "--shapes", "two.toml", "-t", "loihi1")
    ours = nd.check_shapes("two.toml", "loihi1")
    assert told(ours.findings) == theirs["findings"]
    plain = ours.model_dump(mode="json", exclude={"findings"})
    assert plain == {name: theirs[name] for name in plain}


def test_fit(document):
    theirs = document("fit", "net.nd.json", "-t", "tiny", "-t", "loihi1", "-t", "speck2f")
    ours = nd.fit(nd.load("net.nd.json"), ["tiny", "loihi1", "speck2f"])
    assert [{**row.model_dump(mode="json"), "share": row.share} for row in ours] == theirs["rows"]


def test_convert(document):
    theirs = document("convert", "net.nd.json", "net.nir")
    ours = nd.convert("net.nd.json", "again.nir")
    assert [line.model_dump(mode="json") for line in ours.ledger] == theirs["ledger"]
    assert Path("again.nir").read_bytes() == Path(theirs["written"]).read_bytes()


def test_run_and_profile(document):
    theirs = document("run", "net.nd.json", "-t", "loihi1", "-o", "run.ndr")
    checked = nd.check(nd.load("net.nd.json"), "loihi1")
    program, samples = checked.require(), nd.load("net.stimulus.npz")
    recording = nd.run(program, samples)
    assert nd.load("run.ndr") == recording
    reference = nd.run(program, samples, backend="reference")
    cost = nd.profile(program, recording, labels=samples.labels, reference=reference, lower_bounds=checked.lower_bounds)
    assert json.loads(cost.model_dump_json()) == theirs["profile"]
    both = {item["code"] for item in theirs["findings"]}
    assert {item.code for item in (*recording.findings, *cost.findings)} <= both
    assert both <= {item.code for item in (*checked.findings, *recording.findings, *cost.findings)}
    nd.save(program, "net.ndp")
    again = document("profile", "net.ndp", "run.ndr")
    assert json.loads(nd.profile(program, recording).model_dump_json()) == again["profile"]
    assert {item["code"] for item in again["findings"]} == {
        item.code for item in nd.profile(program, recording).findings
    }


def test_report(document):
    theirs = document("report", "net.nd.json", "-t", "loihi1", "-o", "run.html", "--budget", "cores<=4")
    program, samples = nd.compile(nd.load("net.nd.json"), "loihi1"), nd.load("net.stimulus.npz")
    recording, reference = nd.run(program, samples), nd.run(program, samples, backend="reference")
    given = {"samples": samples, "reference": reference, "budgets": "cores<=4"}
    shared = nd.check(nd.load("net.nd.json"), "loihi1")
    figures = nd.profile(
        program,
        recording,
        labels=samples.labels,
        reference=reference,
        lower_bounds=shared.lower_bounds,
        metrics=nd.metrics(program, recording, labels=samples.labels),
    )
    page = nd.report(program, recording, "own.html", profile=figures, **given)
    assert Path("run.html").read_text(encoding="utf-8") == page == Path("own.html").read_text(encoding="utf-8")
    assert theirs["bytes"] == Path("run.html").stat().st_size
    assert theirs["profile"] == json.loads(figures.model_dump_json())
    nd.save(program, "net.ndp")
    nd.save(recording, "run.ndr")
    again = document("report", "net.ndp", "run.ndr", "-o", "again.html")
    assert again["profile"]["accuracy"] == theirs["profile"]["accuracy"]
    ran = document("run", "net.ndp", "--report", "ran.html")["profile"]
    assert {**ran, "metrics": again["profile"]["metrics"]} == again["profile"]
    assert "Accuracy against float" in Path("ran.html").read_text(encoding="utf-8")


def test_costs_at_a_boundary_and_a_rate(document):
    program = nd.compile(nd.load("net.nd.json"), "loihi1")
    nd.save(program, "net.ndp")
    recording = nd.run(program, nd.load("net.stimulus.npz"))
    nd.save(recording, "run.ndr")
    theirs = document("profile", "net.ndp", "run.ndr", "--boundary", "board", "--rate", "300/s")
    ours = nd.profile(program, recording, boundary="board", rate_per_s=300)
    assert json.loads(ours.model_dump_json()) == theirs["profile"]
    assert {item.code for item in ours.findings} == {item["code"] for item in theirs["findings"]}
    scaled = document("run", "net.nd.json", "-t", "loihi2", "--energy", "scaled", "--no-reference")["profile"]
    other = nd.compile(nd.load("net.nd.json"), "loihi2")
    found = nd.profile(other, nd.run(other, nd.load("net.stimulus.npz")), energy="scaled")
    assert json.loads(found.energy_per_inference.model_dump_json()) == scaled["energy_per_inference"]


def test_budgets(document):
    program = nd.compile(nd.load("net.nd.json"), "loihi1")
    nd.save(program, "net.ndp")
    recording = nd.run(program, nd.load("net.stimulus.npz"))
    nd.save(recording, "run.ndr")
    texts = ("cores<=0", "energy_per_inference<=1pJ", "synapse_memory<=80%", "accuracy>=90%")
    words = [word for text in texts for word in ("--budget", text)]
    theirs = document("profile", "net.ndp", "run.ndr", *words)["findings"]
    ours = nd.over_budget(nd.profile(program, recording), texts)
    assert told(ours) == [item for item in theirs if item["code"].startswith("ND604") or item["code"] == "ND605"]
    of_check = document("check", "net.ndp", "--budget", "cores<=0", "--budget", "chips<=1")["findings"]
    assert told(nd.over_budget(nd.check(program), ["cores<=0", "chips<=1"])) == [
        item for item in of_check if item["code"] == "ND604"
    ]
    for text in ("energy<=2uJ", "energy_per_inference<=2uj"):
        theirs = document("profile", "net.ndp", "run.ndr", "--budget", text)["findings"]
        with pytest.raises(nd.DiagnosticError) as error:
            nd.over_budget(nd.profile(program, recording), text)
        assert told(error.value.diagnostics) == theirs


def test_compare_and_verify(document):
    program, samples = nd.compile(nd.load("net.nd.json"), "loihi1"), nd.load("net.stimulus.npz")
    left = nd.run(program, samples)
    right = nd.run(program, 0 * SPIKES + (np.arange(30) % 2)[None, :, None].astype(np.uint8))
    reference = nd.run(program, samples, backend="reference")
    nd.save(program, "net.ndp")
    for other in (left, right, reference):
        nd.save(left, "a.ndr")
        nd.save(other, "b.ndr")
        theirs = document("compare", "a.ndr", "b.ndr", "--program", "net.ndp")
        ours = nd.compare(left, other, program)
        assert told(ours.findings) == theirs["findings"]
        assert ours.identical == theirs["identical"]
        assert (ours.first is None) == (ours.identical or ours.findings[0].code == "ND551")
    sealed = nd.seal(program, samples)
    assert document("compile", "net.nd.json", "-t", "loihi1", "--golden", "net.stimulus.npz", "-o", "own.ndp")[
        "written"
    ]
    assert nd.load("own.ndp") == sealed
    for backend in ("emulator", "reference"):
        theirs, ours = document("verify", "own.ndp", "-b", backend), nd.verify(sealed, backend)
        assert told(ours.findings) == theirs["findings"]
        assert {backend: ours.identical} == theirs["verified"]


def test_blame(document):
    wanted = nd.blame(network(), nd.SampleValues(values={"lines": SPIKES}, labels=[0, 3]))
    found = document("blame", "net.nd.json", "--target", "loihi1")
    assert found["blame"] == wanted.model_dump(mode="json", exclude={"findings"})
    assert [item["code"] for item in found["findings"]] == [item.code for item in wanted.findings]


def test_lookups(document):
    assert document("explain", "nd401") == nd.explain("nd401").model_dump(mode="json")
    assert [item["code"] for item in document("explain")] == [item.code for item in nd.explain()]
    shown = [item.model_dump(mode="json", exclude={"dialect"}) for item in nd.targets()]
    assert document("targets") == json.loads(json.dumps(shown))
    theirs = {row["name"]: (row["available"], row["summary"], row.get("fix")) for row in document("backends")}
    assert {item.name: (item.available, item.summary, item.fix) for item in nd.backends()} == theirs
    assert document("schema") == json.loads(json.dumps(nd.schema()))
    with pytest.raises(nd.DiagnosticError) as error:
        nd.explain("ND999")
    assert told(error.value.diagnostics) == document("explain", "ND999")["findings"]


def test_warnings_of_a_compilation_stay_with_the_program(here, call):
    slow = network().model_copy(
        update={
            "populations": (nd.Population(name="cells", shape=4, neuron=nd.Lif(tau_m_s=3.0, r=100.0, v_threshold=1.0)),)
        }
    )
    program = nd.compile(slow, "loihi1")
    assert "ND205" in {item.code for item in program.findings}
    nd.save(program, "slow.ndp")
    assert nd.load("slow.ndp").findings == program.findings
    assert program.digest() == program.model_copy(update={"findings": ()}).digest()
    assert "ND205" in call("check", "slow.ndp")[2]
    assert call("check", "slow.ndp", "--strict")[0] == 1
    assert {item.code for item in nd.check(program).findings} >= {"ND205"}
    assert nd.compile(network(), "loihi1").findings == ()
