"""The commands backends, compare and verify; simulators in environments of their own are in tests/conformance."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.conformance import Judgement, corpus, judge, markdown, program_of
from neurodeploy.program import load_program, save_program
from neurodeploy.simulate import get_backend, load_recording, save_recording
from neurodeploy.worker.environment import MARKER, marker_of, python_in

VENDORS = {"lava", "nengo-loihi", "brian2loihi"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """pair.nd.json with its stimulus: each line drives its neuron over the threshold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODEPLOY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    network = nd.Network(
        name="pair",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="lines", shape=2, encoder="spikes"),),
        populations=(nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
        projections=(nd.dense("lines", "cells", 2 * np.eye(2), name="wires"),),
        outputs=(nd.Output(name="answer", source="cells"),),
        probes=(nd.Probe(name="v", target="cells", variable="v"),),
    )
    nd.save(network, "pair.nd.json")
    spikes = np.zeros((2, 5, 2), dtype=np.uint8)
    spikes[0, ::2, 0] = spikes[1, :, 1] = 1
    np.savez("pair.stimulus.npz", lines=spikes)
    return tmp_path


def test_backends_are_listed_a_line_each_with_what_would_make_them_run(folder, call):
    status, out, _ = call("backends")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert status == 0
    assert VENDORS | {"emulator", "reference", "lava-loihi2", "nengo-loihi-board"} <= set(lines)
    assert "available" in lines["emulator"]
    rows = {row["name"]: row for row in json.loads(call("backends", "list", "--json")[1])}
    assert set(rows) == set(lines)


@pytest.mark.parametrize(
    "words", [("install", "--help"), ("doctor", "--help"), ("conformance", "--help"), ("new", "--help")]
)
def test_help_of_a_part_holds_an_example(call, words):
    status, out, _ = call("backends", *words)
    assert status == 0
    assert f"neurodeploy backends {words[0]}" in " ".join(out.split())


def test_an_environment_that_nobody_has_is_a_usage_fault_with_the_nearest(folder, call):
    status, _, err = call("backends", "install", "lavva")
    assert status == 2
    assert "error[ND710]" in err
    assert "lava" in err


def test_a_vendor_that_is_not_installed_leaves_with_3_and_the_command(folder, call, monkeypatch):
    for name in ("LAVA", "NENGO_LOIHI", "BRIAN2LOIHI"):
        monkeypatch.delenv(f"NEURODEPLOY_{name}_PYTHON", raising=False)
    for name in VENDORS:
        status, _, err = call("run", "pair.nd.json", "-t", "loihi1", "--backend", name)
        assert status == 3
        assert "error[ND501]" in err
        assert f"neurodeploy backends install {name}" in err


def test_an_interpreter_without_the_simulator_is_told_before_anything_runs(folder, call, monkeypatch):
    """The variable points to this Python, which has no lava; another version of it would be told the same way."""
    monkeypatch.setenv("NEURODEPLOY_LAVA_PYTHON", sys.executable)
    status, _, err = call("run", "pair.nd.json", "-t", "loihi1", "--backend", "lava")
    assert status == 3
    assert "error[ND501]" in err
    assert f"NEURODEPLOY_LAVA_PYTHON names '{sys.executable}', which has no lava-nc" in err


def marked(environment):
    """The interpreter of an environment that is marked as whole; it is this one, which has no simulator."""
    python = python_in(environment.folder())
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (environment.folder() / MARKER).write_text(json.dumps({"is": marker_of(environment)}))
    return python


def test_a_simulator_that_is_gone_from_its_interpreter_is_told_by_the_worker(folder, call):
    """The environment is marked as whole, and somebody took lava away: the import fails in the child."""
    marked(get_backend("lava").environment)
    status, _, err = call("run", "pair.nd.json", "-t", "loihi1", "--backend", "lava")
    assert status == 1
    assert err.count("error[") == 1
    assert "error[ND540]" in err
    assert "No module named 'lava'" in err
    assert "stage 'import lava'" in err


BOARDS = {
    "lava-loihi1": ("lava-loihi (Intel's package for its boards, which members of INRC have)", "lava"),
    "lava-loihi2": ("lava-loihi (Intel's package for its boards, which members of INRC have)", "lava"),
    "nengo-loihi-board": (
        "nxsdk (Intel's package for Loihi 1, which members of INRC have)",
        "nengo-loihi",
    ),
}


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_without_its_package_is_told_whole_and_leaves_with_3(folder, call, name):
    """The simulator's interpreter is there, and what reaches a board is not in it."""
    (package, simulation), python = BOARDS[name], marked(get_backend(name).environment)
    target = "loihi1" if simulation == "nengo-loihi" else "loihi2"
    status, out, err = call("run", "pair.nd.json", "-t", target, "--backend", name)
    assert (status, out) == (3, "")
    assert err == (
        f"\nerror[ND545] backend '{name}': no board is accessible: {package} is not in the environment '{simulation}'\n"
        f"   fix: install {package.split()[0]} with {python}, and attach a board\n"
        f"   fix: --backend {simulation}, which needs no board\n"
    )


