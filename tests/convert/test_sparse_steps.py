"""Sparse operations on batches, with any number of synapses for a target."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.convert.apply import TURNS, apply
from neurodeploy.network import Sparse


@pytest.mark.parametrize("synapses", [0, 1, 6, 40, 6 * TURNS * 4])
def test_products_are_those_of_the_matrix(synapses):
    rng = np.random.default_rng(synapses)
    post, pre = rng.integers(0, 6, synapses), rng.integers(0, 5, synapses)
    weights, matrix = rng.normal(size=synapses), np.zeros((6, 5))
    for row, column, weight in zip(post, pre, weights, strict=True):
        matrix[row, column] += weight
    x = rng.normal(size=(3, 5))
    assert np.allclose(apply(Sparse(shape=(6, 5), post=post, pre=pre, weights=weights), x), x @ matrix.T)
