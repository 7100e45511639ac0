"""Activation functions as sums of clipped linear units, against the functions themselves."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.convert.coding import rates, value_of
from neurodeploy.convert.curves import MOST_UNITS, TOLERANCE, curve_of, fitted, is_curve, leaky_coding
from neurodeploy.trained.forward import activated
from neurodeploy.trained.operations import Activate


def coded(given, sums):
    return value_of(given, rates(given, sums))


def test_a_hard_sigmoid_is_one_unit_exactly():
    sums = np.random.default_rng(0).normal(size=(50, 6)) * 5
    function = Activate(function="hard_sigmoid", slope=0.2)
    made = curve_of(function, sums)
    assert len(made.units) == 1
    assert np.allclose(coded(made, sums), activated(function, sums))


@pytest.mark.parametrize("slope", [0.01, 0.3, -1.0, 2.0, 0.0])
def test_a_leaky_relu_is_a_unit_for_each_sign_exactly_within_its_range(slope):
    sums = np.random.default_rng(1).normal(size=(50, 6)) * 5
    each = np.array([slope, slope / 2, slope, slope, 0.5, slope])
    for given_slope in (slope, each):
        function = Activate(function="leaky_relu", slope=given_slope)
        made = leaky_coding(np.full(6, sums.max()), np.full(6, -sums.min()), given_slope)
        assert len(made.units) == (1 if not np.any(given_slope) else 2)
        assert np.allclose(coded(made, sums), activated(function, sums))
        clipped = leaky_coding(np.full(6, 2.0), np.full(6, 3.0), given_slope)
        assert np.allclose(coded(clipped, sums), activated(function, np.clip(sums, -3, 2)))


SPREADS = {
    "narrow": lambda rng, size: rng.normal(size=size) * 0.3,
    "normal": lambda rng, size: rng.normal(size=size),
    "wide": lambda rng, size: rng.normal(size=size) * 12,
    "one side": lambda rng, size: np.abs(rng.normal(size=size)) * 3 + 0.2,
    "two groups": lambda rng, size: rng.normal(size=size) + np.where(rng.random(size) < 0.7, -4, 3),
    "heavy": lambda rng, size: rng.standard_t(2, size=size),
    "whole numbers": lambda rng, size: rng.integers(-6, 7, size).astype(float),
}


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "step"])
@pytest.mark.parametrize("spread", SPREADS)
def test_units_follow_a_function_within_the_tolerance_on_other_samples_too(function, spread):
    rng = np.random.default_rng(len(function) + len(spread))
    activation = Activate(function=function)
    sums, others = (SPREADS[spread](rng, (400, 30)) for _ in range(2))
    made = curve_of(activation, sums.astype(np.float32))
    wanted = activated(activation, others)
    error = np.abs(coded(made, others) - wanted).mean()
    width = 1.0 if function == "step" else np.ptp(wanted)
    assert error <= 1.3 * TOLERANCE * width
    assert len(made.units) <= (1 if function == "step" else 4 if spread == "one side" else 3)
    assert sum(abs(unit.gain[0]) for unit in made.units) <= 1.3 * width + 0.05, "no gains that cancel each other"
    assert all(
        np.array_equal(a, b)
        for a, b in zip(rates(made, sums), rates(curve_of(activation, sums.astype(np.float32)), sums), strict=True)
    )


def test_a_tanh_begins_near_minus_1_and_a_step_keeps_0_at_0():
    rng = np.random.default_rng(2)
    made = curve_of(Activate(function="tanh"), rng.normal(size=(300, 20)) * 3)
    assert made.shift[0] == pytest.approx(-1, abs=0.03)
    whole = rng.integers(-6, 7, (300, 20)).astype(float)
    made = curve_of(Activate(function="step"), whole)
    assert np.array_equal(coded(made, whole), (whole > 0).astype(float))


def test_a_constant_needs_no_spikes():
    made = curve_of(Activate(function="sigmoid"), np.full((20, 3), 1.5))
    assert np.allclose(coded(made, np.full((2, 3), 1.5)), 1 / (1 + np.exp(-1.5)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 20), st.floats(-4, 4))
def test_no_single_unit_or_pair_between_the_same_ends_is_better(seed, width, centre):
    x = np.sort(np.random.default_rng(seed).normal(size=120) * width + centre)
    y = np.tanh(x)
    intervals, gains = fitted(x, y, MOST_UNITS)
    cost = _cost(intervals, gains, x, y)
    ends = sorted({end for interval in intervals for end in interval})
    if len(intervals) > 2:
        return  # from three units on, each is added to those before it
    for others in combinations(list(combinations(ends, 2)), len(intervals)):
        columns = np.stack([np.ones_like(x), *(np.clip((x - a) / (b - a), 0, 1) for a, b in others)], axis=1)
        best = np.linalg.lstsq(columns, y, rcond=None)[0]
        assert cost <= _cost(list(others), best, x, y) + 1e-9
    assert len(intervals) <= MOST_UNITS


def _cost(intervals, gains, x, y):
    """Mean square error, with the rounding of each rate in 16 steps."""
    made = gains[0] + sum(g * np.clip((x - a) / (b - a), 0, 1) for (a, b), g in zip(intervals, gains[1:], strict=True))
    return float(np.square(made - y).mean() + np.square(gains[1:]).sum() / 12 / 256)


def test_which_functions_are_fitted():
    assert [f for f in ("relu", "leaky_relu", "sigmoid", "tanh", "step", "hard_sigmoid") if is_curve(Activate(function=f))] == [
        "sigmoid", "tanh", "step", "hard_sigmoid",
    ]  # fmt: skip
