"""A pool and a convolution in one kernel are simulated as sums of blocks: fewer products, the same values."""

from __future__ import annotations

import numpy as np
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.convert.apply import _blocks, apply
from neurodeploy.network import Conv2d
from neurodeploy.network.connectivity import connectivity_of
from neurodeploy.network.network import Projection


@settings(deadline=None, max_examples=examples(200, quick=25))
@given(
    sides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    spare=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    groups=st.sampled_from([1, 2]),
    seed=st.integers(0, 2**16),
)
def test_blocks_give_the_values_of_the_synapses(sides, kernel, stride, spare, groups, seed):
    draws = np.random.default_rng(seed)
    weights = draws.integers(-9, 10, size=(4, 2 // groups, *kernel)).astype(float)
    weights = weights.repeat(sides[0], axis=2).repeat(sides[1], axis=3)
    step = Conv2d(
        input_shape=(2, *(k * s + more for k, s, more in zip(kernel, sides, spare, strict=True))),
        weights=weights,
        stride=tuple(s * side for s, side in zip(stride, sides, strict=True)),
        groups=groups,
    )
    n_source = int(np.prod(step.input_shape))
    projection = Projection(name="p", source="a", target="b", operation=step)
    synapses = connectivity_of(projection, n_source).listed()
    x = draws.integers(0, 2, size=(3, n_source)).astype(np.float64)
    slow = np.zeros((3, synapses.n_target))
    for post, pre, weight in zip(synapses.post, synapses.pre, synapses.weights, strict=True):
        slow[:, post] += x[:, pre] * weight
    assert np.array_equal(apply(step, x), slow)
    assert all(found % side == 0 for found, side in zip(_blocks(step), sides, strict=True) if found > 1 or side > 1)


def test_kernels_of_different_weights_have_no_blocks():
    weights = np.arange(16.0).reshape(1, 1, 4, 4)
    assert _blocks(Conv2d(input_shape=(1, 8, 8), weights=weights, stride=(2, 2))) == (1, 1)
    equal = np.ones((1, 1, 4, 4))
    assert _blocks(Conv2d(input_shape=(1, 8, 8), weights=equal, stride=(2, 4))) == (2, 4)
    assert _blocks(Conv2d(input_shape=(1, 8, 8), weights=equal, stride=(2, 2), padding=(1, 1))) == (1, 1)
