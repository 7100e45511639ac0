"""Connectivity: a list of synapses and a window have the same views, and mantissas change no synapse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.network import Conv2d
from neurodeploy.network.connectivity import SynapseList, WindowConnectivity, connectivity_of, synapses_of


def window(seed, delay_steps=2):
    """A convolution with some absent weights, as a window, and written out."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-3, 4, (4, 1, 2, 3)).astype(float)
    operation = Conv2d(input_shape=(2, 5, 6), weights=weights, groups=2, stride=(1, 2), padding=(1, 0))
    projection = nd.Projection(name="p", source="a", target="b", operation=operation, delay_steps=delay_steps)
    return connectivity_of(projection, 60), synapses_of(projection, 60)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_window_has_the_views_of_its_synapses(seed):
    one, other = window(seed)
    assert isinstance(one, WindowConnectivity)
    assert isinstance(other, SynapseList)
    assert one.listed() == other
    assert other.listed() is other
    assert (one.n_source, one.n_target, one.n_synapses) == (other.n_source, other.n_target, other.n_synapses)
    for name in ("fan_in", "fan_out", "longest_delay"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    neurons = np.flatnonzero(np.random.default_rng(seed).random(one.n_target) < 0.5)
    for left, right in zip(one.into(neurons), other.into(neurons), strict=True):
        assert np.array_equal(left, right)


def test_weights_are_summed_by_target_in_either_form():
    one, other = window(0)
    expected = np.bincount(other.post, other.weights, other.n_target)
    assert np.array_equal(one.sums(one.weights), expected)
    assert np.array_equal(other.sums(other.weights), expected)


@pytest.mark.parametrize("form", [0, 1], ids=["window", "list"])
def test_mantissas_of_0_stay_synapses(form):
    given_form = window(1)[form]
    quantized = given_form.with_mantissas(np.zeros(given_form.weights.size, dtype=np.int64))
    assert quantized.weights.dtype == np.int16
    assert quantized.n_synapses == given_form.n_synapses
    assert np.array_equal(quantized.fan_in, given_form.fan_in)
    assert quantized.into(np.arange(3)).delay_steps.dtype == np.uint8


def test_synapses_by_source_are_those_by_target():
    synapses = window(2)[1].into(np.arange(10))
    by_source = synapses.by_source()
    assert (np.diff(by_source.source) > 0).all()
    found = np.repeat(by_source.source, by_source.length), by_source.row, by_source.weights, by_source.delay_steps
    order = np.lexsort((synapses.rows, synapses.source))
    given_form = synapses.source, synapses.rows, synapses.weights, synapses.delay_steps
    assert all(np.array_equal(one, other[order]) for one, other in zip(found, given_form, strict=True))


def test_delays_by_synapse_keep_a_convolution_from_being_a_window():
    operation = Conv2d(input_shape=(1, 3, 3), weights=np.ones((1, 1, 2, 2)))
    delays = np.arange(9) % 3
    projection = nd.Projection(
        name="p", source="a", target="b", operation=operation, delay_steps=delays, delay_axis="source"
    )
    synapses = connectivity_of(projection, 9)
    assert isinstance(synapses, SynapseList)
    assert np.array_equal(synapses.delay_steps, delays[synapses.pre])
