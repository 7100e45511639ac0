"""Two designs are ranked only where their intervals are apart and their figures are of the same kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import run_on

from neurodeploy.hardware import load_target
from neurodeploy.profile import rank_energy, rank_time
from neurodeploy.profile.build import profile

SHOWN = profile(*run_on((0, 1), load_target("tiny")))
ENERGY = SHOWN.energy_per_inference


def design(low, high, **changes):
    figure = ENERGY.model_copy(update={"low": low, "value": (low + high) / 2, "high": high})
    return SHOWN.model_copy(update={"energy_per_inference": figure, **changes})


@given(*(st.floats(1e-9, 1e-3) for _ in range(4)))
def test_a_rank_is_given_exactly_where_intervals_are_apart(a, b, c, d):
    first, second = design(*sorted((a, b))), design(*sorted((c, d)))
    found = rank_energy(first, second)
    apart = max(a, b) < min(c, d) or max(c, d) < min(a, b)
    assert (found.verdict != "cannot be ranked") == apart
    opposite = {"lower": "higher", "higher": "lower", "cannot be ranked": "cannot be ranked"}
    assert rank_energy(second, first).verdict == opposite[found.verdict]
    if apart:
        assert (found.verdict == "lower") == (max(a, b) < min(c, d))


def test_a_design_is_not_ranked_against_itself():
    assert rank_energy(SHOWN, SHOWN).verdict == "cannot be ranked"
    assert rank_time(SHOWN, SHOWN).verdict == "cannot be ranked"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"boundary": "chip"}, "boundaries"),
        ({"first_step": 5}, "part of an inference"),
        ({"energy_per_inference": None}, "no figure"),
        ({"energy_per_inference": ENERGY.model_copy(update={"kind": "scaled", "low": 0, "high": 0})}, "scaled"),
    ],
)
def test_figures_of_different_kinds_are_not_ranked(changes, word):
    far = design(1.0, 2.0)
    other = SHOWN.model_copy(update=changes)
    for found in (rank_energy(far, other), rank_energy(other, far)):
        assert found.verdict == "cannot be ranked"
        assert word in found.reason
