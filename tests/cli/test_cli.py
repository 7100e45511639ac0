"""The command line: output, files and exit statuses of the main commands."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from factories import one_layer, pair_network, wide_network, write_nir_neuron

import neurodeploy as nd
from neurodeploy.cli import run_commands, running
from neurodeploy.cli.inputs import _complete_target
from neurodeploy.diagnostics import rules

STEPS = 5
"""Every step one of two lines spikes; a weight of 2 against a threshold of 1 makes one spike out of each spike in."""


def network(tau_m_s=None):
    neuron = nd.Lif(tau_m_s=tau_m_s, r=100.0, v_threshold=1.0) if tau_m_s else None
    return pair_network(neuron, projection="wires")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder with pair.nd.json and its stimulus: four samples, line 0 and line 1 in turns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    nd.save(network(), "pair.nd.json")
    spikes = np.zeros((4, STEPS, 2), dtype=np.uint8)
    for sample in range(4):
        spikes[sample, :, sample % 2] = 1
    np.savez("pair.stimulus.npz", lines=spikes, labels=[0, 1, 0, 1])
    return tmp_path


RUN = ("run", "pair.nd.json", "--target", "loihi1")


def test_a_run_is_kept_and_goes_on(folder, call):
    whole = json.loads(call(*RUN, "--json", "--no-reference")[1])["profile"]
    status, _, err = call(*RUN, "--steps", "3", "--no-reference", "--save-state", "half.nds")
    assert (status, err.count("error")) == (0, 0)
    status, out, _ = call(*RUN, "--resume", "half.nds", "--json")
    rest = json.loads(out)["profile"]
    assert status == 0
    assert 0 < rest["populations"][0]["spikes"] < whole["populations"][0]["spikes"]
    status, out, err = call(*RUN, "--samples", "2", "--resume", "half.nds")
    assert status == 1
    assert "ND509" in out + err


def test_run_prints_what_it_did_and_what_it_costs(folder, call):
    status, out, err = call(*RUN)
    assert status == 0
    assert out.splitlines()[0] == "pair for loihi1, ran on: emulator"
    assert "4 samples of 6 steps" in out  # 5 shown, 1 drained
    assert "accuracy 100.00%; float reference 100.00% (+0.00 points)" in out
    assert "cores 1; lower bound 1 (by" in out
    # 5 spikes of 2 neurons in 6 steps: 5 / 12
    assert "cells             2                   5                  0.4167" in out
    for resource in ("compartments", "synapse memory", "input axons", "output axons", "parameter sets"):
        assert f"\n{resource} " in out
    assert "energy, cores and mesh" in out
    assert "(low - high)" in out
    assert "info[ND602]" in err
    assert "ND" not in out, "findings go to standard error"
    assert "\x1b" not in out + err, "no colours and no progress bar where nobody watches"
    assert max(map(len, out.splitlines())) <= 80


def test_the_other_lines_of_a_stimulus_are_left_out_by_samples_and_steps(folder, call):
    _, out, _ = call(*RUN, "--samples", 1, "--steps", 3, "--json", "--no-reference")
    shown = json.loads(out)["profile"]
    assert (shown["n_samples"], shown["steps_per_inference"]) == (1, 4)
    assert shown["populations"][0]["spikes"] == 3
    assert shown["reference_accuracy"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        RUN,
        ("check", "pair.nd.json", "-t", "loihi1"),
        ("compile", "pair.nd.json", "-t", "loihi1"),
        ("profile", "pair.nd.json", "-t", "loihi1"),
        ("check", "pair.nd.json"),
        ("check", "missing.nd.json", "-t", "loihi1"),
        ("explain",),
        ("explain", "nd302"),
        ("targets",),
        ("targets", "show", "tiny"),
        ("backends",),
        ("schema",),
    ],
    ids=" ".join,
)
def test_json_is_one_document_and_nothing_else(folder, call, arguments):
    _, out, err = call(*arguments, "--json")
    json.loads(out)
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("check", "pair.nd.json", "-t", "loihi1"), 0, None),
        (("check", "missing.nd.json", "-t", "loihi1"), 1, "ND001"),
        (("check", "pair.nd.json", "-t", "loihi9"), 1, "ND020"),
        (("check", "pair.nd.json", "-t", "loihi1", "--weight-bits", "wire=6"), 1, "ND207"),
        (("check", "pair.nd.json"), 2, "ND705"),
        (("check", "pair.nd.json", "-t", "loihi1", "--weight-bits", "six"), 2, "ND701"),
        (("check", "pair.nd.json", "-t", "loihi1", "--prune", "1.5"), 2, "ND701"),
        (("check", "pair.nd.json", "-t", "loihi1", "--reset", "zer0"), 2, "ND701"),
        (("check", "pair.nd.json", "-t", "loihi1", "--dt", "-1"), 2, "ND701"),
        ((*RUN, "--stimulus", "missing.npz"), 1, "ND001"),
        ((*RUN, "--backend", "emulater"), 3, "ND504"),
        (("explain", "ND999"), 2, "ND704"),
        (("targets", "print"), 2, "ND701"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_exit_status(folder, call, arguments, status, code):
    met, out, err = call(*arguments)
    assert met == status
    assert (f"error[{code}]" in err) == (code is not None)
    assert "Traceback" not in out + err


def test_a_missing_stimulus_is_a_fault_of_use(folder, call):
    (folder / "pair.stimulus.npz").unlink()
    status, _, err = call(*RUN)
    assert status == 2
    assert "'pair.stimulus.npz' does not exist" in err


def test_typer_faults_leave_with_2(folder, call):
    assert call("check")[0] == 2
    assert call("check", "pair.nd.json", "--bogus")[0] == 2


def test_strict_turns_a_warning_into_an_error_and_writes_nothing(folder, call):
    nd.save(network(tau_m_s=3.0), "slow.nd.json")  # 3 s at 1 ms decays by 1.365 of 4096 parts: rounded to 1
    compile_slow = ("compile", "slow.nd.json", "-t", "loihi1", "-o", "slow.ndp")
    status, out, err = call(*compile_slow, "--strict")
    assert status == 1
    assert "warning[ND205]" in err
    assert "written" not in out
    assert not (folder / "slow.ndp").exists()
    status, out, err = call(*compile_slow)
    assert status == 0
    assert "warning[ND205]" in err
    assert "written: slow.ndp" in out
    assert (folder / "slow.ndp").exists()


def test_what_does_not_fit_is_refused_with_every_finding_and_writes_nothing(folder, call):
    nd.save(one_layer(nd.If(v_threshold=1.0), np.ones((1, 20)), name="wide"), "wide.nd.json")
    status, out, err = call("compile", "wide.nd.json", "-t", "tiny", "-o", "wide.ndp")
    assert status == 1
    assert "verdict: proven not to fit" in out
    assert "ND303" in err
    assert "ND305" in err, "every violation at once"
    assert not (folder / "wide.ndp").exists()


def test_a_program_runs_as_its_network_does_and_compiles_to_the_same_bytes(folder, call):
    for name in ("a.ndp", "b.ndp"):
        assert call("compile", "pair.nd.json", "-t", "loihi1", "-o", name)[0] == 0
    assert (folder / "a.ndp").read_bytes() == (folder / "b.ndp").read_bytes()
    _, network_out, _ = call(*RUN, "--json")
    _, program_out, _ = call("run", "a.ndp", "--stimulus", "pair.stimulus.npz", "--json")
    from_network, from_program = json.loads(network_out)["profile"], json.loads(program_out)["profile"]
    assert from_program == from_network


def test_profile_of_a_recording_is_that_of_the_run(folder, call):
    call("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp")
    _, out, _ = call("run", "pair.ndp", "--out", "run.ndr", "--no-reference", "--json")
    _, again, _ = call("profile", "pair.ndp", "run.ndr", "--json")
    ran, profiled = json.loads(out)["profile"], json.loads(again)["profile"]
    assert (ran.pop("accuracy"), profiled.pop("accuracy")) == (1.0, None)  # a recording holds no labels
    assert profiled == ran


def test_a_recording_of_another_program_is_refused(folder, call):
    nd.save(network(tau_m_s=0.02), "other.nd.json")
    call(*RUN, "--out", "run.ndr")
    status, _, err = call("profile", "other.nd.json", "run.ndr", "-t", "loihi1")
    assert status == 2
    assert "ND703" in err


def test_options_must_not_contradict_a_program(folder, call):
    call("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp")
    assert call("check", "pair.ndp", "-t", "loihi1")[0] == 0
    status, _, err = call("check", "pair.ndp", "-t", "loihi2", "--weight-bits", "4")
    assert status == 2
    assert "--target loihi2 (the program has loihi1); --weight-bits" in err


def memory(out):
    return next(row["per_core"] for row in json.loads(out)["resources"] if row["name"] == "synapse_memory")


@pytest.mark.parametrize("option", ["2", "wires=2"])
def test_weight_bits_are_for_all_projections_or_for_one(folder, call, option):
    rng = np.random.default_rng(0)
    dense = network().model_copy(
        update={
            "inputs": (nd.Input(name="lines", shape=64, encoder="spikes"),),
            "projections": (nd.dense("lines", "cells", rng.choice([-1.0, 1.0], (2, 64)), name="wires"),),
            "populations": (nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
        }
    )
    nd.save(dense, "dense.nd.json")
    check = ("check", "dense.nd.json", "-t", "tiny", "--json")
    few = json.loads(call(*check, "--weight-bits", option)[1])["lower_bounds"]["synapse_memory"]
    many = json.loads(call(*check)[1])["lower_bounds"]["synapse_memory"]
    assert few < many


def test_nir_asks_for_step_and_reset_and_writes_assumptions_to_the_ledger(folder, call):
    write_nir_neuron("one.nir")
    status, _, err = call("check", "one.nir", "-t", "loihi1")
    assert status == 1
    assert "error[ND047]" in err
    assert "error[ND048]" in err, "both questions at once"
    answered = ("check", "one.nir", "-t", "loihi1", "--dt", "1e-4", "--reset", "zero")
    status, out, _ = call(*answered, "--json")
    assert status == 0
    assert "assumed" in {line["level"] for line in json.loads(out)["ledger"]}
    assert call(*answered, "--strict")[0] == 1, "an assumption is an error under --strict"


def test_an_internal_fault_is_told_as_such(folder, call, monkeypatch):
    def broken(*_):
        raise RuntimeError("the cat is on the table")

    monkeypatch.setattr(run_commands, "compile_model", broken)
    status, out, err = call(*RUN)
    assert status == 70
    assert "error[ND901]" in err
    assert "the cat is on the table" in err
    assert "Traceback" not in out + err
    monkeypatch.setenv("NEURODEPLOY_TRACEBACK", "1")
    assert "Traceback" in call(*RUN)[2]


def test_a_run_names_its_engine(folder, call):
    assert call("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp")[0] == 0
    plain, native, spec = (call("run", "pair.ndp", "--engine", name) for name in ("auto", "native", "spec"))
    assert [status for status, _, _ in (plain, native, spec)] == [0, 0, 0]
    assert plain[1] == native[1] == spec[1].replace(" (engine spec)", "")
    assert "ran on: emulator (engine spec)" in spec[1]
    shown = json.loads(call("run", "pair.ndp", "--engine", "spec", "--json")[1])["profile"]
    assert (shown["engine"], shown["engine_note"]) == ("spec", "")
    status, _, err = call("run", "pair.ndp", "--engine", "spek")
    assert status == 2
    assert "did you mean 'spec'" in err
    assert "ND516" in call("run", "pair.ndp", "--engine", "spec", "--backend", "reference")[2]


def test_an_engine_that_cannot_run_here_leaves_with_3(folder, call, monkeypatch):
    assert call("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp")[0] == 0
    monkeypatch.setenv("NEURODEPLOY_NATIVE", "v0")
    status, _, err = call("run", "pair.ndp", "--engine", "native")
    assert status == 3
    assert "error[ND501]" in err
    status, out, err = call("run", "pair.ndp")
    assert (status, err.count("warning[ND902]")) == (0, 1)
    assert "ran on: emulator (engine spec: NEURODEPLOY_NATIVE is 'v0', not one of" in " ".join(out.split())
    status, out, err = call("backends", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert (status, err.count("warning[ND902]")) == (0, 1)
    assert rows["emulator"]["available"], "on the definition"
    assert rows["reference"]["available"]


def test_slow_kernels_are_told_once(folder, call, monkeypatch):
    """The mapper and the engine both run without their kernels, for one reason."""
    assert "ND902" not in call(*RUN)[2]
    monkeypatch.setenv("NEURODEPLOY_NATIVE", "v0")
    lines = (RUN, ("compile", "pair.nd.json", "-t", "loihi1"), ("backends",), ("backends", "doctor", "emulator"))
    for line in lines:
        status, _, err = call(*line)
        assert (status, err.count("warning[ND902]")) == (0, 1), line
    monkeypatch.setenv("NEURODEPLOY_NATIVE", "off")
    for line in lines:
        status, _, err = call(*line)
        assert (status, err.count("ND902")) == (0, 0), line


def stopping(monkeypatch, backend, **change):
    """Make one backend stop: with what `change` leaves of its recording, or at once."""
    whole = running.run

    def stopped(program, stimulus, **options):
        if options["backend"] != backend:
            return whole(program, stimulus, **options)
        if not change:
            raise KeyboardInterrupt
        return whole(program, stimulus, **options).model_copy(update={"complete": False, **change})

    monkeypatch.setattr(running, "run", stopped)


def test_a_run_that_is_stopped_says_what_was_done(folder, call, monkeypatch):
    stopping(monkeypatch, "emulator", n_steps=6)
    status, out, err = call(*RUN)
    assert status == 130
    assert "4 samples are complete" in err
    assert "spikes / inference" in out


def test_a_run_that_is_stopped_before_its_first_sample_prints_no_figures(folder, call, monkeypatch):
    stopping(monkeypatch, "emulator", n_samples=0)
    status, out, err = call(*RUN)
    assert status == 130
    assert out == ""
    assert "0 samples are complete" in err


def test_stopping_the_reference_keeps_the_run(folder, call, monkeypatch):
    stopping(monkeypatch, "reference")
    status, out, err = call(*RUN)
    assert status == 130
    assert "accuracy 100.00%\n" in out
    assert "warning[ND507] backend 'reference'" in err


def test_targets_are_listed_and_shown_with_every_source(folder, call):
    _, out, _ = call("targets")
    assert {"loihi1", "loihi2", "tiny"} <= {line.split()[0] for line in out.splitlines() if line.strip()}
    _, out, _ = call("targets", "show", "tiny")
    assert "limits.synapse_memory" in out
    assert "16 word" in out
    assert "[1] a small chip made for tests" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("code", sorted(rules()))
def test_explain_tells_what_the_catalogue_says(call, monkeypatch, code):
    monkeypatch.setenv("COLUMNS", "100000")
    status, out, _ = call("explain", code.lower())
    item = rules()[code]
    assert status == 0
    for text in (item.name, item.what, item.why, item.example, item.fix):
        assert text in out


def test_explain_alone_lists_every_code(call):
    _, out, _ = call("explain")
    assert [line[:5] for line in out.splitlines()] == sorted(rules())


def test_the_schema_describes_what_save_writes(folder, call):
    document, schema = json.loads((folder / "pair.nd.json").read_text()), json.loads(call("schema")[1])
    assert set(document) - {"tensors"} <= set(schema["properties"])
    assert set(schema["required"]) <= set(document)


@pytest.mark.parametrize(
    "command", ["check", "compile", "convert", "run", "profile", "explain", "targets", "backends", "schema"]
)
def test_help_holds_an_example(call, command):
    status, out, _ = call(command, "--help")
    assert status == 0
    assert f"neurodeploy {command}" in " ".join(out.split())


def test_target_names_complete():
    assert _complete_target("loi") == ["loihi1", "loihi2"]
    assert _complete_target("xylo_a") == ["xylo_audio2", "xylo_audio3"]
    assert _complete_target("zz") == []


def test_python_dash_m():
    done = subprocess.run(
        [sys.executable, "-m", "neurodeploy", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == nd.__version__


def test_a_fix_that_is_offered_fits_when_it_is_typed(folder, call):
    """30 neurons of 10 sources: a core of 16 words holds 7 of them at 8 bits, and the test chip has 4 cores."""
    nd.save(wide_network(), "wide.nd.json")
    check = ("check", "wide.nd.json", "-t", "tiny")
    status, out, _ = call(*check, "--json")
    flags = [fix["flag"] for item in json.loads(out)["findings"] for fix in item["fixes"]]
    assert status == 1
    assert {"--weight-bits 4", "--board pair"} <= set(flags)
    for flag in flags:
        assert call(*check, *flag.split())[0] == 0, flag
