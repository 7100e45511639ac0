"""Findings about samples that are cut off, given twice, or too small for a spike."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.network import Bias, Current, Events, Rate
from neurodeploy.simulate import SampleValues, encode

pytestmark = pytest.mark.usefixtures("engine")

SENSOR = Events()
LATE = 10_000_000


def net(encoder="spikes", shape=3, steps=None, inputs=("in",)):
    items = tuple(nd.Input(name=name, shape=shape, encoder=encoder) for name in inputs)
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=steps),
        inputs=items,
        populations=(nd.Population(name="cells", shape=items[0].size, neuron=nd.If(v_threshold=0.5)),),
        projections=tuple(nd.one_to_one(name, "cells", 1.0) for name in inputs),
    )


def shown(network, values, **options):
    given = {"in": np.asarray(values)} if not isinstance(values, dict) else values
    return encode(network, SampleValues(values=given), **options)


def said(stimulus):
    return [(item.code, item.severity, item.message) for item in stimulus.findings]


def refused(call):
    with pytest.raises(nd.DiagnosticError) as caught:
        call()
    return caught.value.diagnostics


def events(*times, sample=0):
    return np.array([[sample, t, 0, 0, 0] for t in times])


def dvs(steps=10):
    return net(SENSOR, (2, 4, 4), steps)


def test_events_from_10_s_on_are_refused_with_count_and_time_and_what_to_subtract():
    (item,) = refused(lambda: shown(dvs(), events(LATE, LATE + 500, LATE + 1500)))
    assert (item.code, item.severity) == ("ND066", "error")
    assert item.message == (
        "3 of 3 events lie after the last step that is shown, leaving 1 of 1 samples empty; "
        "the first of them in step 10,001 of 10"
    )
    assert (item.found, item.limit, item.unit) == (LATE, 10_000, "us")
    assert [(fix.text, fix.flag) for fix in item.fixes] == [
        ("subtract 10,000,000 us from the times; then all are shown", "--time-origin first"),
        ("show all of them", "--steps 10002"),
    ]
    moved = shown(dvs(), events(LATE, LATE + 500, LATE + 1500), time_origin="first")
    assert moved.rows("in").tolist() == [[0, 1, 0], [0, 2, 0]]


def test_the_first_time_and_what_to_subtract_are_exact():
    (item,) = refused(lambda: shown(dvs(), events(LATE + 123, LATE + 1_500)))
    assert (item.found, item.fixes[0].text) == (LATE + 123, "subtract 10,000,123 us from the times; then all are shown")


def test_events_of_which_some_are_late_are_a_warning():
    stimulus = shown(dvs(), events(0, 9_999, 10_000, 25_000))
    (item,) = stimulus.findings
    assert (item.code, item.severity, item.found, item.limit) == ("ND066", "warning", 10_000, 10_000)
    assert item.message == "2 of 4 events lie after the last step that is shown; the first of them in step 11 of 10"
    assert [fix.flag for fix in item.fixes] == ["--steps 26"], "an origin that helps nothing is not offered"
    assert stimulus.rows("in").tolist() == [[0, 1, 0], [0, 10, 0]]
    assert not shown(dvs(), events(0, 9_999, 10_000, 25_000), steps=26).findings


def test_steps_that_are_asked_for_may_show_nothing_but_say_so():
    stimulus = shown(dvs(), events(LATE), steps=4)
    assert [(item.code, item.severity) for item in stimulus.findings] == [("ND066", "warning")]


def test_an_origin_of_each_sample_of_its_own():
    rows = np.concatenate([events(5_000, 6_100), events(LATE, LATE + 2_000, sample=1)])
    moved = shown(dvs(), rows, time_origin="first")
    assert moved.rows("in").tolist() == [[0, 1, 0], [0, 2, 0], [1, 1, 0], [1, 3, 0]]
    (item,) = shown(dvs(), rows).findings
    assert item.fixes[0].text == (
        "subtract its first time from those of each sample, 5,000 us or more; then all are shown"
    )


def test_two_sensors_keep_their_times_to_each_other():
    network = net(SENSOR, (2, 4, 4), 10, inputs=("left", "right"))
    moved = shown(network, {"left": events(LATE), "right": events(LATE + 3_000)}, time_origin="first")
    assert [moved.rows(name).tolist() for name in ("left", "right")] == [[[0, 1, 0]], [[0, 4, 0]]]


def test_times_below_0_count_from_the_first_if_asked():
    (item,) = refused(lambda: shown(dvs(), events(-2_000, 500)))
    assert "below 0, first -2000" in item.message
    assert shown(dvs(), events(-2_000, 500), time_origin="first").rows("in").tolist() == [[0, 1, 0], [0, 3, 0]]


def test_times_since_1970_do_not_make_a_sample_of_years():
    now = 1_700_000_000_000_000
    (item,) = refused(lambda: shown(dvs(None), events(now, now + 500)))
    assert "after step 2,147,483,646" in item.message
    assert item.fixes
    (item,) = refused(lambda: shown(dvs(None), events(20_000_000_000, 20_000_000_500)))
    assert (item.found, item.limit) == (20_000_001, 10_000_000)
    assert shown(dvs(None), events(now, now + 1_500), time_origin="first").n_steps == 2


def test_spike_rows_behind_the_last_step_are_said():
    rows = np.array([[0, 1, 0], [0, 5, 1], [1, 9, 2]])
    (item,) = shown(net(), rows, steps=4).findings
    assert item.message == ("2 of 3 spikes lie after the last step that is shown, leaving 1 of 2 samples empty")
    assert (item.severity, item.found, item.limit, item.unit) == ("warning", 5, 4, "step")
    assert [fix.flag for fix in item.fixes] == ["--steps 9"]
    (item,) = refused(lambda: shown(net(steps=4), rows[1:]))
    assert item.severity == "error"


@pytest.mark.parametrize(("encoder", "what"), [("spikes", "spikes"), (Current(), "currents")])
def test_values_over_time_that_are_cut_are_said(encoder, what):
    values = np.zeros((2, 6, 3))
    values[:, 1] = values[1, 4] = 1
    assert said(shown(net(encoder), values, steps=4)) == [
        ("ND066", "info", f"3 {what} lie after the last step that is shown")
    ]
    assert not shown(net(encoder), values, steps=5).findings
    assert not shown(net(encoder), values).findings


def test_samples_of_an_iterator_that_are_longer_than_the_first_are_said():
    program = nd.compile(net(), "loihi1")
    ragged = [{"in": np.ones((4, 3), dtype=int)}, {"in": np.ones((6, 3), dtype=int)}]
    recording = nd.run(program, iter(ragged))
    assert recording.n_steps == 5
    found = [item for item in recording.findings if item.code == "ND066"]
    assert [item.message for item in found] == ["6 spikes lie after the last step that is shown"]


def test_findings_of_a_stimulus_reach_the_recording():
    program = nd.compile(net(steps=4), "loihi1")
    recording = nd.run(program, {"in": np.array([[0, 1, 0], [0, 9, 1], [0, 1, 0]])})
    assert [item.code for item in recording.findings if item.code < "ND500"] == ["ND066", "ND067"]


def test_events_that_fall_together_are_counted():
    assert said(shown(dvs(), events(0, 10, 20, 5_000))) == [
        (
            "ND067",
            "info",
            "2 of 4 events repeat a spike of their line in the same step; a line spikes once per step",
        )
    ]
    (item,) = shown(net(), np.array([[0, 1, 0], [0, 1, 0]]), steps=2).findings
    assert (item.code, item.severity) == ("ND067", "warning")


@pytest.mark.parametrize("encoder", [Rate(), Bias(threshold=1000)])
def test_values_too_small_for_a_spike_are_counted(encoder):
    values = np.array([[0.0, 0.1, 0.5]])
    assert said(shown(net(encoder), values, steps=8)) == [
        ("ND068", "info", "1 of 2 values above 0 give no spike in 8 steps")
    ]
    assert not shown(net(encoder), values, steps=20).findings


@pytest.mark.parametrize(
    ("low", "high", "offer"),
    [
        (-1.76, 1.80, "scale the values: (x - -1.76) / 3.56"),
        (0.0, 255.0, "divide the values by their maximum, 255"),
        (-3.0, -1.0, "scale the values: (x - -3) / 2"),
        (-2.0, -2.0, None),
        (5.0, 5.0, "divide the values by their maximum, 5"),
    ],
)
def test_a_scaling_is_offered_only_if_it_helps(low, high, offer):
    (item,) = refused(lambda: shown(net("rate"), np.array([[low, high, high]]), steps=8))
    assert [fix.text for fix in item.fixes] == ([offer] if offer else [])


def test_samples_and_labels_of_different_numbers():
    values = SampleValues(values={"in": np.zeros((3, 4, 3), dtype=int)}, labels=np.array([1, 2]))
    (item,) = refused(lambda: encode(net(), values))
    assert item.message == "inputs and labels have different numbers of samples: [2, 3]"
    rows = SampleValues(values={"in": np.array([[0, 1, 0], [2, 1, 0]])}, labels=np.array([1, 2]))
    (item,) = refused(lambda: encode(net(), rows, steps=3))
    assert item.message == "1 events have a sample outside 0..1, first 2"


def test_a_number_of_a_sample_that_cannot_be_meant():
    (item,) = refused(lambda: shown(net(), np.array([[0, 1, 0], [10**9, 1, 0]]), steps=3))
    assert item.message == "events refer to sample 1,000,000,000, but only 2 samples have events"
