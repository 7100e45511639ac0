"""Calibration samples in every form and type, and what is told about wrong and weak ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.convert.samples import calibration_samples, nearest_readings, sample_notes
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import FullyConnected


def network(*shape, axes=None, **fields):
    x = TrainedInput(name="x", shape=shape, sample_axes=axes)
    weights = np.ones((3, int(np.prod(shape))))
    node = Node(name="out", operation=FullyConnected(weights=weights), inputs=("x",), shape=(3,))
    return TrainedNetwork(name="net", source="keras", inputs=(x,), nodes=(node,), **fields)


VALUES = np.random.default_rng(0).integers(0, 2, (60, 2, 3, 4))


@pytest.mark.parametrize("dtype", ["u1", "?", "i8", "f2", "f4", "f8", ">f8"])
def test_every_type_of_numbers_becomes_the_same_rows(dtype):
    rows = calibration_samples(network(2, 3, 4), VALUES.astype(dtype)).values["x"]
    assert rows.dtype == np.float32
    assert np.array_equal(rows, VALUES.reshape(60, -1))
    assert np.array_equal(calibration_samples(network(2, 3, 4), VALUES.tolist()).values["x"], rows)


def test_channels_last_are_moved_and_flat_samples_are_in_their_own_order():
    last = VALUES.transpose(0, 2, 3, 1)
    given = network(2, 3, 4, axes=(2, 0, 1))
    for form in (last, last.reshape(60, -1)):
        assert np.array_equal(calibration_samples(given, form).values["x"], VALUES.reshape(60, -1))
    assert calibration_samples(network(24), VALUES).values["x"].shape == (60, 24)
    grey = calibration_samples(network(1, 3, 4), VALUES[:, 0])
    assert np.array_equal(grey.values["x"], VALUES[:, 0].reshape(60, -1)), "an axis of 1 may be left out"


def test_axes_in_another_order_are_refused_and_not_read_as_they_are():
    with pytest.raises(DiagnosticError) as caught:
        calibration_samples(network(2, 3, 4), VALUES.transpose(0, 2, 3, 1))
    (item,) = caught.value.diagnostics
    assert item.message == "for input 'x' have shape [60, 3, 4, 2]; needs (samples, 2, 3, 4)"
    assert [fix.text for fix in item.fixes] == ["they may have channels last: pass x.transpose(0, 3, 1, 2)"]


@given(st.permutations([2, 3, 4]), st.integers(5, 9))
def test_a_fix_for_axes_gives_the_wanted_shape(order, count):
    values = np.zeros((count, *order))
    fixes = nearest_readings(values.shape, (2, 3, 4))
    if order == [2, 3, 4]:
        return
    call = fixes[0].partition("pass x")[2]
    assert eval("values" + call, {"values": values}).shape == (count, 2, 3, 4)


def codes(net, samples):
    return [(item.code, item.severity, item.message) for item in sample_notes(net, samples)]


def test_weak_samples_are_told():
    net = network(2, 3, 4)
    good = calibration_samples(net, VALUES, np.arange(60) % 3)
    assert not codes(net, good)
    assert [item[:2] for item in codes(net, calibration_samples(net, VALUES))] == [("ND846", "info")]
    regressor = network(2, 3, 4, task="regress")
    assert not codes(regressor, calibration_samples(regressor, VALUES))
    same = calibration_samples(net, np.ones((60, 2, 3, 4)), np.zeros((60, 1), dtype=np.uint8))
    assert codes(net, same) == [("ND845", "warning", "for input 'x' are all the same")]
    few = calibration_samples(net, VALUES[:49], np.zeros(49))
    assert [item[:2] for item in codes(net, few)] == [("ND845", "warning")]


def test_masked_and_huge_values_are_refused():
    hidden = np.ma.masked_array(np.ones((60, 24)), mask=False)
    hidden[0, 0] = np.ma.masked
    hidden[5, 3] = 1e300
    with pytest.raises(DiagnosticError) as caught:
        calibration_samples(network(24), hidden)
    assert [item.message for item in caught.value.diagnostics] == [
        "for input 'x' have values that are masked",
        "for input 'x' have 1 of 1,440 values that are not finite or beyond float32, the first in sample 5",
    ]


def test_files_of_samples_name_them_x_and_y(tmp_path):
    labels = (np.arange(60) % 3)[:, None].astype(np.uint8)
    for names in (("x", "y"), ("inputs", "labels"), ("x_train", "y_train")):
        np.savez(tmp_path / "data.npz", **dict(zip(names, (VALUES, labels), strict=True)))
        found = calibration_samples(network(2, 3, 4), tmp_path / "data.npz")
        assert found.labels.tolist() == labels[:, 0].tolist()
    (tmp_path / "data.npz").write_text("0.1,0.2\n0.3,0.4\n")
    with pytest.raises(DiagnosticError) as caught:
        calibration_samples(network(2), tmp_path / "data.npz")
    assert caught.value.diagnostics[0].code == "ND003"