def test_a_board_without_even_its_simulator_names_the_command_first(folder, call, monkeypatch):
    monkeypatch.delenv("NEURODEPLOY_LAVA_PYTHON", raising=False)
    status, _, err = call("run", "pair.nd.json", "-t", "loihi2", "--backend", "lava-loihi2")
    assert status == 3
    assert "error[ND501]" in err
    assert "fix: neurodeploy backends install lava" in err


COMPLETED = {
    "run x -b lava-": ["lava-loihi1", "lava-loihi2"],
    "verify x --backend nengo": ["nengo-loihi", "nengo-loihi-board"],
    "compare x -b em": ["emulator"],
    "backends install n": ["nengo-loihi"],
    "backends doctor br": ["brian2loihi"],
    "backends conformance lava --case noi": ["noise", "noise_at_current"],
}


@pytest.mark.parametrize("typed", COMPLETED)
def test_names_are_completed_by_the_shell(capsys, monkeypatch, typed):
    monkeypatch.setenv("_NEURODEPLOY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"neurodeploy {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split())))
    with pytest.raises(SystemExit):
        app(prog_name="neurodeploy")
    assert capsys.readouterr().out.split() == COMPLETED[typed]


def test_the_doctor_finds_the_emulator_well(folder, call):
    status, out, _ = call("backends", "doctor", "emulator", "--json")
    (row,) = json.loads(out)["backends"]
    assert status == 0
    assert row["state"] == "works"
    assert int(row["message"].split()[0]) > 100


def test_conformance_of_the_emulator_is_exact_and_makes_a_table(folder, call):
    status, out, _ = call(
        "backends", "conformance", "emulator", "--case", "dense", "--case", "noise", "--table", "t.md"
    )
    assert status == 0
    assert "2 of 2 cases exact" in out
    assert "| dense | exact |" in (folder / "t.md").read_text()


def test_an_unknown_case_is_named_with_the_nearest(folder, call):
    status, _, err = call("backends", "conformance", "emulator", "--case", "densse")
    assert status == 2
    assert "dense" in err


def test_the_reference_refuses_what_floats_do_not_have(folder):
    case = next(item for item in corpus() if item.name == "sigma_delta")
    judgement = judge(case, "reference")
    assert (judgement.outcome, judgement.code) == ("refused", "ND502")


def test_a_table_has_a_column_for_each_backend_and_says_why():
    rows = [
        Judgement(case="a", feature="f", backend="x", outcome="exact"),
        Judgement(case="a", feature="f", backend="y", outcome="refused", code="ND502", message="no a"),
        Judgement(case="b", feature="f", backend="y", outcome="differs", code="ND554", message="step 3"),
    ]
    text = markdown(rows)
    assert "| a | exact | refused ND502 |" in text
    assert "| b |  | **differs** |" in text
    assert "- y, ND554: step 3" in text


def two_recordings(call):
    for name in ("one", "two"):
        assert call("run", "pair.nd.json", "-t", "loihi1", "--out", f"{name}.ndr", "--no-reference")[0] == 0


def test_equal_recordings_are_identical(folder, call):
    two_recordings(call)
    status, out, _ = call("compare", "one.ndr", "two.ndr")
    assert status == 0
    assert out == "identical: 8 spikes of 2 samples in 6 steps, states v\n"


def test_the_first_of_several_differences_is_told_with_both_values(folder, call):
    """A state of step 4 and a spike of step 3 are changed: the spike comes first, whatever its sample is."""
    two_recordings(call)
    recording = load_recording("two.ndr")
    states = np.array(recording.states["v"])
    states[0, 3, 1] += 7
    rows = recording.spikes["cells"]
    gone = int(np.flatnonzero((rows[:, 0] == 1) & (rows[:, 1] == 3))[0])
    change = {"states": {"v": states}, "spikes": {"cells": np.delete(rows, gone, axis=0)}}
    save_recording(recording.model_copy(update=change), "two.ndr")
    status, _, err = call("compare", "one.ndr", "two.ndr")
    assert status == 1
    assert "error[ND550]" in err
    assert "step 3, sample 1, population 'cells', neuron 1: spike is 1 and 0" in err
    save_recording(recording.model_copy(update={"states": {"v": states}}), "two.ndr")
    assert call("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp")[0] == 0
    _, out, _ = call("compare", "one.ndr", "two.ndr", "--program", "pair.ndp", "--json")
    (found,) = json.loads(out)["findings"]
    value = int(states[0, 3, 1])
    assert f"step 4, sample 0, population 'cells', neuron 1: v is {value - 7:,} and {value:,}" in found["message"]
    assert "their dialects do not differ there" in found["message"]


