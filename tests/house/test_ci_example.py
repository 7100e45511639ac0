"""The repository in `examples/ci`: passes as it is, and fails readably when weights, spikes or cores change."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.diagnostics import render

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The repository, as a user would copy it."""
    shutil.copytree(ROOT / "examples" / "ci", tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def current(copy):
    """The repository with a baseline of today, so that only what a test changes is a reason."""
    assert nd.run_project(baseline="update").updated
    return copy


def edited(change):
    """Save the network with its list of projections and populations changed."""
    network = nd.load("flowers.nd.json")
    nd.save(network.model_copy(update=change(network)), "flowers.nd.json")


def failures(result):
    """What fails, as printed."""
    return [render(item) for item in result.every_finding() if item.severity == "error"]


def test_it_passes_with_and_without_the_baseline(copy):
    with_baseline = nd.run_project()
    assert [row.baseline for row in with_baseline.targets] == ["same", "same"]
    assert all(len(row.met) == 5 for row in with_baseline.targets)
    assert with_baseline.passed
    Path("neurodeploy-baseline.json").unlink()
    text = Path("neurodeploy.toml").read_text()
    Path("neurodeploy.toml").write_text(re.sub(r"^baseline.*\n", "", text, flags=re.MULTILINE))
    without = nd.run_project()
    assert [row.baseline for row in without.targets] == [None, None]
    assert without.passed


def test_the_figures_of_the_baseline_are_what_an_update_writes(copy):
    """Digests are left out: they follow every edit of a target file."""
    before = nd.load_baseline()
    assert nd.run_project(baseline="update").updated
    after = nd.load_baseline()
    assert {name: entry.figures for name, entry in after.entries.items()} == {
        name: entry.figures for name, entry in before.entries.items()
    }


def test_a_changed_weight_is_named(current):
    def change(network):
        first = next(item for item in network.projections if item.name == "x_to_dense_1")
        weights = first.operation.weights.copy()
        weights.flat[np.abs(weights).argmax()] *= 0.7
        new = first.model_copy(update={"operation": first.operation.model_copy(update={"weights": weights})})
        return {"projections": tuple(new if item is first else item for item in network.projections)}

    edited(change)
    found = failures(nd.run_project())
    assert [text.partition(":")[0] for text in found] == [
        "error[ND620] model 'flowers.loihi1'",
        "error[ND620] model 'flowers.loihi2'",
    ]
    assert found[0] == WEIGHT


def test_more_spikes_are_counted(current):
    def change(network):
        cells = next(item for item in network.populations if item.name == "dense_1")
        lower = np.asarray(cells.neuron.v_threshold) * 0.8
        neuron = cells.neuron.model_copy(update={"v_threshold": lower if lower.ndim else float(lower)})
        new = cells.model_copy(update={"neuron": neuron})
        return {"populations": tuple(new if item is cells else item for item in network.populations)}

    edited(change)
    assert failures(nd.run_project())[0] == SPIKES


def test_a_core_more_is_over_the_budget(current):
    with open("neurodeploy.toml", "a", encoding="utf-8") as file:
        file.write("\n[compile.pins]\nclock = [0]\ndense_1 = [0]\ndense_2 = [1]\n")
    found = failures(nd.run_project())
    assert (
        found[0]
        == "error[ND604] budget 'cores<=1': on loihi1: 'cores' is not <= 1 core\n   found 2 core; budget 1 core"
    )
    assert found[1] == CORE


def test_it_holds_no_path_of_this_machine():
    for path in (ROOT / "examples" / "ci").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert not re.search(rb"/(home|root|tmp|work|Users)/", path.read_bytes()), path


@pytest.mark.slow
def test_its_own_test_passes_and_its_script_makes_the_network(copy):
    for words in (("-m", "pytest", "-p", "no:xdist", "-q"), ("-W", "error", "train.py")):
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert nd.load("flowers.nd.json").populations
    assert nd.load("flowers.stimulus.npz") == nd.load(ROOT / "examples/ci/flowers.stimulus.npz")


WEIGHT = (
    "error[ND620] model 'flowers.loihi1': 20 figures moved: accuracy 0.98 -> 0.96 (-0.02, -2.04%), "
    "spikes 5,531 -> 5,611 (+80, +1.45%), synops 54,444 -> 54,736 (+292, +0.54%), "
    "messages 5,481 -> 5,561 (+80, +1.46%), auc 0.9718508616 -> 0.928039587 (-0.04381127451, -4.51%) and 15 more; "
    "weights changed: projection x_to_dense_1"
    "\n   fix: if this is intended: neurodeploy test --update-baseline"
)
SPIKES = (
    "error[ND620] model 'flowers.loihi1': 16 figures moved: accuracy 0.98 -> 1 (+0.02, +2.04%), "
    "spikes 5,531 -> 6,490 (+959, +17.34%), synops 54,444 -> 58,116 (+3,672, +6.74%), "
    "messages 5,481 -> 6,440 (+959, +17.50%), balanced_accuracy 0.9803921569 -> 1 (+0.01960784314, +2.00%) and 11 more; "
    "weights changed: projection dense_1_reset; network changed: population dense_1"
    "\n   fix: if this is intended: neurodeploy test --update-baseline"
)
CORE = (
    "error[ND620] model 'flowers.loihi1': 11 figures moved: cores 1 -> 2 (+1, +100.00%), "
    "messages 5,481 -> 10,012 (+4,531, +82.67%), accumulators 19 -> 16 (-3, -15.79%), "
    "compartments 19 -> 16 (-3, -15.79%), input_axons.total 19 -> 32 (+13, +68.42%) and 6 more; "
    "the same network was mapped to other cores"
    "\n   fix: if this is intended: neurodeploy test --update-baseline"
)
