"""Points of a space: all combinations, a draw of them, and values drawn from ranges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.sweep.space import points

AXES = st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 9), min_size=1, max_size=5), min_size=1)


@given(AXES)
def test_a_grid_is_the_product_of_its_axes_with_the_last_one_fastest(axes):
    space = nd.Space(axes=axes)
    wanted = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    assert list(points(space)) == wanted
    assert space.size == len(wanted)


@given(AXES, st.integers(-(2**63), 2**63 - 1), st.data())
def test_a_draw_has_different_combinations_of_the_grid(axes, seed, data):
    axes = {name: sorted(set(values)) for name, values in axes.items()}
    every = [tuple(point.values()) for point in points(nd.Space(axes=axes))]
    draw = data.draw(st.integers(1, len(every)))
    drawn = [tuple(point.values()) for point in points(nd.Space(axes=axes, draw=draw, seed=seed))]
    assert len(set(drawn)) == draw == len(drawn)
    assert set(drawn) <= set(every)
    assert drawn == [tuple(point.values()) for point in points(nd.Space(axes=axes, draw=draw, seed=seed))]


def test_a_draw_is_the_same_on_every_machine():
    """Golden: an address is made of these values, so that another draw would lose the results of a store."""
    grid = nd.Space(axes={"a": range(100), "b": range(100)}, draw=4, seed=7)
    assert [tuple(point.values()) for point in points(grid)] == [(89, 35), (94, 81), (75, 95), (62, 5)]
    spans = {"rate": nd.Range(low=1e-4, high=1.0, log=True), "n": nd.Range(low=1, high=6, whole=True)}
    drawn = list(points(nd.Space(axes=spans, draw=3, seed=7)))
    assert [(point["rate"], point["n"]) for point in drawn] == [(0.000263914, 1), (0.000186727, 3), (0.00117876, 3)]


def test_drawn_values_are_spread_as_the_range_says():
    """Means of 4,000 draws within five standard errors of those of the distributions."""
    spans = {
        "even": nd.Range(low=2, high=10),
        "log": nd.Range(low=0.01, high=100, log=True),
        "whole": nd.Range(low=0, high=5, whole=True),
    }
    drawn = list(points(nd.Space(axes=spans, draw=4000, seed=1)))
    even, log, whole = (np.array([point[name] for point in drawn]) for name in spans)
    assert abs(even.mean() - 6) < 5 * 8 / math.sqrt(12 * 4000)
    assert abs(np.log10(log).mean()) < 5 * 4 / math.sqrt(12 * 4000)
    counts = np.bincount(whole, minlength=6)
    assert counts.size == 6
    assert np.abs(counts - 4000 / 6).max() < 5 * math.sqrt(4000 / 6)
    assert even.min() >= 2
    assert even.max() <= 10


def test_values_of_numpy_and_nested_tables_are_plain():
    space = nd.Space(axes={"bits": np.array([2, 4]), "weight_bits": {"hidden": (np.int64(3), 5)}, "one": "loihi1"})
    assert space.names == ("bits", "weight_bits.hidden", "one")
    assert [type(value) for value in next(points(space)).values()] == [int, int, str]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"axes": {"a": []}},
        {"axes": {"a b": [1]}},
        {"axes": {"a": [float("nan")]}},
        {"axes": {"a": [object()]}},
        {"axes": {"a": [1]}, "points": [{"a": 1}]},
        {"axes": {"a": [1, 2]}, "draw": 3},
        {"axes": {"a": nd.Range(low=0, high=1)}},
        {"axes": {f"a{k}": range(100) for k in range(4)}},
        {"axes": {"a": {"low": 2, "high": 1}}, "draw": 1},
        {"axes": {"a": {"low": 0, "high": 1, "log": True}}, "draw": 1},
    ],
    ids=["nothing", "empty", "name", "nan", "object", "both", "few", "range", "large", "order", "log"],
)
def test_a_space_that_makes_no_sense_is_refused(fields):
    with pytest.raises(nd.DiagnosticError):
        nd.Space(**fields)
