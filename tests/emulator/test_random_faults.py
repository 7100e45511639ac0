"""Random hardware faults on both engines, in runs, resumed runs and runs on one layout."""

from __future__ import annotations

from factories import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_faults import attempt


@settings(
    max_examples=examples(1_000, quick=60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(st.randoms(use_true_random=False))
def test_random_faults_give_the_same_bits_on_every_path(dice):
    attempt(dice)
