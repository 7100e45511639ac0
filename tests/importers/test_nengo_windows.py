"""Convolutions recovered from lists of synapses: by plain loops made of a kernel, and refused where they differ from one."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from neurodeploy_backends.nengo_loihi.windows import convolution_of


def listed(kernel, shape, stride, padding):
    """(columns, output shape) of a convolution, written out by loops; "same" pads as TensorFlow does."""
    channels, height, width = shape
    n_out, _, kh, kw = kernel.shape
    if padding == "valid":
        rows, cols, top, left = (height - kh) // stride[0] + 1, (width - kw) // stride[1] + 1, 0, 0
    else:
        rows, cols = -(-height // stride[0]), -(-width // stride[1])
        top = max((rows - 1) * stride[0] + kh - height, 0) // 2
        left = max((cols - 1) * stride[1] + kw - width, 0) // 2
    found = []
    for o, i, j, c, k, m in np.ndindex(n_out, rows, cols, channels, kh, kw):
        y, x = i * stride[0] + k - top, j * stride[1] + m - left
        if 0 <= y < height and 0 <= x < width and kernel[o, c, k, m]:
            found.append(((c * height + y) * width + x, (o * rows + i) * cols + j, kernel[o, c, k, m]))
    pre, post, mantissas = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return {"pre": pre, "post": post, "mantissas": mantissas}, (n_out, rows, cols)


def geometry_of(kernel, shape, stride, padding, target):
    return {
        "input_shape": list(shape), "output_shape": list(target), "kernel_size": list(kernel.shape[2:]),
        "strides": list(stride), "padding": padding,
    }  # fmt: skip


@settings(max_examples=examples(100), deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), shape=st.tuples(st.integers(1, 3), st.integers(3, 7), st.integers(3, 7)),
    n_out=st.integers(1, 3), size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)), padding=st.sampled_from(["valid", "same"]),
)  # fmt: skip
def test_a_convolution_comes_back_or_stays_a_list(seed, shape, n_out, size, stride, padding):
    rng = np.random.default_rng(seed)
    kernel = 2 * rng.integers(-127, 128, size=(n_out, shape[0], *size))
    columns, target = listed(kernel, shape, stride, padding)
    mixed = rng.permutation(columns["pre"].size)
    columns = {name: values[mixed] for name, values in columns.items()}
    made = convolution_of(columns, geometry_of(kernel, shape, stride, padding, target))
    if made is None:
        assert padding == "same", "only uneven padding cannot be expressed"
        return
    used = np.asarray(made.weights) != 0
    assert np.array_equal(np.asarray(made.weights)[used], kernel[used])
    again, _ = listed(np.asarray(made.weights), shape, stride, padding)
    order = np.lexsort((columns["post"], columns["pre"]))
    back = np.lexsort((again["post"], again["pre"]))
    assert all(np.array_equal(columns[name][order], again[name][back]) for name in columns)


@pytest.mark.parametrize("change", ["weight", "missing", "outside"])
def test_other_synapses_are_no_convolution(change):
    kernel = np.arange(2, 20, 2).reshape(1, 1, 3, 3)
    columns, target = listed(kernel, (1, 6, 6), (1, 1), "valid")
    geometry = geometry_of(kernel, (1, 6, 6), (1, 1), "valid", target)
    assert convolution_of(columns, geometry) is not None
    if change == "weight":
        columns["mantissas"][5] += 2
    elif change == "missing":
        columns = {name: values[1:] for name, values in columns.items()}
    else:
        columns["pre"][0] = 35
    assert convolution_of(columns, geometry) is None
