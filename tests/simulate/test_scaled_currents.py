"""A current encoder with a scale shows integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import neurodeploy as nd
from neurodeploy.network import Current, Delta
from neurodeploy.simulate import encode


def net(encoder):
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=2),
        inputs=(nd.Input(name="in", shape=3, encoder=encoder),),
        populations=(nd.Population(name="cells", shape=3, neuron=Delta(threshold=1)),),
        projections=(nd.one_to_one("in", "cells", 1),),
        outputs=(),
    )


@given(
    st.lists(st.floats(-1000, 1000, width=32), min_size=3, max_size=3),
    st.sampled_from([0.5, 8.0, 255.0, 1 / 3]),
    st.sampled_from([(None, None), (-5, 9), (0, 255), (None, 3), (-2, None)]),
)
def test_values_are_scaled_rounded_and_limited(values, scale, limits):
    low, high = limits
    shown = encode(net(Current(scale=scale, low=low, high=high)), {"in": np.array([values])}).currents["in"]
    for x, y in zip(values, shown[0, 0], strict=True):
        exact = round(Fraction(np.float64(x) * scale))  # Python rounds halves to even too
        exact = exact if low is None else max(exact, low)
        assert y == (exact if high is None else min(exact, high))
    assert (shown[:, 0] == shown[:, 1]).all()


def test_values_over_time_are_scaled():
    shown = encode(net(Current(scale=10)), {"in": np.array([[[0.1, 0.26, -3], [0, 1, 2]]])}).currents["in"]
    assert shown.tolist() == [[[1, 3, -30], [0, 10, 20]]]


def test_without_a_scale_values_stay_and_files_hold_no_new_field():
    assert encode(net(Current()), {"in": np.array([[0.5, -1.25, 3]])}).currents["in"][0, 0].tolist() == [0.5, -1.25, 3]
    assert Current(low=-1, high=1).scale is None
    with pytest.raises((ValidationError, nd.DiagnosticError)):
        Current(scale=0)
