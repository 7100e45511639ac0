"""The page of a sweep holds its points: rows, dots and failures are read back and compared."""

from __future__ import annotations

import re
from html import unescape

import pytest

import neurodeploy as nd
from neurodeploy.diagnostics import about, finding
from neurodeploy.report.page.sweep_page import sweep_page
from neurodeploy.sweep.nouns import Outcome

MEASURES = [(0.9, 10.0), (0.95, 20.0), (0.8, 30.0), (0.97, 1000.0)]


def made(values=MEASURES, failed=()):
    rows = [Outcome(str(at), {"bits": at}, {"accuracy": a, "cores": c}) for at, (a, c) in enumerate(values)]
    rows += [
        Outcome(f"x{at}", {"bits": 100 + at}, {}, findings=(finding("ND302", about("option", "bits"), text),))
        for at, text in enumerate(failed)
    ]
    return nd.Sweep(objective="digits", axes=("bits",), points=len(rows), rows=tuple(rows))


def section(page, name):
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    return found[0] if found else None


def test_dots_lie_where_their_measures_are():
    part = section(sweep_page(made(), ["accuracy"], ["cores"]), "best")
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)" class="s\d" data-tip="bits=?\s?(\d)', part)
    placed = {int(bits): (float(x), float(y), float(r)) for x, y, r, bits in dots}
    assert sorted(placed) == [0, 1, 2, 3]
    by_cores = sorted(placed, key=lambda bits: placed[bits][0])
    assert by_cores == sorted(placed, key=lambda bits: MEASURES[bits][1])
    by_accuracy = sorted(placed, key=lambda bits: -placed[bits][1])
    assert by_accuracy == sorted(placed, key=lambda bits: MEASURES[bits][0])
    assert {bits for bits, (_, _, r) in placed.items() if r == 5} == {0, 1, 3}  # 2 costs more than 0, for less


def test_rows_of_the_best_and_of_all():
    page = sweep_page(made(), ["accuracy"], ["cores"])
    assert section(page, "front").count("<tr>") == 1 + 3
    assert section(page, "points").count("<tr>") == 1 + 4
    assert section(page, "failed") is None


def test_points_that_failed_are_named_with_the_reason():
    part = section(sweep_page(made(failed=["no core is left"]), ["accuracy"], ["cores"]), "failed")
    assert "ND302: no core is left" in part
    assert "100" in part


def test_without_two_measures_there_is_no_picture():
    assert section(sweep_page(made(), ["accuracy"], []), "best") is None


@pytest.mark.parametrize("values", [[(0.5, 0.0)], [(0.5, 5.0), (0.5, 5.0)]], ids=["one", "equal"])
def test_points_that_do_not_differ(values):
    page = sweep_page(made(values), ["accuracy"], ["cores"])
    assert section(page, "best").count("<circle") == len(values)
    assert "nan" not in page


def test_text_of_an_objective_cannot_become_markup():
    evil = "</script><img src=x onerror=alert(1)>\"'&amp;"
    page = sweep_page(made(failed=[evil]), ["accuracy"], ["cores"], command=evil)
    assert "<img" not in page
    assert unescape(page).count(evil) >= 2
