"""Costs at the boundaries of the tiny chip worked out by hand, and what larger boundaries may not do."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tiny_runs import NS, run_on

import neurodeploy as nd
from neurodeploy.hardware import load_target, on_board
from neurodeploy.profile import BOUNDARIES, CostOptions
from neurodeploy.profile.build import profile
from neurodeploy.program import Program

ENDS = ("low", "value", "high")
STEPS = 4
POWER = {"low": 0.01, "value": 0.02, "high": 0.04}
IDLE = {"low": 0.01, "value": 0.015, "high": 0.03}
PHASE = {"low": 0.0, "value": 100 * NS, "high": 200 * NS}


def at(boundary, *run, **cost):
    return profile(*(run or run_on((0, 1), load_target("tiny"))), cost=CostOptions(boundary=boundary, **cost))


def test_a_chip_adds_a_phase_to_each_step_and_static_power_over_all_of_it():
    cores, chip = at("cores"), at("chip")
    for end in ENDS:
        time = getattr(cores.time_per_inference, end) + STEPS * PHASE[end]
        energy = getattr(cores.energy_per_inference, end) + POWER[end] * time
        assert getattr(chip.time_per_inference, end) == pytest.approx(time)
        assert getattr(chip.time_per_step, end) == pytest.approx(time / STEPS)
        assert getattr(chip.energy_per_inference, end) == pytest.approx(energy)
        assert getattr(chip.energy_static_per_inference, end) == pytest.approx(POWER[end] * time)
    assert chip.boundary == "chip"
    assert chip.boundaries == cores.boundaries
    assert chip.boundaries[1].static_of_cores.value == pytest.approx(2 * 0.002 * chip.time_per_inference.value)


def test_parts_add_up_to_what_they_are_parts_of():
    for target in ("tiny", "loihi1"):
        for costs in at("cores", *run_on((0, 1), load_target(target))).boundaries:
            if costs.energy is None:
                continue
            assert sum(part.estimate.value for part in costs.energy_parts) == pytest.approx(costs.energy.value)
            for end in ENDS:
                total = sum(getattr(part.estimate, end) for part in costs.time_parts)
                assert total == pytest.approx(getattr(costs.time, end))


def test_parts_of_the_cores_are_the_events_times_their_energies():
    parts = {part.name: part.estimate for part in at("cores").boundaries[0].energy_parts}
    pj = 1e-12
    assert parts["spikes"].value == pytest.approx(2 * 10 * pj)
    assert parts["messages between cores"].value == pytest.approx((1 * 20 + 2 * 5) * pj)
    assert parts["messages between cores"].low == 0  # profile "double" has no energy of a message
    assert parts["synaptic operations"].value == pytest.approx(2 * 4 * pj)


@pytest.mark.parametrize("target", ["tiny", "loihi1"])
def test_a_larger_boundary_never_costs_less(target):
    found = [item for item in at("cores", *run_on((0, 1), load_target(target))).boundaries if item.energy]
    assert [item.boundary for item in found] == list(BOUNDARIES[: len(found)])
    for inner, outer in pairwise(found):
        for end in ENDS:
            assert getattr(inner.energy, end) <= getattr(outer.energy, end)
            assert getattr(inner.time, end) <= getattr(outer.time, end)


def test_static_power_is_that_of_every_chip_in_use():
    target = on_board(load_target("tiny"), "pair")
    one, two = (at("chip", *run_on((0, 1), target, core_ids=ids)) for ids in ([0, 1], [0, 4]))
    per_chip = one.energy_static_per_inference.value / one.time_per_inference.value
    assert two.energy_static_per_inference.value / two.time_per_inference.value == pytest.approx(2 * per_chip)


def test_a_part_without_a_figure_makes_the_sum_unknown_and_not_smaller():
    board = at("board")  # the tiny chip has no figures of a board
    assert board.energy_per_inference is None
    assert board.time_per_inference is None
    assert board.energy_static_per_inference is None
    assert "ND613" in [item.code for item in board.findings]
    assert "ND602" not in [item.code for item in board.findings]
    assert board.boundaries[2].energy_parts == ()
    none = at("chip", *run_on((0, 1), load_target("loihi2")))
    assert none.boundaries == ()
    assert "ND601" in [item.code for item in none.findings]


def test_the_default_boundary_is_that_of_the_cores_and_excludes_the_rest():
    program, recording = run_on((0, 1), load_target("loihi1"))
    shown = nd.profile(program, recording)
    assert shown.boundary == "cores"
    assert shown.boundaries[0].energy == shown.energy_per_inference
    assert any("CPU" in item for item in shown.excludes)
    assert not any("x86" in item for item in nd.profile(program, recording, boundary="board").excludes)


@pytest.mark.parametrize("rate", [1.0, 1e3, 1e5])
def test_static_share_at_a_rate_by_hand(rate):
    shown = at("chip", rate_per_s=rate)
    cores, time, share = shown.boundaries[0].energy, shown.time_per_inference, shown.static_share
    spent = {end: getattr(cores, end) + (POWER[end] - IDLE[end]) * getattr(time, end) for end in ENDS}
    for end in ENDS:
        assert getattr(share.power_w, end) == pytest.approx(IDLE[end] + rate * spent[end])
        assert getattr(share.energy_per_inference, end) == pytest.approx(IDLE[end] / rate + spent[end])
        assert getattr(share.busy, end) == pytest.approx(rate * getattr(time, end))
    for end, power, energy in (("low", "low", "high"), ("value", "value", "value"), ("high", "high", "low")):
        wanted = IDLE[power] / (IDLE[power] + rate * spent[energy])
        assert getattr(share.share, end) == pytest.approx(wanted)
    late = [item for item in shown.findings if item.code == "ND610"]
    assert bool(late) == (rate * time.high > 1)


def test_the_share_of_static_power_falls_as_the_rate_rises():
    program, recording = run_on((0, 1), load_target("loihi1"))
    shares = [nd.profile(program, recording, rate_per_s=rate).static_share.share for rate in (1, 100, 10_000)]
    assert [item.value for item in shares] == sorted((item.value for item in shares), reverse=True)
    assert all(0 <= item.low <= item.value <= item.high <= 1 for item in shares)


def test_a_rate_without_static_power_has_no_share():
    shown = at("cores", *run_on((0, 1), load_target("loihi2")), rate_per_s=30)
    assert shown.static_share is None
    assert "ND614" in [item.code for item in shown.findings]


@pytest.mark.parametrize("wrong", [{"boundary": "box"}, {"energy": "guessed"}, {"rate_per_s": 0}, {"rate": 3}])
def test_wrong_options_of_cost_are_findings(wrong):
    program, recording = run_on((0, 1), load_target("tiny"))
    with pytest.raises(nd.DiagnosticError) as error:
        nd.profile(program, recording, **wrong)
    assert {item.code for item in error.value.diagnostics} == {"ND002"}


def test_scaled_figures_are_those_of_the_other_chip_times_the_published_ratios():
    program, recording = run_on((0, 1), load_target("loihi2"))
    scaled = nd.profile(program, recording, energy="scaled")
    scale = load_target("loihi2").scaled_from
    moved = Program(
        **{**{name: getattr(program, name) for name in Program.model_fields}, "target": load_target("loihi1")}
    )
    other = profile(moved, recording.model_copy(update={"program_digest": moved.digest()}))
    for name, factor in (("energy_per_inference", scale.energy), ("time_per_inference", scale.time)):
        ours, theirs = getattr(scaled, name), getattr(other, name)
        assert ours.kind == "scaled"
        assert ours.low == pytest.approx(theirs.low * factor.low)
        assert ours.value == pytest.approx(theirs.value * factor.value)
        assert ours.high == pytest.approx(theirs.high * factor.high)
    assert "ND612" in [item.code for item in scaled.findings]
    assert nd.profile(program, recording, energy="scaled", boundary="chip").energy_per_inference is None


@pytest.mark.parametrize("target", ["loihi1", "tiny"])
def test_published_figures_are_never_replaced_by_scaled_ones(target):
    program, recording = run_on((0, 1), load_target(target))
    with pytest.raises(nd.DiagnosticError) as error:
        nd.profile(program, recording, energy="scaled")
    assert [item.code for item in error.value.diagnostics] == ["ND611"]
