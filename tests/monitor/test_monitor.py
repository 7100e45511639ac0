"""Monitors: exact sums, chances of alarms that are known beforehand, and what they say of a recording."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from activities import STEPS, drawn, echo, rasters
from learners import trained

import neurodeploy as nd
from neurodeploy.monitor import Monitor, MonitorOptions, activity_of, calibration_of, drift, sample_counts
from neurodeploy.monitor.chain import alarm_chance, leaned, run_length, threshold
from neurodeploy.monitor.design import NEVER, design, likeness, smallest_shift
from neurodeploy.monitor.scores import UNIT, chances, moved_chances, scores_of


def poisson(mean):
    return lambda rng, n: rng.poisson(mean, n)


def usual():
    return drawn(poisson(80.0))


def by_hand(test, counts):
    """Alarms (sample, more or fewer) of sums that are taken one sample after the other."""
    found = []
    for side, sign, word in ((test.more, 1, "more"), (test.fewer, -1, "fewer")):
        total = 0
        for at, score in enumerate(test.scores.of(counts).tolist()):
            total = max(total + sign * score - side.allowance, 0)
            if total >= side.height:
                found.append((at, word))
                total = 0
    return sorted(found)


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
def test_sums_of_batches_are_those_of_samples_one_by_one(batch):
    rng = np.random.default_rng(1)
    counts = np.concatenate([rng.poisson(80, 300), rng.poisson(92, 300), rng.poisson(70, 400)])
    monitor = Monitor(usual())
    for at in range(0, counts.size, batch):
        monitor.observe({"cells": counts[at : at + batch]})
    expected = by_hand(monitor.tests[0], counts)
    (seen,) = monitor.report()
    assert len(expected) > 10
    assert seen.alarms == len(expected)
    assert seen.direction == expected[-1][1]
    assert monitor.seen == counts.size


def test_a_drift_is_dated_where_its_sum_left_zero():
    rng = np.random.default_rng(1)
    counts = np.concatenate([rng.poisson(80, 500), rng.poisson(96, 60)])
    monitor = Monitor(usual())
    monitor.observe({"cells": counts})
    (seen,) = monitor.report()
    assert 495 <= seen.since <= 502
    assert seen.since < seen.alarm < 530
    assert (seen.drifting, seen.direction) == (True, "more")
    monitor.observe({"cells": rng.poisson(80, 400)})
    (later,) = monitor.report()
    assert not later.drifting
    assert (later.since, later.alarm) == (seen.since, seen.alarm)
    assert later.found == pytest.approx(80, abs=3)


def test_run_lengths_are_those_of_drawn_scores():
    test = design(usual().counts, MonitorOptions(false_alarms=0.01))[0]
    usually = chances(test.scores, test.counts)
    rng = np.random.default_rng(0)
    scores = rng.choice(np.arange(usually.size) - usually.size // 2, size=(400, 4000), p=usually)
    total, first = np.zeros(400, dtype=int), np.full(400, scores.shape[1])
    for at in range(scores.shape[1]):
        total = np.maximum(total + scores[:, at] - test.more.allowance, 0)
        first = np.where((total >= test.more.height) & (first == scores.shape[1]), at + 1, first)
    expected = run_length(usually, test.more.allowance, test.more.height)
    assert 200 < expected < 4000
    within = [alarm_chance(usually, test.more.allowance, test.more.height, n) for n in (100, 500)]
    assert [(first <= n).mean() for n in (100, 500)] == pytest.approx(within, abs=0.06)
    assert np.minimum(first, 4000).mean() == pytest.approx(expected, rel=0.2)


def test_a_threshold_is_the_lowest_that_keeps_the_run_length():
    usually = chances(scores_of(usual().counts[0]), usual().counts[0])
    for allowance in (2, 4, 8):
        height = threshold(usually, allowance, 60_000.0)
        assert run_length(usually, allowance, height) >= 60_000 > run_length(usually, allowance, height - 1)
    assert threshold(leaned(usually, 3.0), 1, 60_000.0) is None


def test_leaning_moves_the_mean_by_what_is_wanted():
    usually = chances(scores_of(usual().counts[0]), usual().counts[0])
    scores = np.arange(usually.size) - usually.size // 2
    assert scores @ leaned(usually, 0.7) - scores @ usually == pytest.approx(0.7)


def test_scores_are_quantiles_of_ranks_and_counts_between_and_beyond_have_some():
    counts = drawn(lambda rng, n: np.repeat([2, 5, 9], n // 4).tolist() + [5] * (n - 3 * (n // 4)), 100).counts[0]
    scores = scores_of(counts)
    assert counts.samples.tolist() == [25, 50, 25]
    shown = scores.of(np.array([0, 1, 2, 3, 4, 5, 7, 9, 10, 10_000])).tolist()
    assert shown == [-21, -21, -9, -5, -5, 0, 5, 9, 21, 21]
    assert UNIT == 8
    assert chances(scores, counts).sum() == pytest.approx(1)


def test_scores_of_very_many_spikes_share_entries():
    counts = drawn(lambda rng, n: rng.normal(3e9, 5e8, n)).counts[0]
    scores = scores_of(counts)
    assert scores.table.size < 1 << 17
    order = scores.of(np.sort(counts.values))
    assert (np.diff(order) >= 0).all()
    assert np.abs(scores.of(np.array([0, 10**15]))).tolist() == [scores.most] * 2


def test_a_moved_rate_moves_small_counts_by_their_mean():
    counts = drawn(poisson(1.0), 5000).counts[0]
    values = np.repeat(counts.values, counts.samples)
    scores = scores_of(counts)
    moved = moved_chances(scores, counts, 1.2)
    up = np.where(np.random.default_rng(0).random(values.size) < 0.2 * values % 1, 1, 0)
    seen = scores.of(values + (0.2 * values).astype(int) + up)
    assert (np.arange(moved.size) - scores.most) @ moved == pytest.approx(seen.mean(), abs=0.3)


DRAWS = {
    "poisson": poisson(80.0),
    "dispersed": lambda rng, n: rng.negative_binomial(80 / 7, 1 / 8, n),
    "even": lambda rng, n: rng.binomial(100, 0.8, n),
    "skewed": lambda rng, n: np.rint(rng.lognormal(4, 0.5, n)),
    "sparse": poisson(0.05),
    "constant": lambda rng, n: np.full(n, 7),
}


@pytest.mark.parametrize("name", list(DRAWS))
def test_alarms_without_drift_are_as_rare_as_allowed(name):
    """Ten calibrations at one alarm in 1,000 samples, ten times as many as usual: the mean is below that of the worst twentieth."""
    alarms = 0
    for seed in range(10):
        monitor = Monitor(drawn(DRAWS[name], 300, seed), MonitorOptions(false_alarms=1e-3))
        monitor.observe({"cells": np.asarray(DRAWS[name](np.random.default_rng(seed + 100), 5_000), dtype=np.int64)})
        alarms += monitor.report()[0].alarms
    assert alarms <= 50


@pytest.mark.parametrize("name", ["poisson", "dispersed", "even", "skewed"])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_promised_shift_is_detected_in_time(name, sign):
    options = MonitorOptions()
    (test,) = design(drawn(DRAWS[name], 1000).counts, options)
    rng = np.random.default_rng(5)
    counts = np.asarray(DRAWS[name](rng, 200 * options.within), dtype=float).reshape(200, options.within)
    counts *= 1 + sign * smallest_shift(test, options.within)
    scores = sign * test.scores.of(np.floor(counts + rng.random(counts.shape)).astype(np.int64))
    side = test.more if sign > 0 else test.fewer
    total, seen = np.zeros(200), np.zeros(200, dtype=bool)
    for column in scores.T:
        total = np.maximum(total + column - side.allowance, 0)
        seen |= total >= side.height
    assert seen.mean() >= 0.9


def test_what_is_not_detected_in_time_is_said_beforehand():
    found = calibration_of(drawn(poisson(2.0)))
    assert [item.code for item in found.findings] == ["ND949"]
    assert found.rows[0].smallest_shift > 0.2
    assert calibration_of(usual()).rows[0].smallest_shift < 0.12
    assert calibration_of(drawn(lambda rng, n: np.zeros(n))).rows[0].smallest_shift is None


def test_a_silent_population_that_begins_to_spike_is_drift():
    monitor = Monitor(drawn(lambda rng, n: np.zeros(n)))
    monitor.observe({"cells": np.zeros(5000, dtype=np.int64)})
    assert not monitor.report()[0].alarms
    monitor.observe({"cells": np.ones(20, dtype=np.int64)})
    assert monitor.report()[0].alarms


def test_samples_that_resemble_each_other_raise_the_thresholds():
    def following(rng, n):
        values = np.zeros(n)
        for at, fresh in enumerate(rng.normal(size=n)):
            values[at] = 0.5 * values[at - 1] + fresh
        return 80 + 10 * values

    alike = drawn(following, 1000)
    shuffled = drawn(lambda rng, n: rng.permutation(following(rng, n)), 1000)
    assert likeness(alike.counts[0]) == pytest.approx(3, rel=0.3)
    assert likeness(shuffled.counts[0]) == 1
    heights = [design(item.counts, MonitorOptions())[0].more.height for item in (alike, shuffled)]
    assert heights[0] > 2 * heights[1]
    assert "ND950" in {item.code for item in calibration_of(alike).findings}


def test_more_populations_share_the_false_alarms():
    one, six = usual(), drawn(poisson(80.0), **{f"p{n}": usual_counts(n) for n in range(5)})
    heights = [design(item.counts, MonitorOptions())[0].more.height for item in (one, six)]
    assert heights[0] < heights[1] < NEVER


def usual_counts(seed):
    return np.random.default_rng(seed).poisson(80, 400)


def test_the_window_holds_the_last_samples():
    monitor = Monitor(usual(), MonitorOptions(window=50))
    for part in np.array_split(np.arange(1000), 13):
        monitor.observe({"cells": part})
    assert sorted(monitor.window()["cells"].tolist()) == list(range(950, 1000))
    monitor.observe({"cells": np.arange(2000, 2300)})
    assert sorted(monitor.window()["cells"].tolist()) == list(range(2250, 2300))


def test_a_window_is_compared_by_mean_and_by_distribution():
    rng = np.random.default_rng(3)
    activity = drawn(lambda rng, n: rng.negative_binomial(80 / 7, 1 / 8, n), 1000)
    same = drift(activity, {"cells": rng.negative_binomial(80 / 7, 1 / 8, 300)}).populations[0]
    assert not same.drifted
    assert same.dispersion == pytest.approx(8, rel=0.2)
    more = drift(activity, {"cells": rng.negative_binomial(100 / 7, 1 / 8, 300)}).populations[0]
    assert more.drifted
    assert more.poisson_p < 1e-4
    assert more.wasserstein == pytest.approx(20, rel=0.4)
    narrow = drift(activity, {"cells": rng.poisson(80, 300)}).populations[0]
    assert narrow.drifted
    assert narrow.ks_p < 1e-6 < narrow.poisson_p


def test_p_is_corrected_for_populations_tests_and_windows():
    activity = drawn(poisson(80.0), other=usual_counts(1))
    counts = {"cells": usual_counts(2), "other": usual_counts(3)}
    one, many = (drift(activity, counts, windows=n).populations[0] for n in (1, 5))
    assert many.p == pytest.approx(min(1, 5 * one.p))
    assert one.p == pytest.approx(min(1, 4 * min(one.poisson_p, one.ks_p)))


@pytest.mark.parametrize("mean", [0.0, 3.0, 30_000.0])
def test_means_of_few_and_of_many_spikes(mean):
    row = drift(drawn(poisson(mean)), {"cells": np.random.default_rng(9).poisson(mean, 100)}).populations[0]
    assert 0.001 < row.poisson_p <= 1


def test_counts_of_a_recording_are_those_of_its_samples():
    samples = rasters(30)
    recording = nd.run(echo(), samples)
    counts = sample_counts(recording)
    assert counts["in"].tolist() == counts["cells"].tolist() == samples.sum(axis=(1, 2)).tolist()
    assert list(sample_counts(recording, ["cells", "absent"])) == ["cells"]


def test_a_calibrated_program_is_the_same_program():
    program = echo()
    found = nd.calibrate(program, rasters(60))
    assert found.digest() == program.digest()
    cells = found.activity.counts[1]
    assert (cells.name, cells.kind, cells.size) == ("cells", "population", 6)
    assert cells.mean == rasters(60).sum(axis=(1, 2)).mean()
    assert cells.variance == pytest.approx(rasters(60).sum(axis=(1, 2)).var(ddof=1))
    assert cells.neuron_spikes.tolist() == rasters(60).sum(axis=(0, 1)).tolist()
    assert found.activity.n_steps == STEPS + 1


def test_a_recording_like_the_calibration_has_no_finding():
    program = nd.calibrate(echo(), rasters(200))
    found = nd.monitor(program, nd.run(program, rasters(400, seed=7)))
    assert found.findings == ()
    assert [item.n_samples for item in found.windows] == [200, 200]


def test_a_short_rest_belongs_to_the_last_window():
    program = nd.calibrate(echo(), rasters(100))
    found = nd.monitor(program, nd.run(program, rasters(110, seed=7)), window=50)
    assert [(item.first_sample, item.n_samples) for item in found.windows] == [(0, 50), (50, 60)]


def test_a_population_that_was_not_recorded_is_left_out():
    program = nd.calibrate(echo(), rasters(100))
    recording = nd.run(program, rasters(50, seed=7))
    partly = recording.model_copy(update={"recorded": (), "spikes": {"cells": np.zeros((0, 3), dtype=np.int32)}})
    found = nd.monitor(program, partly)
    assert [item.name for item in found.watched] == ["in"]
    assert not found.drifted


def test_older_programs_keep_their_bytes_and_activity_survives_a_file(tmp_path):
    program = echo()
    nd.save(program, tmp_path / "plain.ndp")
    assert b"activity" not in zipfile.ZipFile(tmp_path / "plain.ndp").read("document.json")
    nd.save(nd.calibrate(program, rasters(60)), tmp_path / "watched.ndp")
    assert nd.load(tmp_path / "watched.ndp").activity == nd.calibrate(program, rasters(60)).activity


def test_learned_weights_carry_no_activity_of_other_weights():
    program, recording = trained()
    watched = program.model_copy(update={"activity": activity_of(program, recording)})
    assert nd.learned(watched, recording).activity is None
