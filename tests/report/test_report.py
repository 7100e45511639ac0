"""Numbers for people, and tables that fit a terminal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from factories import network_of
from rich.console import Console

import neurodeploy as nd
from neurodeploy.hardware import load_target, read_target, target_names
from neurodeploy.profile import Estimate, Profile, ResourceUse
from neurodeploy.profile.profile import PopulationActivity
from neurodeploy.report import count, interval, profile_report, resource_table, si, target_report, target_rows


def printed(item, width=80):
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    console.print(item)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    return [line.rstrip() for line in lines]


def estimate(value, low, high, unit):
    return Estimate(value=value, low=low, high=high, unit=unit, kind="modelled", source="chip.toml energy.a, energy.b")


def profiled(cores=2, **change):
    use = tuple(range(1, cores + 1))
    fields = {
        "program_digest": "0123456789abcdef" * 4,
        "target": "chip",
        "board": "desk",
        "backend": "emulator",
        "ran_on": "emulator",
        "n_samples": 1234,
        "steps_per_inference": 34,
        "accuracy": 0.975,
        "reference_accuracy": 0.98,
        "populations": (
            PopulationActivity(
                name="hidden", size=1024, spikes=9, spikes_per_inference=8642.25, rate_per_step=0.25, silent_neurons=3
            ),
        ),
        "cores": cores,
        "cores_lower_bound": 1,
        "cores_bound_by": "synapse_memory",
        "resources": (
            ResourceUse(name="synapse_memory", unit="word", limit=16384.0, per_core=use, source="s"),
            ResourceUse(name="fan_in", unit="synapse", limit=None, per_core=use, source="s"),
        ),
        "synops_per_inference": 86754.4,
        "updates_per_inference": 4692.0,
        "active_updates_per_inference": 4534.5,
        "messages_per_inference": 686.14,
        "hops_per_inference": 0.0,
        "chip_messages_per_inference": 0.0,
        "energy_per_inference": estimate(3.54e-6, 2.42e-6, 3.96e-6, "J"),
        "energy_static_per_inference": estimate(2.5e-5, 8e-6, 4.8e-5, "J"),
        "time_per_inference": estimate(3.72e-4, 2.82e-4, 4.62e-4, "s"),
        "time_per_step": estimate(1.09e-5, 8.28e-6, 1.36e-5, "s"),
        "excludes": ("embedded CPUs", "input and output"),
    }
    return Profile(**{**fields, **change})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.54e-6, "3.54 uJ"),
        (2.36e-11, "23.6 pJ"),
        (1e-3, "1 mJ"),
        (0.0, "0 J"),
        (2.5, "2.5 J"),
        (4e-15, "0.004 pJ"),
        (9.996e-7, "1 uJ"),
        (-2e-9, "-2 nJ"),
        (12345.0, "12.3 kJ"),
    ],
)
def test_si(value, text):
    assert si(value, "J") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "no figure"), (0, "0"), (686.14, "686.1"), (0.04, "0.04"), (86754.4, "86,754"), (12.0, "12")],
)
def test_count(value, text):
    assert count(value) == text


def test_an_interval_has_one_prefix_for_all_three_numbers():
    assert interval(estimate(3.54e-6, 9e-7, 1.2e-3, "J")) == "3.54 uJ (0.9 - 1200)"
    assert interval(None) == "no figure"


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_of_a_run(width):
    lines = printed(profile_report(profiled(), "digits"), width)
    assert lines[:4] == [
        "digits for chip on desk, ran on: emulator",
        "1,234 samples of 34 steps; program 0123456789ab",
        "accuracy 97.50%; float reference 98.00% (-0.50 points)",
        "cores 2; lower bound 1 (by synapse memory)",
    ]
    assert "hidden        1,024               8,642                  0.2500               3" in lines
    assert "synapse memory      16,384 word       1       2     0.0%" in lines
    assert "fan in                no figure       1       2        -" in lines
    assert "energy, cores and mesh             3.54 uJ (2.42 - 3.96)" in lines
    assert "compartment updates (active)               4,692 (4,534)" in lines
    text = " ".join(lines)
    assert "modelled, from chip.toml energy.a, energy.b" in text
    assert "not contained: embedded CPUs; input and output" in text


def test_what_is_unknown_is_never_zero():
    unknown = {
        "accuracy": None,
        "board": None,
        "backend": "lab-board",
        "ran_on": "silicon",
        "synops_per_inference": None,
        "active_updates_per_inference": None,
        "messages_per_inference": None,
        "energy_per_inference": None,
        "energy_static_per_inference": None,
        "time_per_inference": None,
        "time_per_step": None,
        "no_figure": ("energy and time: chip.toml has none",),
    }
    lines = printed(profile_report(profiled(**unknown), "digits"))
    assert lines[0] == "digits for chip, ran on: silicon (lab-board)"
    assert not any("accuracy" in line for line in lines)
    assert sum("no figure" in line for line in lines) == 9  # fan in; six rows; updates' active part; the reason
    assert "no figure for energy and time: chip.toml has none" in lines


def test_many_cores_are_folded_into_mean_and_fullest():
    lines = printed(resource_table(profiled(cores=130).resources, 130))
    assert lines[0] == "use of every limited resource, 130 cores"
    assert lines[1].split() == ["resource", "limit", "of", "a", "core", "mean", "fullest", "on", "core", "fullest"]
    assert lines[2].split() == ["synapse", "memory", "16,384", "word", "65.5", "130", "129", "0.8%"]


def figures(plain):
    """Count what has a source, in plain data."""
    if isinstance(plain, dict):
        return ("source" in plain and "confidence" in plain) + sum(figures(item) for item in plain.values())
    return 0


@pytest.mark.parametrize("name", target_names())
def test_every_figure_of_a_target_is_shown_with_its_source(name):
    target = read_target(name)
    rows = target_rows(target)
    assert len(rows) == figures(target.model_dump(exclude={"dialect"})) > 2
    assert all(row.value and row.confidence and row.source for row in rows)
    lines = printed(target_report(target))
    text = " ".join(lines)
    for row in rows:
        assert row.field in text
    numbered = [line for line in lines if line.startswith("[")]
    assert len([line for line in numbered if line.split("]")[0][1:].isdigit()]) == len({row.source for row in rows})


def test_a_notebook_shows_a_line_of_a_network_and_not_its_weights():
    network = network_of(
        [nd.Population(name="hidden", shape=8, neuron=nd.Lif(tau_m_s=[0.02] * 8, v_threshold=1))],
        [nd.dense("sensor", "hidden", np.ones((8, 16)))],
        inputs=[nd.Input(name="sensor", shape=16)],
        name="echo",
        metadata={"seed": 7},
    )
    assert str(network) == repr(network)
    assert repr(network) == (
        "Network(name='echo', time=Time(dt_s=0.001), populations=[Population('hidden')], "
        "projections=[Projection('sensor_to_hidden')], inputs=[Input('sensor')], metadata={'seed': 7})"
    )
    assert repr(network.populations[0]) == (
        "Population(name='hidden', shape=[8], neuron=Lif(v_threshold=1.0, tau_m_s=float64[8]))"
    )
    assert len(repr(nd.compile(network))) < 1200
    assert len(repr(load_target("loihi1").limits)) < 1500
