"""Sizes of samples and intervals of shares, against published values and against exhaustive counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.campaign.statistics import Counted, joint_share, quantile, sample_size, share_of


@pytest.mark.parametrize(
    ("population", "margin", "confidence", "wanted"),
    [
        (10**9, 0.01, 0.95, 9604),  # 1.96**2 / 4 / 0.01**2, the limit of large populations
        (10**9, 0.05, 0.95, 385),
        (10**9, 0.01, 0.99, 16587),
        (10_000, 0.01, 0.95, 4900),
        (100, 0.05, 0.95, 80),
        (1, 0.01, 0.95, 1),
        (0, 0.01, 0.95, 0),
    ],
)
def test_size_of_a_sample(population, margin, confidence, wanted) -> None:
    assert sample_size(population, margin, confidence) == wanted


def test_a_share_that_is_expected_to_be_small_needs_fewer() -> None:
    assert sample_size(10**9, 0.01, 0.95, share=0.1) == 3458


def test_interval_of_wilson() -> None:
    """10 of 100: 0.0552 to 0.1744, as in the tables of Brown, Cai and DasGupta 2001."""
    found = share_of(10, 100, 10**9, 0.95)
    assert (round(found.low, 4), found.value, round(found.high, 4)) == (0.0552, 0.1, 0.1744)
    none = share_of(0, 100, 10**9, 0.95)
    t = quantile(0.95)
    assert none.low == 0
    assert math.isclose(none.high, t * t / (100 + t * t), rel_tol=1e-6)


def test_all_drawn_is_exact() -> None:
    found = share_of(3, 7, 7, 0.95)
    assert found.low == found.value == found.high == 3 / 7


def test_nothing_drawn_is_unknown() -> None:
    assert share_of(0, 0, 7, 0.95) is None
    assert joint_share([Counted(1, 2, 10), Counted(0, 0, 5)], 0.95) is None
    assert joint_share([], 0.95) is None


def test_strata_are_weighted_by_their_population() -> None:
    found = joint_share([Counted(10, 10, 100), Counted(0, 10, 900)], 0.95)
    assert found.value == pytest.approx(0.1)
    assert found.low < 0.1 < found.high


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_interval_holds_the_estimate(data) -> None:
    strata = []
    for _ in range(data.draw(st.integers(1, 4))):
        population = data.draw(st.integers(1, 1000))
        drawn = data.draw(st.integers(1, population))
        strata.append(Counted(data.draw(st.integers(0, drawn)), drawn, population))
    found = joint_share(strata, 0.95)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_interval_holds_the_truth_as_often_as_it_says() -> None:
    """2000 samples of 200 without repetition from 1000 members, in two strata of shares 0.5 and 0.05."""
    rng, inside = np.random.default_rng(3), 0
    truth = (0.5 * 400 + 0.05 * 600) / 1000
    for _ in range(2000):
        hits = [rng.hypergeometric(200, 200, 80), rng.hypergeometric(30, 570, 120)]
        found = joint_share([Counted(int(hits[0]), 80, 400), Counted(int(hits[1]), 120, 600)], 0.95)
        inside += found.low <= truth <= found.high
    assert 0.94 <= inside / 2000 <= 0.965
