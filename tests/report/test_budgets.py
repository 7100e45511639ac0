"""Budgets as gates of a CI job: met, not met, unknown, and malformed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import pair_network

import neurodeploy as nd

WIDE = ("check", "wide.nd.json", "--target", "tiny")
FITS = (*WIDE, "--board", "pair")


def test_a_met_budget_changes_nothing(wide, call):
    status, out, err = call(*FITS, "--budget", "cores<=8", "--budget", "cores>=1", "--budget", "synapse_memory<=100%")
    assert status == 0
    assert "ND604" not in out + err


# 5 cores hold 30 neurons in rows of 7, 7, 7, 7, 2: the fullest has 7 of 8 compartments, 87.5 %, the mean is 6
@pytest.mark.parametrize(
    ("budget", "found", "limit", "unit"),
    [
        ("cores<=4", 5, 4, "core"),
        ("cores<5", 5, 5, "core"),
        ("cores>5", 5, 5, "core"),
        ("cores==4", 5, 4, "core"),
        ("cores <= 4 cores", 5, 4, "core"),
        ("cores<=50%", 62.5, 50, "%"),
        ("chips<=1", 2, 1, "chip"),
        ("lower_bound<=3", 4, 3, "core"),
        ("compartments<=80%", 87.5, 80, "%"),
        ("compartments<=6", 7, 6, "compartment"),
        ("compartments.mean<=5", 6, 5, "compartment"),
        ("compartments.total<=29", 30, 29, "compartment"),
        ("compartments.total<=70%", 75, 70, "%"),
    ],
)
def test_a_budget_that_is_not_met_is_a_finding_with_both_numbers(wide, call, budget, found, limit, unit):
    status, out, _ = call(*FITS, "--json", "--budget", budget)
    (item,) = [item for item in json.loads(out)["findings"] if item["code"] == "ND604"]
    assert status == 1
    assert (item["found"], item["limit"], item["unit"]) == (found, limit, unit)
    assert item["subject"]["text"] == f"budget '{budget}'"


def test_all_budgets_are_judged(wide, call):
    _, out, _ = call(*FITS, "--json", "--budget", "cores<=4", "--budget", "chips<=2", "--budget", "chips<=1")
    failed = [item["subject"]["text"] for item in json.loads(out)["findings"] if item["code"] == "ND604"]
    assert failed == ["budget 'chips<=1'", "budget 'cores<=4'"]


def test_a_budget_refuses_the_program(wide, call, tmp_path):
    words = ("compile", "wide.nd.json", "--target", "tiny", "--board", "pair")
    assert call(*words, "--budget", "cores<=4")[0] == 1
    assert not (tmp_path / "wide.ndp").exists()
    assert call(*words, "--budget", "cores<=5")[0] == 0
    assert (tmp_path / "wide.ndp").exists()
    assert call("check", "wide.ndp", "--budget", "cores<=4")[0] == 1


def test_a_budget_on_what_is_unknown_is_not_met(wide, call):
    status, _, err = call(*WIDE, "--budget", "cores<=8")
    assert status == 1
    assert "error[ND605] budget 'cores<=8'" in err
    assert "was not placed" in err
    status, _, err = call("check", "wide.nd.json", "-t", "loihi1", "--budget", "fan_in<=80%")
    assert status == 1
    assert "error[ND605]" in err


@pytest.mark.parametrize(
    ("budget", "code", "hint"),
    [
        ("cores=4", "ND706", "--budget 'cores<=4'"),
        ("corse<=4", "ND707", "'cores' (core)"),
        ("synapse_memry<=80%", "ND707", "did you mean 'synapse_memory' (word)?"),
        ("cores<=-4", "ND706", "--budget 'cores<=4'"),
        ("cores<=4J", "ND706", "has the unit 'core', not 'J'"),
        ("warnings<=5%", "ND706", "has no limit, so a percentage has no meaning"),
        ("", "ND706", "FIGURE<=NUMBER"),
        ("zzz<=1", "ND707", "figures are cores, chips, lower_bound, compartments,"),
    ],
)
def test_a_budget_that_means_nothing_is_a_fault_of_use(wide, call, budget, code, hint):
    status, out, err = call(*FITS, "--budget", budget)
    assert status == 2
    assert f"error[{code}]" in out + err
    assert hint in " ".join(err.split())


def test_every_fault_of_budgets_is_told_at_once(wide, call):
    _, _, err = call(*WIDE, "--budget", "corse<=4", "--budget", "cores=4")
    assert err.count("error[ND70") == 2


def test_times_take_prefixes(wide, call):
    assert call(*FITS, "--budget", "seconds<=600s", "--budget", "seconds.place<=600000ms")[0] == 0
    assert call(*FITS, "--budget", "seconds>600ks")[0] == 1


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """Two lines that each make their own neuron fire in every of 5 steps, of 6 that an inference has."""
    monkeypatch.chdir(tmp_path)
    nd.save(pair_network(), "pair.nd.json")
    spikes = np.zeros((2, 5, 2), dtype=np.uint8)
    spikes[0, :, 0] = spikes[1, :, 1] = 1
    np.savez("pair.stimulus.npz", lines=spikes, labels=[0, 1])


RUN = ("run", "pair.nd.json", "--target", "tiny", "--backend", "reference", "--json")


# 2 samples of 5 spikes: 5 an inference; 12 updates of 2 neurons in 6 steps; the tiny chip's access costs 1 pJ each
@pytest.mark.parametrize(
    ("budget", "met"),
    [
        ("spikes_per_inference<=5", True),
        ("spikes_per_inference<5", False),
        ("updates_per_inference==12", True),
        ("accuracy>=100%", True),
        ("accuracy<100%", False),
        ("silent_neurons<=0%", True),
        ("energy_per_inference<=1J", True),
        ("energy_per_inference.high<=1pJ", False),
        ("time_per_step<=1ns", False),
        ("compartments<=25%", True),
        ("compartments<=24%", False),
    ],
)
def test_figures_of_a_run_are_gates_too(pair, call, budget, met):
    status, out, _ = call(*RUN, "--budget", budget)
    assert ("ND604" in [item["code"] for item in json.loads(out)["findings"]]) == (not met)
    assert status == (0 if met else 1)


def test_a_run_without_a_figure_does_not_meet_its_budget(pair, call):
    words = ("profile", "pair.nd.json", "--target", "loihi2", "--json")
    status, out, _ = call("run", *words[1:], "--backend", "reference", "--budget", "energy_per_inference<=1J")
    assert status == 1
    (item,) = [item for item in json.loads(out)["findings"] if item["code"] == "ND605"]
    assert "no value" in item["message"]
    assert call(*RUN, "--budget", "accuracy_drop<=1%")[0] == 1, "the reference has no reference"
    assert call(*RUN, "--budget", "joules<=1")[0] == 2
