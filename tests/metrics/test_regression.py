"""Errors of decoded values against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from neurodeploy.metrics import regression

VALUES = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=examples(100, quick=30), deadline=None)
@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * (2 * width)), min_size=2, max_size=20)))
def test_as_scikit_learn(rows):
    table = np.array(rows)
    found, wanted = table[:, : table.shape[1] // 2], table[:, table.shape[1] // 2 :]
    ours = regression("out", found, wanted)
    assert ours.mae == pytest.approx(oracle.mean_absolute_error(wanted, found))
    assert ours.rmse**2 == pytest.approx(oracle.mean_squared_error(wanted, found))
    assert ours.max_error == np.abs(wanted - found).max()
    if (np.ptp(wanted, axis=0) > 1e-2).all():
        assert ours.r2 == pytest.approx(oracle.r2_score(wanted, found), rel=1e-9)


def test_a_constant_target_has_no_r2():
    assert regression("out", np.array([[1.0], [2.0]]), np.array([[3.0], [3.0]])).r2 is None


def test_steps_count_as_samples():
    found, wanted = np.zeros((2, 3, 1)), np.arange(6.0).reshape(2, 3, 1)
    ours = regression("out", found, wanted)
    assert (ours.values, ours.mae, ours.max_error) == (6, 15 / 6, 5.0)
