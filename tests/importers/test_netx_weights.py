"""Integer weights of netx files: stored without a change in one projection or two, or refused with the error of rounding."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from netx_files import CUBA, OPTIONS, conv, dense, file_of, messages

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.hardware.arithmetic import stored_mantissas
from neurodeploy.importers import load
from neurodeploy.importers.netx.fields import Fields, Findings
from neurodeploy.importers.netx.weights import parts_of

SUMS = {"type": "CUBA", "iDecay": 4096, "vDecay": 0, "vThMant": 131071}


def parts(weights):
    findings = Findings("a.net")
    found = parts_of(Fields("layer 0", "", {}, findings), np.asarray(weights, dtype=np.int64))
    return found, findings.all()


def formats(weights):
    return [(part.style.sign_mode, part.style.exponent) for part in parts(weights)[0]]


@given(
    st.lists(st.integers(-32896, 32639), min_size=1, max_size=8),
    st.integers(0, 4),
    st.sampled_from([1, 10, 100, 300, 1000, 10**6]),
)
@settings(max_examples=examples(300), deadline=None)
def test_parts_add_up_to_the_weights_and_are_stored_without_a_change(weights, shift, most):
    weights = (np.array(weights) % (2 * most) - most if most < 10**6 else np.array(weights)) << shift
    found, faults = parts(weights)
    assert bool(found) != bool(faults)
    total = np.zeros(weights.size)
    for part in found:
        for name in ("loihi1", "loihi2"):
            dialect = load_target(name).dialect
            assert np.array_equal(stored_mantissas(dialect, part.weights, 8, part.style.sign_mode), part.weights)
        total += part.weights * 2.0**part.style.exponent
    assert not found or np.array_equal(total, weights)
    assert found or shift


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([-256, 254], [("mixed", 0)]),
        ([1, 255], [("excitatory", 0)]),
        ([-1, -255], [("inhibitory", 0)]),
        ([-1, 1], [("mixed", -1)]),
        ([-128, 127], [("mixed", -1)]),
        ([-512, 508], [("mixed", 1)]),
        ([300, 4], [("mixed", 1)]),
        ([-129, 255], [("excitatory", 0), ("inhibitory", 0)]),
        ([-32768, 32512], [("mixed", 7)]),
        ([-257, 1], [("mixed", -1), ("mixed", 0)]),
        ([0, 0], [("mixed", 0)]),
    ],
)
def test_the_simplest_format_is_taken(weights, expected):
    assert formats(weights) == expected


@pytest.mark.parametrize("target", ["loihi1", "loihi2"])
@pytest.mark.parametrize(
    "row", [[-1, 1, 3], [-255, 255, 128], [300, -301, 7], [2**14 + 1, -3, 5], [-513 * 4, 254 * 4, 6], [127, -128, 0]]
)
def test_each_synapse_adds_its_weight(tmp_path, row, target):
    """One line spikes in each step; v of a neuron without leak is then the sum of its weights so far."""
    weights = np.array([row, row[::-1]])
    imported = load(file_of(tmp_path / "a.net", dense(weights, neuron=SUMS)), OPTIONS)
    recording = nd.run(nd.compile(imported.network, target), {"input": np.eye(3, dtype=int)[None]}, probes="layer0.v")
    assert (recording.states["layer0.v"][0][1:4] / 64).tolist() == np.cumsum(weights.T, axis=0).tolist()
    assert [line.quantity for line in imported.ledger].count("weights") == (len(imported.network.projections) > 1)


def test_the_shared_case_of_odd_weights_has_doubled_mantissas(reference_data):
    network = load(reference_data / "cases/netx-odd-weights/a.net", OPTIONS).network
    (projection,) = network.projections
    assert set(projection.operation.weights.ravel().tolist()) == {-2, 2}
    assert (projection.weight_format.exponent, projection.weight_format.sign_mode) == (-1, "mixed")
    for target in (load_target("loihi1"), load_target("loihi2", rules="lava-loihi")):
        assert not [line for line in nd.compile(network, target).ledger if line.quantity == "weights"]
    (line,) = (line for line in nd.compile(network, "loihi2").ledger if line.quantity == "weights")
    assert (line.level, line.got) == ("exact", "2 bits x 2^-7, mixed")


def test_kernels_are_split_by_sign_and_stay_convolutions(tmp_path):
    kernel = np.arange(24.0).reshape(3, 2, 2, 2, 1) * 18 - 201
    network = load(file_of(tmp_path / "a.net", *conv(weight=kernel)), OPTIONS).network
    names = [item.name for item in network.projections]
    assert names == ["input_to_layer1_excitatory", "input_to_layer1_inhibitory"]
    first, second = (item.operation.weights for item in network.projections)
    assert np.array_equal(first + second, kernel[..., 0])
    assert first.min() == 0
    assert second.max() == 0
    nd.compile(network, "loihi2")


def test_weights_beyond_two_projections_are_refused_with_the_error_of_rounding(tmp_path):
    with pytest.raises(nd.DiagnosticError) as caught:
        load(file_of(tmp_path / "a.net", dense([[100_001, -7, 3]])), OPTIONS)
    (item,) = caught.value.diagnostics
    assert (item.code, item.found, item.limit) == ("ND061", 100_001, 32_639)
    assert item.message == "layer 0 (dense): 1 of 3 weights are beyond what two projections of 8 bits hold"
    # 100,001 / 127 is 787.4, so the step is 1024, and 100,001 is 351 below 98 steps
    fix = "round weights to multiples of 1,024 before the export; the largest error is 351"
    assert [fix] == [entry.text for entry in item.fixes]


def test_an_exponent_of_the_file_multiplies_all_parts(tmp_path):
    neuron = {**CUBA, "wgtExp": 2}
    network = load(file_of(tmp_path / "a.net", dense([[-129, 255]], neuron=neuron)), OPTIONS).network
    assert [item.weight_format.exponent for item in network.projections] == [2, 2]
    again = dense([[4]], neuron=neuron, type="dense_rec", weight_rec=[[-2.0]])
    imported = load(file_of(tmp_path / "b.net", again), OPTIONS)
    assert [item.weight_format.exponent for item in imported.network.projections] == [2, 2]
    assert [line.quantity for line in imported.ledger].count("wgtExp") == 1


@pytest.mark.parametrize("shape", [(2, 3, 1, 1, 1), (2, 3, 1), (6,)])
def test_weights_of_other_axes_are_a_matrix_row_by_row(tmp_path, shape):
    layer = dense(np.zeros((2, 3)), weight=np.arange(6.0).reshape(shape) * 2)
    network = load(file_of(tmp_path / "a.net", layer), OPTIONS).network
    assert network.projections[0].operation.weights.tolist() == [[0, 2, 4], [6, 8, 10]]


def test_a_scalar_weight_is_one_synapse(tmp_path):
    network = load(file_of(tmp_path / "a.net", dense([[8]], weight=np.float64(8))), OPTIONS).network
    assert network.projections[0].operation.weights.tolist() == [[8]]


def test_weights_that_are_no_integers_are_refused(tmp_path):
    assert messages(file_of(tmp_path / "a.net", dense([[2.5, 4]]))) == [
        "layer 0 (dense): field 'weight' has 1 of 2 values that are not integers, first 2.5"
    ]
