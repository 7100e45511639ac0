"""The best points, against a slow definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.sweep.nouns import Outcome

CELLS = st.one_of(st.none(), st.integers(0, 4))


def sweep_of(rows, names=("gain", "cost", "size")):
    outcomes = tuple(Outcome(str(k), {"k": k}, dict(zip(names, row, strict=True))) for k, row in enumerate(rows))
    return nd.Sweep(objective="made", axes=("k",), points=len(rows), rows=outcomes)


def dominates(one, other):
    """Whether a row is at least as good in all measures and better in one; the first measure is maximized."""
    pairs = [(-one[0], -other[0]), *zip(one[1:], other[1:], strict=True)]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=40))
def test_the_front_is_what_no_row_dominates(rows):
    whole = [row for row in rows if None not in row]
    result = sweep_of(rows)
    if any(all(row[at] is None for row in rows) for at in range(3)):
        with pytest.raises(nd.DiagnosticError):
            nd.pareto(result, maximize="gain", minimize=["cost", "size"])
        return
    found = nd.pareto(result, maximize="gain", minimize=["cost", "size"])
    wanted = [k for k, row in enumerate(rows) if row in whole and not any(dominates(other, row) for other in whole)]
    assert sorted(int(row.address) for row in found) == wanted
    assert [row.measures["gain"] for row in found] == sorted((row.measures["gain"] for row in found), reverse=True)


def test_what_is_unknown_is_neither_better_nor_worse():
    result = sweep_of([(0.9, None), (0.5, 2.0)], ("accuracy", "energy_j"))
    assert [row.address for row in nd.pareto(result)] == ["1"]
    assert [row.address for row in nd.pareto(result, maximize="accuracy")] == ["0"]


def test_an_unknown_measure_has_a_suggestion():
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.pareto(sweep_of([(1, 2, 3)]), minimize="csot")
    assert caught.value.diagnostics[0].code == "ND969"
    assert "cost" in caught.value.diagnostics[0].fixes[0].text
