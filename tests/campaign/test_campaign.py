"""Campaigns: every outcome is that of an injected program, however a campaign is run, cut or resumed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from campaigns import EVERYWHERE, STEPS, classifier, labels, long_way, program, samples
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.campaign import CampaignOptions, campaign_of, results_of, run_campaign
from neurodeploy.campaign.draw import Draw, draw_faults, groups_of
from neurodeploy.campaign.duplicate import can_duplicate, duplicated


def stimulus(n=5):
    return nd.encode(program(), samples(n)).model_copy(update={"labels": labels(n)})


def results(**choices):
    return results_of(program(), stimulus(), CampaignOptions(**choices))


def outcomes(**choices):
    made = results(**choices)
    run_campaign(made)
    return made


def one_of_each():
    """A campaign of one fault of each place, effect and time in each layer."""
    made, rng = results(faults=EVERYWHERE, size=1, rates=(0.01,), repeats=3), np.random.default_rng(8)
    groups = made.draw.groups
    faults = tuple(group.fault(int(rng.integers(len(group)))) for group in groups)
    made.draw = Draw(groups, faults, np.arange(len(groups)))
    return made


def test_every_outcome_is_that_of_an_injected_program() -> None:
    """Faults of every place, effect and time, and several at once."""
    made = one_of_each()
    run_campaign(made)
    tasks = {number: (fault,) for number, fault in enumerate(made.draw.faults)}
    assert {fault.where for fault in made.draw.faults} == {choice.where for choice in EVERYWHERE}
    tasks |= {len(made.draw.faults) + place: made.at_rate(place) for place in range(3)}
    assert {number: long_way(made, number, faults) for number, faults in tasks.items()} == made.outcomes
    assert sum(item.outputs > 0 for item in made.outcomes.values()) > len(tasks) / 4


def test_late_start_and_early_stop_change_no_outcome() -> None:
    whole = outcomes(faults=EVERYWHERE, size=120, checkpoints=0)
    assert whole.saved[0] == whole.saved[1] == 120 * 5 * whole.n_steps
    for checkpoints in (1, 3, None):
        cut = outcomes(faults=EVERYWHERE, size=120, checkpoints=checkpoints, threads=2)
        assert cut.outcomes == whole.outcomes
        assert cut.saved[0] < cut.saved[1] == whole.saved[1]


def test_all_dead_neurons_are_counted_exactly() -> None:
    found = nd.fault_campaign(
        program(), samples(), labels=labels(), faults=(nd.FaultChoice(where="neuron"),), size="all", criterion="spikes"
    )
    assert (found.n_faults, found.n_drawn, found.complete) == (10, 10, True)
    golden, changed = nd.run(program(), samples()).spikes["answer"], 0
    for name, size in (("hidden", 7), ("answer", 3)):
        for neuron in range(size):
            fault = nd.Fault(where="neuron", what="dead", population=name, neuron=neuron)
            spikes = nd.run(nd.inject(program(), fault), samples()).spikes["answer"]
            changed += not np.array_equal(spikes, golden)
    assert 0 < changed < 10
    share = found.critical
    assert share.low == share.value == share.high == changed / 10
    assert found.masked.value == pytest.approx(1 - changed / 10)
    assert [row.n_drawn for row in found.by_layer] == [7, 3]
    assert found.accuracy == 1.0


def test_rows_add_up() -> None:
    found = nd.fault_campaign(program(), samples(), labels=labels(), margin=0.05)
    assert found.n_drawn == found.n_planned
    for rows in (found.by_kind, found.by_layer):
        assert sum(row.n_faults for row in rows) == found.n_faults
        assert sum(row.n_drawn for row in rows) == found.n_drawn
        weighted = sum(row.critical.value * row.n_faults for row in rows) / found.n_faults
        assert weighted == pytest.approx(found.critical.value)
    bits = [row for row in found.by_bit if row.name.startswith("hidden_to_answer weight")]
    whole = next(row for row in found.by_layer if row.name == "hidden_to_answer")
    assert sum(row.n_faults for row in bits) == whole.n_faults
    assert sum(row.n_critical for row in bits) == whole.n_critical
    assert [row.name for row in found.by_core] == ["core 0"]
    assert found.worst[0].answers >= found.worst[-1].answers


def test_rows_of_cores_add_up() -> None:
    spread = nd.compile(classifier(), "loihi1", optimize="latency", max_cores=4)
    assert spread.tables.n_cores > 1
    choices = (nd.FaultChoice(where="synapse"), nd.FaultChoice(where="register"), nd.FaultChoice(where="neuron"))
    found = nd.fault_campaign(spread, samples(), faults=choices, size="all", criterion="spikes")
    assert [row.name for row in found.by_core] == [f"core {core}" for core in range(spread.tables.n_cores)]
    assert [row.n_faults for row in found.by_core] == [row.n_drawn for row in found.by_core]
    assert sum(row.n_faults for row in found.by_core) == found.n_faults
    few = nd.fault_campaign(spread, samples(), faults=choices, size=300, criterion="spikes")
    assert [row.n_faults for row in few.by_core] == [row.n_faults for row in found.by_core]
    weighted = sum(row.critical.value * row.n_faults for row in found.by_core) / found.n_faults
    assert weighted == pytest.approx(found.critical.value)
    for whole, part in zip(found.by_core, few.by_core, strict=True):
        assert part.critical.low - 0.02 <= whole.critical.value <= part.critical.high + 0.02


def test_a_campaign_that_was_stopped_goes_on(tmp_path) -> None:
    def stop(done, total):
        if done == 20:
            raise KeyboardInterrupt

    path, choices = tmp_path / "out", {"size": 60, "rates": (0.02,), "repeats": 2, "threads": 2}
    cut = nd.fault_campaign(program(), samples(), out=path, progress=stop, **choices)
    assert not cut.complete
    assert [item.code for item in cut.findings] == ["ND983"]
    seen = []
    whole = nd.fault_campaign(program(), samples(), out=path, progress=lambda done, _: seen.append(done), **choices)
    assert seen[0] >= 20, "what was tried is not tried again"
    assert seen == list(range(seen[0], whole.n_planned + 2 + 1)), "what was known is told first"
    assert whole == nd.fault_campaign(program(), samples(), **choices)
    lines = path.read_bytes()
    assert whole == nd.fault_campaign(program(), samples(), out=path, **choices)
    assert path.read_bytes() == lines


def test_the_draw_is_that_of_its_seed_and_without_repetition() -> None:
    groups = groups_of(program(), CampaignOptions(), STEPS)
    one, two = (draw_faults(groups, CampaignOptions(draw_seed=seed, size=400)) for seed in (1, 2))
    assert len(set(one.faults)) == len(one.faults) == 400
    assert one.faults == draw_faults(groups, CampaignOptions(draw_seed=1, size=400)).faults
    assert one.digest() != two.digest()
    every = draw_faults(groups, CampaignOptions(size="all"))
    assert len(set(every.faults)) == sum(one.sizes)


def test_choices_select() -> None:
    choice = nd.FaultChoice(where="register", populations=("hidden",), fields=("vth", "v"), bits=(0, 3), when="at")
    groups = groups_of(program(), CampaignOptions(faults=(choice,)), 9)
    faults = draw_faults(groups, CampaignOptions(size="all")).faults
    assert len(faults) == 7 * 2 * 2 * 9
    found = {(fault.population, fault.field, fault.bit, fault.when) for fault in faults}
    assert found == {("hidden", field, bit, "at") for field in ("vth", "v") for bit in (0, 3)}
    assert {fault.step for fault in faults} == set(range(1, 10))


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ({"faults": (nd.FaultChoice(where="neuron", populations=("hiden",)),)}, "ND979"),
        ({"faults": (nd.FaultChoice(where="neuron", cores=(7,)),)}, "ND979"),
        ({"faults": (nd.FaultChoice(where="neuron", what=("flip",)),)}, "ND979"),
        ({"faults": (nd.FaultChoice(where="neuron"), nd.FaultChoice(where="neuron"))}, "ND979"),
        ({"faults": (nd.FaultChoice(where="register", bits=(60,)),)}, "ND980"),
        ({"criterion": "label"}, "ND982"),
        ({"margin": 2}, "ND002"),
        ({"labels": [1]}, "ND505"),
    ],
)
def test_wrong_choices_are_refused(choices, code) -> None:
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.fault_campaign(program(), samples(), **choices)
    assert {item.code for item in caught.value.diagnostics} == {code}


def test_shares_hold_the_truth() -> None:
    """All faults of weights are tried once; intervals of samples hold the exact share about as often as they say."""
    made = outcomes(faults=(nd.FaultChoice(where="synapse"),), size="all", criterion="spikes")
    truth, inside = campaign_of(made).critical.value, 0
    number = {fault: at for at, fault in enumerate(made.draw.faults)}
    for seed in range(60):
        options = CampaignOptions(margin=0.08, criterion="spikes", draw_seed=seed)
        draw = draw_faults(made.draw.groups, options)
        kept = {at: made.outcomes[number[fault]] for at, fault in enumerate(draw.faults)}
        share = campaign_of(replace(made, options=options, draw=draw, outcomes=kept)).critical
        inside += share.low <= truth <= share.high
        assert share.high - share.low <= 2 * 0.08
    assert inside >= 53


def test_advice_is_recomputed() -> None:
    found = nd.fault_campaign(program(), samples(), labels=labels(), size=400, criterion="spikes", harden=True)
    lines = found.advice.protected
    assert lines
    assert all(one.critical.value >= two.critical.value for one, two in pairwise(lines))
    assert all(one.n_bits < two.n_bits for one, two in pairwise(lines))
    assert lines[-1].critical.value < found.critical.value
    for item in found.advice.duplicated:
        assert item.population == "hidden"
        assert item.n_neurons == item.n_neurons_before + len(item.neurons)


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 6), min_size=1))
def test_copies_of_neurons_change_no_output_in_floats(neurons) -> None:
    network = classifier()
    assert can_duplicate(program(), "hidden")
    assert not can_duplicate(program(), "answer")
    more = duplicated(network, "hidden", np.array(sorted(neurons)))
    programs = [nd.compile(item, "loihi1") for item in (network, more)]
    one, two = (nd.run(item, samples(), backend="reference").spikes for item in programs)
    assert np.array_equal(one["answer"], two["answer"])
    copies = two["hidden"][two["hidden"][:, 2] >= 7]
    assert len(copies) == np.isin(one["hidden"][:, 2], sorted(neurons)).sum()