def test_a_divergence_is_explained_by_the_rule_in_which_two_dialects_differ(folder, call):
    """The emulator in Brian2Loihi's dialect stands for Brian2Loihi: it has no lower limit of v, and v goes below it."""
    case = next(item for item in corpus() if item.name == "limits_of_two_populations")
    programs = [program_of(case, dialect) for dialect in ("loihi1", "brian2loihi")]
    one, other = (nd.run(item, case.stimulus, until=case.steps) for item in programs)
    named = {"backend": "brian2loihi", "program_digest": one.program_digest}
    save_program(programs[0], "limits.ndp")
    save_recording(one, "one.ndr")
    save_recording(other.model_copy(update=named), "other.ndr")
    status, _, err = call("compare", "one.ndr", "other.ndr", "--program", "limits.ndp")
    told = " ".join(err.split())
    assert status == 1
    assert "error[ND550] backends 'emulator' and 'brian2loihi': differ first in step" in told
    rule = "population 'cells': v can reach a limit that only one of them has"
    assert f"dialects 'loihi1' and 'brian2loihi' differ there: {rule}" in told


def test_recordings_of_different_runs_are_not_compared(folder, call):
    two_recordings(call)
    longer = {"n_steps": 9, "states": {}, "active_updates": None}
    save_recording(load_recording("two.ndr").model_copy(update=longer), "two.ndr")
    status, _, err = call("compare", "one.ndr", "two.ndr")
    assert status == 1
    assert "error[ND551]" in err


def test_a_program_is_compared_on_two_backends(folder, call):
    status, out, _ = call("compare", "pair.nd.json", "-t", "loihi1", "-b", "emulator", "-b", "emulator", "--json")
    assert (status, json.loads(out)["identical"]) == (0, True)
    status, _, err = call("compare", "pair.nd.json", "-t", "loihi1")
    assert status == 2
    assert "error[ND701]" in err


def test_what_is_sealed_is_verified_and_a_program_without_it_is_refused(folder, call):
    assert call("compile", "pair.nd.json", "-t", "loihi1", "-o", "plain.ndp")[0] == 0
    status, _, _ = call("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp", "--golden", "pair.stimulus.npz")
    assert status == 0
    status, out, _ = call("verify", "pair.ndp")
    assert (status, out) == (0, "emulator: as sealed, 8 spikes of 2 samples\n")
    status, out, err = call("verify", "pair.ndp", "-b", "lava", "-b", "emulator")
    assert (status, out) == (3, "emulator: as sealed, 8 spikes of 2 samples\n"), (
        "one that cannot run keeps no other from it"
    )
    assert "error[ND501] backend 'lava'" in err
    status, _, err = call("verify", "plain.ndp")
    assert status == 1
    assert "error[ND553]" in err
    programs = [load_program(name) for name in ("plain.ndp", "pair.ndp")]
    assert programs[0].digest() == programs[1].digest(), "what is sealed beside a program does not change it"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"spikes": {"cell": np.zeros((0, 3), dtype=np.int32)}}, "golden output is of other populations"),
        ({"inputs": {"wires": np.zeros((0, 3), dtype=np.int32)}}, "golden input 'wires' does not exist"),
        ({"spikes": {"cells": np.zeros((4, 2), dtype=np.int32)}}, "golden rows of 'cells' do not have three columns"),
        (
            {"payloads": {"cells": np.zeros(3, dtype=np.int64)}},
            "golden payloads of 'cells' differ in number from its rows",
        ),
    ],
)
def test_a_program_whose_sealed_output_is_not_its_own_is_refused(folder, call, change, told):
    golden = ("--golden", "pair.stimulus.npz")
    assert call("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp", *golden)[0] == 0
    program = load_program("pair.ndp")
    save_program(program.model_copy(update={"golden": program.golden.model_copy(update=change)}), "pair.ndp")
    status, _, err = call("verify", "pair.ndp")
    assert status == 1
    assert "error[ND011]" in err
    assert told in " ".join(err.split())


def test_a_new_project_imports_what_there_is(folder, call):
    """Its own test suite runs in the slow run, below."""
    assert call("backends", "new", "mychip")[0] == 0
    modules = list((folder / "neurodeploy-mychip").rglob("*.py"))
    assert modules
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("neurodeploy."):
                module = importlib.import_module(node.module)
                assert [item.name for item in node.names if not hasattr(module, item.name)] == [], path.name


@pytest.mark.slow
def test_the_template_is_a_project_whose_tests_pass(folder, call):
    """Installed into an environment of its own it would be found by its entry point; here its folder is put on the path."""
    status, out, _ = call("backends", "new", "mychip")
    assert status == 0
    project = folder / "neurodeploy-mychip"
    assert f"written: {project.name}/pyproject.toml" in out
    assert call("backends", "new", "mychip")[0] == 2, "nothing is overwritten"
    entry = project / "neurodeploy_mychip-0.1.0.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: neurodeploy-mychip\nVersion: 0.1.0\n")
    (entry / "entry_points.txt").write_text("[neurodeploy.backends]\nmychip = neurodeploy_mychip:MychipBackend\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
