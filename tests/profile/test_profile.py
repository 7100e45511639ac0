"""Costs on the tiny chip worked out by hand, and invariants of every profile."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_runs import NS, PJ, run_on

from neurodeploy.costs import counting
from neurodeploy.costs.counting import Counts, counts
from neurodeploy.hardware import load_target, on_board
from neurodeploy.profile import profile


def test_every_event_of_a_two_neuron_chain_is_counted_and_paid():
    program, recording = run_on((0, 1), load_target("tiny"), core_ids=[0, 2])  # tiles 0 and 1, one hop apart
    assert recording.spikes["a"].tolist() == [[0, 2, 0]]
    assert recording.spikes["b"].tolist() == [[0, 3, 0]]
    (events,) = counts(program, recording)
    assert events.messages_in[:, 0].tolist() == [0, 1, 0, 0]
    assert events.messages_in[:, 1].tolist() == [0, 0, 1, 0]
    shown = profile(program, recording)
    # 2 compartments x 4 steps accessed; a is active in step 2 (input) and, for its u, not after: du = 4095 forgets all but
    # nothing, v is reset; so 2 + 2 updates at most are counted by hand from the recording
    active = int(recording.active_updates.sum())
    energy = 8 * 1 + active * 2 + 2 * 10 + 1 * 20 + 2 * 5 + 2 * 4 + 1 * 7  # access, update, spike, out, in, synop, hop
    assert active in (2, 3, 4)
    assert shown.energy_per_inference.value == pytest.approx(energy * PJ)
    assert shown.hops_per_inference == 1
    double = 8 * 1 + active * 4 + 2 * 10 + 2 * 4 + 1 * 7
    assert shown.energy_per_inference.low == pytest.approx(min(double, 0.9 * energy) * PJ)
    assert shown.energy_per_inference.high == pytest.approx(max(double, 1.1 * energy) * PJ)


def test_the_time_of_a_step_is_the_barrier_and_the_busiest_core():
    program, recording = run_on((0, 0), load_target("tiny"))
    (events,) = counts(program, recording)
    send = 2 * 1 + recording.active_updates[0, :, 0] * 2 + events.spikes[:, 0] * 5 + events.messages_out[:, 0] * 4
    receive = events.messages_in[:, 0] * 3 + events.synops_dense[:, 0] * 1 + events.synops_sparse[:, 0] * 2
    expected = np.maximum(send, receive).sum() + 4 * 100
    assert profile(program, recording).time_per_inference.value == pytest.approx(expected * NS)


@pytest.mark.parametrize("most", [1, 9, 25, 40])
def test_figures_do_not_depend_on_how_many_steps_are_counted_at_once(most, monkeypatch):
    """A sample has four steps, two neurons and three spikes: some of these numbers part a sample, some join several."""
    program, recording = run_on((0, 1), load_target("tiny"), samples=7)
    (whole,) = counts(program, recording)
    figures = profile(program, recording)
    monkeypatch.setattr(counting, "MESSAGES", most)
    parts = list(counts(program, recording))
    assert [part.first for part in parts] == [0, *np.cumsum([len(part.spikes) for part in parts])[:-1]]
    assert len(parts) > 1
    for name in Counts._fields[1:]:
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name)), name
    assert profile(program, recording) == figures


def test_per_inference_figures_do_not_depend_on_the_number_of_samples():
    one, many = (profile(*run_on((0, 1), load_target("tiny"), samples=n)) for n in (1, 7))
    for name in ("value", "low", "high"):
        assert getattr(many.energy_per_inference, name) == pytest.approx(getattr(one.energy_per_inference, name))
    assert many.synops_per_inference == one.synops_per_inference
    assert many.populations[0].rate_per_step == one.populations[0].rate_per_step


def test_two_chips_have_an_interval_of_barriers_and_say_what_has_no_figure():
    target = on_board(load_target("tiny"), "pair")
    program, recording = run_on((0, 1), target, core_ids=[0, 4])
    shown = profile(program, recording)
    assert shown.chip_messages_per_inference == 1
    assert shown.hops_per_inference == 0
    assert shown.time_per_inference.high >= 4 * 1e-5
    assert "traffic between chips" in shown.no_figure[0]
    one_chip = profile(*run_on((0, 1), target, core_ids=[0, 1]))
    assert shown.energy_static_per_inference.value > 1.9 * one_chip.energy_static_per_inference.value


def test_no_figure_is_none_and_never_zero():
    program, recording = run_on((0, 0), load_target("loihi2"))
    shown = profile(program, recording)
    assert shown.energy_per_inference is None
    assert shown.time_per_inference is None
    assert shown.energy_static_per_inference is None
    assert "no public figure" in shown.no_figure[0]


def test_where_nobody_counted_active_compartments_energy_is_an_interval_from_none_to_all():
    program, recording = run_on((0, 1), load_target("tiny"))
    blind = profile(program, recording.model_copy(update={"active_updates": None}))
    counted = profile(program, recording)
    assert blind.active_updates_per_inference is None
    assert blind.synops_per_inference == counted.synops_per_inference
    assert blind.energy_per_inference.low < counted.energy_per_inference.value < blind.energy_per_inference.high
    assert "did not count them" in blind.no_figure[0]
