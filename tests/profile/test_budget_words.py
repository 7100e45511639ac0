"""Misspelled budgets: the nearest figures with their units, and units in another case."""

from __future__ import annotations

import pytest

import neurodeploy as nd
from neurodeploy.profile import COMPILATION_FIGURES, PROFILE_FIGURES, Measure, budget_findings, read_budgets
from neurodeploy.profile.budgets import unit_of


def fix_of(text, figures=PROFILE_FIGURES):
    with pytest.raises(nd.DiagnosticError) as error:
        read_budgets([text], figures)
    (found,) = error.value.diagnostics
    return found.code, " ".join([found.message, *(fix.text for fix in found.fixes)])


@pytest.mark.parametrize("figure", ["energy", "energy_j", "energy_uJ", "enrgy", "joules"])
def test_energy_by_any_name_offers_the_figures_of_energy(figure):
    code, told = fix_of(f"{figure}<=2uJ")
    assert code == "ND707"
    assert "'energy_per_inference' (J)" in told


@pytest.mark.parametrize(
    ("figure", "near"),
    [
        ("time", "'time_per_inference' (s)"),
        ("latency", "'time_per_inference' (s)"),
        ("spikes", "'spikes_per_inference' (spike)"),
        ("corse", "did you mean 'cores' (core)?"),
        ("acuracy", "'accuracy' (fraction)"),
        ("memory", "'synapse_memory' (word)"),
        ("energy_per_inference.hi", "'energy_per_inference.high' (J)"),
    ],
)
def test_the_nearest_figures_are_offered(figure, near):
    assert near in fix_of(f"{figure}<=1")[1]


@pytest.mark.parametrize(
    ("unit", "right"),
    [("uj", "2uJ"), ("UJ", "2uJ"), (" microjoules", "2uJ"), ("joule", "2J"), ("MJoule", None), ("kg", None)],
)
def test_a_unit_in_other_letters_is_offered_as_it_is_written(unit, right):
    code, told = fix_of(f"energy_per_inference<=2{unit}")
    assert code == "ND706"
    assert f"'energy_per_inference<={right}'" in told if right else "give it in pJ, nJ, uJ, mJ, J" in told
    assert "'energy_per_inference<=2'" not in told, "2 J is another budget"


def test_micro_has_several_letters():
    for letter in ("u", "\u00b5", "\u03bc"):
        assert read_budgets([f"energy_per_inference<=2{letter}J"], PROFILE_FIGURES)[0].unit == "uJ"


@pytest.mark.parametrize("number", ["1e400", "-1", "nan", "inf", "--1", "0x10", ""])
def test_numbers_that_no_figure_can_meet_or_miss(number):
    assert fix_of(f"cores<={number}")[0] == "ND706"


def test_a_drop_of_accuracy_may_be_below_zero():
    assert read_budgets(["accuracy_drop<=-0.01"], PROFILE_FIGURES)[0].number == -0.01


def test_a_figure_of_another_report_is_named_as_such():
    assert "exists only in `run` and `profile`" in fix_of("energy_per_inference<=2uJ", COMPILATION_FIGURES)[1]
    assert "of `run` and `profile`?" in fix_of("energy<=2uJ", COMPILATION_FIGURES)[1]
    assert "exists only in `check` and `compile`" in fix_of("seconds<=2")[1]


def test_every_figure_of_a_run_has_a_unit():
    assert [name for name in (*PROFILE_FIGURES, *COMPILATION_FIGURES) if unit_of(name) is None] == []


def test_a_finding_is_in_the_unit_that_was_typed():
    (budget,) = read_budgets(["energy_per_inference<=2uJ"], ["energy_per_inference"])
    (found,) = budget_findings([budget], {"energy_per_inference": Measure(3.5e-6, "J")})
    assert (found.found, found.limit, found.unit) == (pytest.approx(3.5), 2.0, "uJ")
    assert not budget_findings([budget], {"energy_per_inference": Measure(2e-6, "J")})
