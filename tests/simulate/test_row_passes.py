"""Compiled passes over spike rows against numpy, and a stimulus checked with and without them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from factories import examples, pair_network
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neurodeploy.base.rows import Bound, row_messages, rows_ascend, rows_inside
from neurodeploy.signals import Stimulus
from neurodeploy.simulate import row_passes
from neurodeploy.simulate.row_passes import counts_of, extents_of
from neurodeploy.simulate.stimulus_check import stimulus_faults, with_sorted_rows

BOUNDS = (Bound("sample", 0, 2), Bound("step", 1, 4), Bound("line", 0, 1))


@pytest.fixture(params=["compiled", "numpy"])
def passes(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(row_passes, "kernels", lambda _: None)
    else:
        assert row_passes.kernels(row_passes.FOLDER) is not None


def rows_of(low, high):
    return arrays.arrays(np.int32, st.tuples(st.integers(0, 6), st.just(3)), elements=st.integers(low, high))


@settings(max_examples=examples(300))
@given(st.one_of(rows_of(0, 2), rows_of(-(2**31), 2**31 - 1)), st.booleans())
def test_extents_are_those_of_numpy(rows, in_order):
    rows = np.unique(rows, axis=0) if in_order else rows
    (extent,) = extents_of({"in": rows}).values()
    assert extent.inside(BOUNDS) == rows_inside(rows, BOUNDS)
    listed = rows.tolist()
    assert extent.ascends == all(one < other for one, other in pairwise(listed))
    if rows.min(initial=0) >= 0:
        assert extent.ascends == rows_ascend(rows)


@pytest.mark.usefixtures("passes")
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_counts_of_indices(dtype):
    rows = np.array([[0, 1, 4], [0, 2, 0], [1, 1, 4]], dtype=dtype)
    assert counts_of(rows, 6).tolist() == [1, 0, 0, 0, 2, 0]
    assert counts_of(rows[:0], 2).tolist() == [0, 0]


@pytest.mark.usefixtures("passes")
@pytest.mark.parametrize(
    "rows",
    [
        *([], [[0, 1, 0], [0, 1, 1], [2, 4, 0]]),
        *([[0, 2, 0], [0, 1, 0]], [[0, 1, 1], [0, 1, 0]], [[1, 1, 0], [0, 1, 0]]),
        *([[0, 1, 0], [0, 1, 0]], [[3, 1, 0]], [[0, 0, 0]], [[0, 5, 0]], [[0, 1, 2]], [[0, 1, -1]], [[-1, 1, 0]]),
    ],
)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_a_stimulus_is_checked_and_sorted_alike(rows, dtype):
    given_rows = np.array(rows, dtype=dtype).reshape(-1, 3)
    stimulus = Stimulus(n_samples=3, n_steps=4, spikes={"lines": given_rows})
    found = [item.message for item in stimulus_faults(pair_network(), stimulus)]
    assert found == row_messages(given_rows, BOUNDS, "spikes", ordered=False)
    if not found:
        ready = with_sorted_rows(stimulus)
        assert ready.spikes["lines"].dtype == np.int32
        assert ready.spikes["lines"].tolist() == sorted(rows)
        assert (ready is stimulus) == (dtype == np.int32 and rows == sorted(rows))
