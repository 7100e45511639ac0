"""The pytest fixture, used as in a user's own tests."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from factories import pair_network

import neurodeploy as nd


def pair(tau_m_s=None):
    return pair_network(nd.Lif(tau_m_s=tau_m_s, r=100.0, v_threshold=1.0) if tau_m_s else None)


SPIKES = np.zeros((2, 3, 2), dtype=np.uint8)
SPIKES[0, :, 0] = SPIKES[1, :, 1] = 1


def test_it_compiles_runs_and_profiles(neurodeploy_run):
    result = neurodeploy_run(pair(), target="loihi1", samples={"lines": SPIKES}, labels=[0, 1])
    assert result.profile.accuracy == 1.0
    assert result.profile.cores == result.program.tables.n_cores == 1
    # a spike in step t reaches its cell in step t + 1
    assert result.recording.spikes["cells"].tolist() == [
        [0, 2, 0],
        [0, 3, 0],
        [0, 4, 0],
        [1, 2, 1],
        [1, 3, 1],
        [1, 4, 1],
    ]
    assert result.recording.ran_on == "emulator"
    assert all(item.severity == "info" for item in result.findings)


def test_the_same_test_on_another_target_and_backend(neurodeploy_run):
    result = neurodeploy_run(pair(), target="tiny", samples={"lines": SPIKES}, backend="reference", steps=2)
    assert (result.profile.target, result.recording.ran_on) == ("tiny", "reference")
    assert result.recording.n_steps == 3
    assert result.profile.accuracy is None


def test_a_warning_fails_the_test_unless_told_otherwise(neurodeploy_run):
    slow = pair(tau_m_s=3.0)
    with pytest.raises(nd.DiagnosticError, match=r"warning\[ND205\] population 'cells'"):
        neurodeploy_run(slow, samples={"lines": SPIKES})
    assert "ND205" in {item.code for item in neurodeploy_run(slow, samples={"lines": SPIKES}, strict=False).findings}


def test_what_does_not_fit_fails_with_every_finding(neurodeploy_run):
    wide = pair().model_copy(
        update={
            "inputs": (nd.Input(name="lines", shape=20, encoder="spikes"),),
            "projections": (nd.dense("lines", "cells", np.ones((2, 20))),),
        }
    )
    with pytest.raises(nd.DiagnosticError) as refused:
        neurodeploy_run(wide, target="tiny")
    assert {"ND303", "ND305"} <= {item.code for item in refused.value.diagnostics}


def test_samples_under_a_wrong_name_are_told(neurodeploy_run):
    with pytest.raises(nd.DiagnosticError) as refused:
        neurodeploy_run(pair(), samples={"line": SPIKES})
    assert [(item.code, str(item.subject)) for item in refused.value.diagnostics] == [
        ("ND505", "input 'lines'"),
        ("ND505", "input 'line'"),
    ]
    assert refused.value.diagnostics[1].fixes[0].text == "did you mean 'lines'?"


def test_the_plugin_costs_a_session_no_heavy_import():
    code = "import neurodeploy.testing.plugin, sys; print([m for m in ('numpy', 'pydantic', 'h5py', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_options_of_the_compiler_and_of_the_run_by_name(neurodeploy_run):
    result = neurodeploy_run(
        pair(),
        SPIKES,
        labels=[0, 1],
        weight_bits={"*": 4},
        level=0,
        seed=3,
        probes="cells",
        dialect="loihi2",
        rules="nxtf",
    )
    assert result.program.quantize_options.weight_bits == {"*": 4}
    assert (result.program.target.dialect.name, result.program.target.rule_set) == ("loihi2", "nxtf")
    assert list(result.recording.states) == ["cells.v"]
    assert result.recording.seed == 3
    options = {"compile_options": nd.CompileOptions(weight_bits={"*": 4}), "run_options": nd.RunOptions(seed=3)}
    again = neurodeploy_run(pair(), SPIKES, **options)
    assert (again.program.quantize_options.weight_bits, again.recording.seed) == ({"*": 4}, 3)


def test_an_option_that_neither_has_is_told_with_the_nearest(neurodeploy_run):
    with pytest.raises(nd.DiagnosticError) as refused:
        neurodeploy_run(pair(), SPIKES, weigth_bits={"*": 4}, sed=3)
    assert [item.fixes[0].text for item in refused.value.diagnostics] == [
        "did you mean 'weight_bits'?",
        "did you mean 'seed'?",
    ]


def test_options_of_the_compiler_and_of_the_run_share_no_name():
    assert not nd.CompileOptions.model_fields.keys() & nd.RunOptions.model_fields.keys()


def test_a_budget_that_is_not_met_fails_the_test(neurodeploy_run):
    assert neurodeploy_run(pair(), SPIKES, budgets="cores<=1").profile.cores == 1
    with pytest.raises(nd.DiagnosticError) as refused:
        neurodeploy_run(pair(), SPIKES, labels=[0, 0], budgets=["cores<=1", "accuracy>=90%"])
    assert str(refused.value).startswith("error[ND604] budget 'accuracy>=90%'")
    with pytest.raises(nd.DiagnosticError, match="'energy_per_inference' \\(J\\)"):
        neurodeploy_run(pair(), SPIKES, budgets=["energy<=2uJ"])


OWN_TEST = """
import numpy as np
import neurodeploy as nd
import pytest

@pytest.mark.parametrize("number", range(2))
def test_it(neurodeploy_run, number):
    network = nd.Network(
        name="wide", time=nd.Time(dt_s=1e-3, steps_per_sample=3),
        inputs=(nd.Input(name="lines", shape=2),),
        populations=(nd.Population(name="cells", shape=40, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(nd.dense("lines", "cells", np.ones((40, 2))),),
    )
    neurodeploy_run(network, np.zeros((1, 3, 2), dtype=int), target="tiny", fixes=False)
"""


@pytest.mark.parametrize("more", [("-p", "no:xdist"), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_the_summary_begins_with_the_finding_that_failed_in_processes_of_their_own_too(tmp_path, more):
    (tmp_path / "test_own.py").write_text(OWN_TEST)
    words = (sys.executable, "-m", "pytest", *more, "-p", "no:cacheprovider", "--tb=short", "test_own.py")
    wide = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"} | {"COLUMNS": "100"}
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, env=wide)
    summary = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert len(summary) == 2, done.stdout
    assert all(" - error[ND401] network 'wide': needs more" in line for line in summary)
    assert "plugin.py" not in done.stdout, "the failure is the line of the test"
