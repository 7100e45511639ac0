"""Merged operations have the product of their parts, and are not much larger than these."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurodeploy.convert.apply import apply_all
from neurodeploy.network import AvgPool2d, Conv1d, Conv2d, Dense, OneToOne, Sparse
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.trained.chains import MOST_ENTRIES, added, merged

SHAPE = (4, 6, 8)
SIZE = 4 * 6 * 8


def channels(rng, n_source, n_target, size):
    """Synapses that are the same at all positions: an order of channels, some of them, or sums."""
    pairs = np.unique(rng.integers([n_target, n_source], size=(rng.integers(1, 6), 2)), axis=0)
    factors = rng.normal(size=len(pairs))
    places = np.arange(size)
    return Sparse(
        shape=(n_target * size, n_source * size),
        post=(pairs[:, :1] * size + places).ravel(),
        pre=(pairs[:, 1:] * size + places).ravel(),
        weights=np.repeat(factors, size),
    )


def scattered(rng, n_source, n_target):
    keys = np.unique(rng.integers(n_target * n_source, size=rng.integers(1, 60)))
    return Sparse(
        shape=(n_target, n_source), post=keys // n_source, pre=keys % n_source, weights=rng.normal(size=keys.size)
    )


def step_of(kind, rng, shape):
    """An operation on (channels, height, width), and the shape of its result; None for a flat one."""
    count, height, width = shape
    size = count * height * width
    pool = tuple(int(rng.integers(1, min(3, n) + 1)) for n in (height, width))
    if kind == "scale":
        return OneToOne(weights=rng.normal(size=rng.choice([1, size]))), shape
    if kind == "by channel":
        return OneToOne(weights=np.repeat(rng.normal(size=count), height * width)), shape
    if kind == "pool":
        stride = pool if rng.random() < 0.7 else (1, 1)
        step = AvgPool2d(input_shape=shape, kernel=pool, stride=stride)
    elif kind == "conv":
        groups = int(rng.choice([k for k in (1, 2, 4) if count % k == 0]))
        weights = rng.normal(size=(4, count // groups, *pool))
        groups = groups if 4 % groups == 0 else 1
        weights = rng.normal(size=(4, count // groups, *pool))
        step = Conv2d(
            input_shape=shape, weights=weights, stride=(int(rng.integers(1, 3)), 1), groups=groups,
            padding=(int(rng.integers(0, 2)), 0),
        )  # fmt: skip
    elif kind == "channels":
        n_target = int(rng.integers(1, 6))
        return channels(rng, count, n_target, height * width), (n_target, height, width)
    elif kind == "dense":
        return Dense(weights=rng.normal(size=(24, size))), (4, 2, 3)
    else:
        return scattered(rng, size, 24), (4, 2, 3)
    return step, output_shape(window_of(step))


KINDS = ("scale", "by channel", "pool", "conv", "channels", "dense", "scattered")


@settings(max_examples=80, deadline=None)
@example(["pool", "dense", "pool", "scattered", "pool"], 1)  # 24 channels of one value are read as (4, 2, 3)
@example(["by channel", "dense", "pool", "scattered", "pool"], 1)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_merged_operations_have_the_same_product(kinds, seed):
    rng, shape, steps = np.random.default_rng(seed), SHAPE, []
    for kind in kinds:
        step, shape = step_of(kind, rng, shape)
        steps.append(step)
    x = rng.normal(size=(3, SIZE))
    want = apply_all(steps, x)
    got = apply_all(merged(tuple(steps), SIZE), x)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 * max(np.abs(want).max(), 1))


@pytest.mark.parametrize(
    ("steps", "kinds"),
    [
        (("pool", "conv"), [Conv2d]),
        (("conv", "pool"), [Conv2d]),
        (("channels", "conv"), [Conv2d]),
        (("conv", "channels"), [Conv2d]),
        (("conv", "by channel"), [Conv2d]),
        (("channels", "channels"), [Sparse]),
        (("channels", "dense"), [Dense]),
        (("scattered", "dense"), [Dense]),
        (("dense", "scale", "scattered", "dense"), [Dense]),
        (("conv", "conv"), [Conv2d, Conv2d]),
    ],
)
def test_what_becomes_one_operation(steps, kinds):
    rng, shape, made = np.random.default_rng(1), SHAPE, []
    for kind in steps:
        if kind in ("pool", "conv"):
            step = (
                AvgPool2d(input_shape=shape, kernel=(2, 2), stride=(2, 2))
                if kind == "pool"
                else Conv2d(input_shape=shape, weights=rng.normal(size=(4, shape[0], 1, 1)))
            )
            shape = output_shape(window_of(step))
        else:
            step, shape = step_of(kind, rng, shape)
        made.append(step)
    assert [type(item) for item in merged(tuple(made), SIZE)] == kinds


def test_a_matrix_is_not_multiplied_out_where_it_would_grow():
    """A bottleneck between two wide layers stays a chain of two."""
    wide = int(MOST_ENTRIES**0.5) + 1
    steps = (Dense(weights=np.ones((2, wide))), Dense(weights=np.ones((wide, 2))))
    assert merged(steps, wide) == steps


def test_a_few_synapses_before_a_large_matrix_do_not_copy_it_per_synapse():
    wide = Dense(weights=np.ones((3, 50_000), dtype=np.float32))
    order = np.arange(50_000)[::-1]
    moved = Sparse(shape=(50_000, 50_000), post=np.arange(50_000), pre=order, weights=np.ones(50_000))
    (one,) = merged((moved, wide), 50_000)
    assert isinstance(one, Dense)
    assert one.weights.shape == (3, 50_000)


def test_sums_of_operations_on_one_source():
    rng = np.random.default_rng(0)
    dense = [Dense(weights=rng.normal(size=(3, SIZE))) for _ in range(2)]
    convs = [Conv2d(input_shape=SHAPE, weights=rng.normal(size=(2, 4, 3, 3))) for _ in range(2)]
    line = Conv1d(input_shape=(4, 48), weights=rng.normal(size=(2, 4, 1)))
    x = rng.normal(size=(2, SIZE))
    for first, second in (((dense[0],), (dense[1],)), ((convs[0],), (convs[1],)), ((), ())):
        want = apply_all(first, x) + apply_all(second, x)
        np.testing.assert_allclose(apply_all(added(first, second), x), want)
    assert added((convs[0],), (line,)) is None
    assert added((convs[0],), (convs[1].model_copy(update={"padding": (1, 1)}),)) is None
    assert added((dense[0],), ()) is None
