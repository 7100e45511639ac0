"""Differences from a baseline: every row is shown, the largest first, with what is known of its cause."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from page_runs import small_subject

from neurodeploy.report.page.activity import changes
from neurodeploy.report.page.change import Change, Changes, changes_of


@pytest.fixture(scope="module")
def subject():
    return small_subject(reference=False)


ROWS = (
    Change("spikes_per_inference", 100.0, 101.5, "spike", 1.5, "weights of first"),
    Change("cores", 1, 3, "core", 2),
    Change("tables", "a" * 64, "b" * 64, of="population 'hidden'"),
    Change("accuracy", None, 0.5, "fraction"),
)


def test_rows_are_shown_with_their_differences(subject):
    made = changes.section(subject._replace(changes=Changes("base.json", "this run", ROWS, ("first <was> retrained",))))
    order = [made.body.index(f">{name}</th>") for name in ("tables", "accuracy", "cores", "spikes_per_inference")]
    assert order == sorted(order)
    assert "this run beside the baseline base.json: 4 figures differ." in made.body
    for shown in (
        "100 spike",
        "101.5 spike",
        "+1.5 (+1.5 %)",
        "+2 (+200 %)",
        "weights of first",
        ">new<",
        ">changed<",
    ):
        assert shown in made.body, shown
    assert "population &#x27;hidden&#x27;" in made.body
    assert "first &lt;was&gt; retrained" in made.body


def test_no_difference_is_said(subject):
    made = changes.section(subject._replace(changes=Changes("base.json", "this run")))
    assert made.body == "<p>this run beside the baseline base.json: no figure differs.</p>"


def test_long_lists_are_cut_to_the_largest(subject):
    rows = tuple(Change(f"f{at}", 100.0, 100.0 + at, "", float(at)) for at in range(1, 302))
    made = changes.section(subject._replace(changes=Changes("a", "b", rows)))
    assert "301 figures differ" in made.body
    assert ">f301</th>" in made.body
    assert ">f101</th>" not in made.body
    assert f"The {changes.MOST_ROWS} largest differences are listed." in made.body


def test_no_section_without_a_baseline(subject):
    assert changes.section(subject) is None


class Row(NamedTuple):
    subject: str = "population 'hidden'"
    figure: str = "spikes"
    base: float = 1
    head: float = 2
    unit: str = "spike"
    delta: float = 1.0
    why: str = "weights"
    kind: str = "moved"


class Reason(NamedTuple):
    text: str


class Comparison(NamedTuple):
    base: str
    head: str
    rows: tuple
    reasons: tuple


def test_any_comparison_with_rows_and_reasons_is_shown():
    found = changes_of(Comparison("a", "b", (Row(),), (Reason("weights changed"),)))
    assert found == Changes(
        "a", "b", (Change("spikes", 1, 2, "spike", 1.0, "weights", "population 'hidden'"),), ("weights changed",)
    )
