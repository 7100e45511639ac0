"""Encoders with a range, two lines for each value, a phase, and samples with their axes in another order."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import neurodeploy as nd
from neurodeploy.io.tensors import digest_of
from neurodeploy.network import Current, Poisson, Rate
from neurodeploy.simulate import encode


def net(encoder, shape, axes=None, steps=8):
    item = nd.Input(name="in", shape=shape, encoder=encoder, sample_axes=axes)
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=steps),
        inputs=(item,),
        populations=(nd.Population(name="cells", shape=item.size, neuron=nd.If(v_threshold=0.5)),),
        projections=(nd.one_to_one("in", "cells", 1.0),),
        outputs=(nd.Output(name="out", source="cells"),),
    )


def raster(network, values, **options):
    return encode(network, {"in": np.asarray(values)}, **options).rasters["in"]


def spikes_of(x, encoder, steps):
    """Spikes of one value on its lines, in exact fractions of the doubles that the code sees."""
    span = float(encoder.one) - float(encoder.zero)
    share = (float(x) - float(encoder.zero)) / span
    lines = [share, -share] if encoder.signed else [share]
    found = []
    for level in lines:
        rate = Fraction(min(max(level, 0.0), 1.0)) * Fraction(encoder.max_rate)
        start = Fraction(getattr(encoder, "phase", 0.0)) + Fraction(1, 10**9)
        counts = [math.floor(t * rate + start) for t in range(steps + 1)]
        found.append([after - before for before, after in pairwise(counts)])
    return found


RATES = st.builds(
    Rate,
    max_rate=st.sampled_from([1.0, 0.5, 0.75, 1 / 3]),
    phase=st.sampled_from([0.0, 0.25, 0.5, 0.9]),
    zero=st.sampled_from([0.0, -3.0, 2.5]),
    one=st.sampled_from([1.0, 255.0, -1.5]),
    signed=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(RATES, st.lists(st.integers(-300, 300), min_size=1, max_size=5), st.integers(1, 40))
def test_a_rate_is_the_difference_of_rounded_sums(encoder, tenths, steps):
    values = np.array(tenths) / 10
    if (encoder.zero, encoder.one) == (0.0, 1.0):
        values = np.clip(values, -1.0 if encoder.signed else 0.0, 1.0)  # the default range clips nothing
    shape = (2, len(values)) if encoder.signed else len(values)
    made = raster(net(encoder, shape), values[None], steps=steps)
    expected = np.array([spikes_of(x, encoder, steps) for x in values])  # (values, lines of each, steps)
    assert made[0].T.reshape(-1, len(values), steps).transpose(1, 0, 2).tolist() == expected.tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 64))
def test_phase_one_half_rounds_the_count_to_the_nearest(thousandths, steps):
    count = int(raster(net(Rate(phase=0.5), 1), [[thousandths / 1000]], steps=steps).sum())
    exact = Fraction(thousandths * steps, 1000)
    assert abs(count - exact) <= Fraction(1, 2)


def test_one_number_or_one_for_each_value_give_the_same():
    values = np.random.default_rng(0).uniform(-2, 9, (4, 3, 5))
    whole = raster(net(Rate(zero=-1.0, one=7.5, phase=0.5), (3, 5)), values)
    each = Rate(zero=np.full((3, 5), -1.0), one=np.full((3, 5), 7.5), phase=0.5)
    assert np.array_equal(raster(net(each, (3, 5)), values), whole)
    columns = np.array([[1.0, 10.0, 100.0]])
    rates = raster(net(Rate(zero=[0.0, 5.0, 300.0], one=[2.0, 15.0, 100.0]), 3), columns, steps=4).sum(axis=1)
    assert rates.tolist() == [[2, 2, 4]], "1 of 0..2, 10 of 5..15, and 100 where that is the value of the full rate"


@pytest.mark.parametrize("encoder", [Rate(signed=True, one=4.0, phase=0.5), Poisson(signed=True, one=4.0)])
def test_two_lines_carry_the_two_signs(encoder):
    values = np.array([[[4.0, -2.0], [0.0, -4.0]]])
    plus, minus = raster(net(encoder, (2, 2, 2)), values, steps=400).sum(axis=1).reshape(2, 4)
    assert plus[[1, 2, 3]].tolist() == [0, 0, 0]
    assert minus[[0, 2]].tolist() == [0, 0]
    assert (plus[0], minus[3]) == (400, 400)
    assert abs(int(minus[1]) - 200) <= (0 if isinstance(encoder, Rate) else 40)


def test_poisson_draws_stay_as_they_were_within_the_default_range():
    values = np.random.default_rng(1).random((3, 6))
    plain = raster(net(Poisson(max_rate=0.5), 6), values, seed=4)
    scaled = raster(net(Poisson(max_rate=0.5, zero=10.0, one=30.0), 6), 10 + 20 * values, seed=4)
    assert plain.any()
    assert (plain != scaled).mean() < 1e-2, "the same draws; rounding of a value may move one"


@pytest.mark.parametrize("encoder", ["rate", "bias", "latency", Poisson(), Current()])
def test_channels_last_are_the_channels_first(encoder):
    values = np.random.default_rng(2).random((3, 4, 5, 2))
    last = encode(net(encoder, (2, 4, 5), axes=(2, 0, 1)), {"in": values})
    first = encode(net(encoder, (2, 4, 5)), {"in": values.transpose(0, 3, 1, 2)})
    kind = "currents" if isinstance(encoder, Current) else "rasters"
    assert getattr(last, kind)["in"].any()
    assert np.array_equal(getattr(last, kind)["in"], getattr(first, kind)["in"])


def test_spikes_over_time_have_their_axes_moved_too_and_rows_do_not():
    spikes = (np.random.default_rng(3).random((2, 6, 4, 5, 3)) < 0.3).astype(np.uint8)
    network = net("spikes", (3, 4, 5), axes=(2, 0, 1))
    moved = raster(network, spikes, steps=6)
    assert np.array_equal(moved.reshape(2, 6, 3, 4, 5), spikes.transpose(0, 1, 4, 2, 3))
    rows = np.argwhere(moved) + [0, 1, 0]
    assert np.array_equal(encode(network, {"in": rows}, steps=6).rows("in"), rows)


def test_ranges_of_channels_last_are_in_the_order_of_the_sample():
    rng = np.random.default_rng(4)
    values, one = rng.uniform(-9, 9, (2, 4, 5, 3)), rng.uniform(3, 9, (4, 5, 3))
    last = net(Rate(one=one, signed=True), (2, 3, 4, 5), axes=(2, 0, 1))
    first = net(Rate(one=one.transpose(2, 0, 1), signed=True), (2, 3, 4, 5))
    assert last.inputs[0].sample_shape == (4, 5, 3)
    assert np.array_equal(raster(last, values), raster(first, values.transpose(0, 3, 1, 2)))


def test_faults_are_told_in_the_shape_of_the_sample():
    network = net(Rate(one=255.0), (3, 8, 9), axes=(2, 0, 1))
    with pytest.raises(nd.DiagnosticError) as caught:
        encode(network, {"in": np.ones((2, 3, 8, 9))})
    (item,) = caught.value.diagnostics
    assert item.message == "stimulus has shape [2, 3, 8, 9]; encoder 'rate' needs (samples, 8, 9, 3)"
    with pytest.raises(nd.DiagnosticError) as caught:
        encode(net(Rate(signed=True), (2, 3)), {"in": np.array([[0.5, -1.5, 0.0]])})
    assert caught.value.diagnostics[0].message == ("values lie between -1.5 and 0.5; encoder 'rate' needs -1 to 1")


def test_values_outside_a_declared_range_are_clipped_and_counted_once():
    stimulus = encode(net(Rate(one=255.0), 2), {"in": np.array([[300, 7], [0, -1], [255, 9]])})
    (item,) = (item for item in stimulus.findings if item.code == "ND841")
    assert item.message == (
        "2 of 6 values are clipped to the range of encoder 'rate', 0 to 255; all values lie between -1 and 300"
    )
    assert item.severity == "warning"
    assert stimulus.rasters["in"][:, :, 0].sum(axis=1).tolist() == [8, 0, 8]
    whole = encode(net(Rate(one=255.0), 2), {"in": np.array([[255, 0]], dtype=np.uint8)})
    assert not whole.findings


def test_fields_are_kept_by_files_and_written_only_when_used(tmp_path):
    used = net(Rate(phase=0.5, zero=np.arange(6.0).reshape(2, 3), one=9.0), (3, 2), axes=(1, 0))
    for name in ("net.nd.json", "net.nir"):
        nd.save(used, tmp_path / name)
        read = nd.load(tmp_path / name)
        assert getattr(read, "network", read) == used
    plain = net("rate", (3, 2))
    nd.save(plain, tmp_path / "plain.nd.json")
    text = (tmp_path / "plain.nd.json").read_text()
    assert not any(word in text for word in ("sample_axes", "phase", "signed", '"one"'))
    assert digest_of(plain) != digest_of(used)


def test_a_program_runs_encoded_samples_of_every_form(tmp_path):
    network = net(Rate(phase=0.5, one=255.0, signed=True), (2, 3, 4, 5), axes=(2, 0, 1))
    program = nd.compile(network, "loihi2")
    values = np.random.default_rng(5).integers(-255, 256, (3, 4, 5, 3))
    whole = program.run({"in": values})
    assert len(whole.spikes["cells"])
    parts = program.run(({"in": one} for one in values), batch=2)
    assert np.array_equal(whole.spikes["cells"], parts.spikes["cells"])
    nd.save(program, tmp_path / "net.ndp")
    again = nd.load(tmp_path / "net.ndp")
    assert again.network == network
    assert np.array_equal(again.run({"in": values}).spikes["cells"], whole.spikes["cells"])
    assert np.array_equal(program.run({"in": values}, backend="reference").input_spikes["in"], whole.input_spikes["in"])


@pytest.mark.parametrize("names", [("inputs", "labels"), ("x", "y"), ("in", "y"), ("x", "labels")])
def test_x_and_y_name_samples_and_labels(tmp_path, names):
    values, labels = np.array([[0.2], [0.9]]), np.array([[1], [0]], dtype=np.uint8)
    given = dict(zip(names, (values, labels), strict=True))
    np.savez(tmp_path / "data.npz", **given)
    for form in (given, tmp_path / "data.npz", nd.load(tmp_path / "data.npz")):
        stimulus = nd.encode(net("rate", 1), form)
        assert stimulus.labels.tolist() == [1, 0]
        assert stimulus.rasters["in"].sum(axis=1).tolist() == [[1], [7]]


def test_two_names_of_one_input_are_refused():
    with pytest.raises(nd.DiagnosticError, match="x"):
        nd.encode(net("rate", 1), {"x": np.zeros((2, 1)), "inputs": np.zeros((2, 1))})


@pytest.mark.parametrize("fields", [{"phase": 1.0}, {"phase": -0.1}, {"zero": np.nan}, {"one": "high"}])
def test_numbers_out_of_range_are_refused(fields):
    with pytest.raises((nd.DiagnosticError, ValidationError)):
        Rate(**fields)


@pytest.mark.parametrize("signed", [False, True])
def test_no_samples_are_a_finding(signed):
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=4),
        populations=(nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
        inputs=(nd.Input(name="x", shape=(2, 3) if signed else 3, encoder=Rate(one=2.0, signed=signed)),),
    )
    with pytest.raises(nd.DiagnosticError, match="n_samples"):
        nd.encode(network, np.zeros((0, 3)))
