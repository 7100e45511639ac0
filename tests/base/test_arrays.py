"""Array functions against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.base.arrays import stable_order


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int16, np.int32, np.int64])
@pytest.mark.parametrize("share", [1.0, 1e-3])
def test_a_stable_order_is_that_of_a_stable_sort(dtype, share):
    span, rng = np.iinfo(dtype), np.random.default_rng(0)
    low, high = (int(end * share) for end in (max(span.min, -(2**40)), min(span.max, 2**40)))
    values = np.r_[rng.integers(low, high, 500, endpoint=True), low, high, low, high].astype(dtype)
    assert (stable_order(values) == np.argsort(values, kind="stable")).all()
    assert stable_order(values[:0]).tolist() == []
