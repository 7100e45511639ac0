"""Differences from a baseline: every row is shown, the largest first, with what is known of its cause."""

from __future__ import annotations

import pytest
from page_runs import small_subject

from neurodeploy.diagnostics import about
from neurodeploy.diff import Differences, Reason, difference
from neurodeploy.report.page.activity import changes


@pytest.fixture(scope="module")
def subject():
    return small_subject(reference=False)


PROGRAM = about("program")
ROWS = (
    difference(PROGRAM, "spikes_per_inference", 100.0, 101.5, "spike", why="weights of first"),
    difference(PROGRAM, "cores", 1, 3, "core"),
    difference(about("population", "hidden"), "tables", "a" * 64, "b" * 64),
    difference(PROGRAM, "accuracy", None, 0.5, "fraction"),
)


def compared(rows=(), reasons=()):
    return Differences(of="baseline", base="base.json", head="this run", rows=rows, reasons=reasons)


def test_rows_are_shown_with_their_differences(subject):
    retrained = (Reason(kind="weights", text="first <was> retrained"),)
    made = changes.section(subject._replace(differences=compared(ROWS, retrained)))
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
    made = changes.section(subject._replace(differences=compared()))
    assert made.body == "<p>this run beside the baseline base.json: no figure differs.</p>"


def test_long_lists_are_cut_to_the_largest(subject):
    rows = tuple(difference(PROGRAM, f"f{at}", 100.0, 100.0 + at) for at in range(1, 302))
    made = changes.section(subject._replace(differences=compared(rows)))
    assert "301 figures differ" in made.body
    assert ">f301</th>" in made.body
    assert ">f101</th>" not in made.body
    assert f"The {changes.MOST_ROWS} largest differences are listed." in made.body


def test_no_section_without_a_baseline(subject):
    assert changes.section(subject) is None
