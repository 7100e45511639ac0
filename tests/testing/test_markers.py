"""Markers, cached programs, baselines and reports of the pytest plugin, in sessions of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from factories import pair_network

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions
from neurodeploy.hardware import load_target
from neurodeploy.testing.cache import compilation_key, keep, kept
from neurodeploy.testing.marks import marked

OWN_TESTS = """
import numpy as np
import neurodeploy as nd
import pytest

SPIKES = np.zeros((2, 3, 2), dtype=np.uint8)
SPIKES[0, :, 0] = SPIKES[1, :, 1] = 1

def net(scale=2.0):
    return nd.Network(
        name="pair", time=nd.Time(dt_s=1e-3), inputs=(nd.Input(name="lines", shape=2, encoder="spikes"),),
        populations=(nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
        projections=(nd.dense("lines", "cells", scale * np.eye(2)),), outputs=(nd.Output(name="answer", source="cells"),),
    )

@pytest.mark.neurodeploy(cores=1, spikes=3, utilisation=0.1, synops=6, energy_high_j=1e-6, accuracy=1, accuracy_drop=0)
def test_meets(neurodeploy_run):
    neurodeploy_run(net(), SPIKES, labels=[0, 1])

@pytest.mark.neurodeploy(spikes=2)
def test_spikes(neurodeploy_run):
    neurodeploy_run(net(), SPIKES)

@pytest.mark.neurodeploy(utilisation=1e-4, cores=0)
def test_use(neurodeploy_run):
    neurodeploy_run(net(), SPIKES)

@pytest.mark.neurodeploy(core=1)
def test_word(neurodeploy_run):
    neurodeploy_run(net(), SPIKES)

@pytest.mark.neurodeploy(baseline=True)
@pytest.mark.parametrize("scale", [2.0, 3.0])
def test_baseline(neurodeploy_run, scale):
    neurodeploy_run(net(scale), SPIKES, labels=[0, 1])
    neurodeploy_run(net(scale), SPIKES[:1], labels=[0])
"""


def session(folder, *words):
    (folder / "test_own.py").write_text(OWN_TESTS)
    command = (sys.executable, "-m", "pytest", "--strict-markers", "--tb=short", "--junitxml=report.xml", *words)
    plain = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"} | {"COLUMNS": "120"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=plain).stdout


def failures(out):
    found = [line.removeprefix("FAILED test_own.py::") for line in out.splitlines() if line.startswith("FAILED")]
    return dict(sorted(line.split(" - ", 1) for line in found))


@pytest.mark.parametrize("more", [("-p", "no:xdist"), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_budgets_of_markers_and_the_baseline(tmp_path, more):
    out = session(tmp_path, *more, "--neurodeploy-update-baseline")
    found = failures(out)
    assert list(found) == ["test_spikes", "test_use", "test_word"], out
    assert found["test_spikes"].startswith("error[ND604] budget 'spikes_per_inference<=2'")
    assert "error[ND604] budget 'cores<=0'" in out
    assert "'threshold_sets' is not <= 0.01%" in out
    assert found["test_word"].startswith("error[ND786] marker 'neurodeploy': has no budget 'core'")
    assert "test_own.py::test_meets: loihi1: 1 core, accuracy 100.00%, 3 spikes, 895 pJ" in out
    names = ["test_baseline-2.0", "test_baseline-2.0-.2", "test_baseline-3.0", "test_baseline-3.0-.2"]
    assert len(nd.load_baseline(tmp_path / "neurodeploy-baseline.json").entries) == len(names)
    cached = list((tmp_path / ".pytest_cache/d/neurodeploy").glob("*.ndp"))
    assert len(cached) == 2, "one program for each network"
    cases = {case.get("name"): case for case in ElementTree.parse(tmp_path / "report.xml").iter("testcase")}
    properties = {item.get("name"): item.get("value") for item in cases["test_meets"].iter("property")}
    assert properties["neurodeploy.cores"] == "1"
    assert properties["neurodeploy.spikes_per_inference"] == "3.0"

    text = (tmp_path / "test_own.py").read_text()
    before = (tmp_path / "neurodeploy-baseline.json").read_bytes()
    assert "test_baseline" not in "".join(failures(session(tmp_path, *more, "-k", "baseline")))
    changed = tmp_path / "neurodeploy-baseline.json"
    plain = json.loads(changed.read_text())
    next(iter(plain["entries"].values()))["figures"]["spikes"] += 1
    changed.write_text(json.dumps(plain))
    moved = failures(session(tmp_path, *more, "-k", "baseline"))
    assert len(moved) == 1
    assert "error[ND620]" in next(iter(moved.values()))
    assert text == (tmp_path / "test_own.py").read_text()
    assert before != changed.read_bytes()


def test_the_nearest_marker_counts():
    both = marked([((), {"cores": 2}), ((), {"cores": 9, "spikes": 5.5, "budgets": "chips<=1"})])
    profile = nd.profile(
        program := nd.compile(pair_network(), "loihi1"), nd.run(program, steps=3, samples={"lines": [[[0, 0]] * 3]})
    )
    assert both.budgets(profile) == ["cores<=2", "spikes_per_inference<=5.5", "chips<=1"]


@pytest.mark.parametrize(
    "words", [{"cores": "4"}, {"cores": True}, {"spikes": float("nan")}, {"budgets": 3}, {"baseline": 0.5}, {"x": 1}]
)
def test_wrong_words_are_findings(words):
    with pytest.raises(nd.DiagnosticError, match="ND786"):
        marked([((), words)])


def test_a_kept_compilation_is_the_same_and_a_damaged_one_is_made_again(tmp_path):
    network, target, options = pair_network(), load_target("loihi1"), CompileOptions()
    result = nd.check(network, "loihi1")
    key = compilation_key(network, target, options)
    assert kept(tmp_path, key) is None
    keep(tmp_path, key, result)
    again = kept(tmp_path, key)
    assert again.program == result.program
    assert (again.findings, again.ledger, again.lower_bounds) == (result.findings, result.ledger, result.lower_bounds)
    keys = {
        key,
        compilation_key(pair_network(scale=3.0), target, options),
        compilation_key(network, load_target("loihi2"), options),
        compilation_key(network, target, CompileOptions(level=2)),
    }
    assert len(keys) == 4
    file = Path(tmp_path, f"{key}.ndp")
    file.write_bytes(file.read_bytes()[:100])
    assert kept(tmp_path, key) is None
