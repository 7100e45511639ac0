"""Forms of stimuli (arrays, event rows, sensor events, iterators), and that all of them mean the same."""

from __future__ import annotations

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Bias, Events, LoihiCuba, Poisson, WeightFormat
from neurodeploy.network.graded import SigmaDelta
from neurodeploy.network.neurons import Noise
from neurodeploy.simulate import RunOptions, SampleValues, Stimulus, encode

pytestmark = pytest.mark.usefixtures("engine")

STYLE = WeightFormat(weight_bits=8, exponent=3, sign_mode="mixed")


def net(lines, encoder="spikes", neuron=None):
    rng = np.random.default_rng(lines if isinstance(lines, int) else sum(lines))
    weights = 2 * rng.integers(-60, 90, (6, int(np.prod(lines))))
    neuron = neuron or LoihiCuba(du=900, dv=300, vth_mant=200)
    return one_layer(neuron, weights, input_shape=lines, encoder=encoder, weight_format=STYLE, output="out")


def compiled(network):
    return nd.compile(network, "loihi2")


def same(one, other):
    for name in one.spikes:
        assert np.array_equal(one.spikes[name], other.spikes[name]), name
    for name in one.input_spikes:
        assert np.array_equal(one.input_spikes[name], other.input_spikes[name]), name


@pytest.mark.parametrize("lines", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("backend", ["emulator", "reference"])
def test_a_raster_and_its_rows_are_the_same_stimulus(lines, backend):
    program = compiled(net(lines))
    raster = (np.random.default_rng(1).random((3, 12, lines)) < 0.2).astype(np.uint8)
    rows = np.argwhere(raster) + [0, 1, 0]
    by_raster = program.run({"in": raster}, backend=backend)
    by_rows = program.run({"in": np.random.default_rng(2).permutation(rows)}, steps=12, backend=backend)
    assert np.array_equal(by_raster.input_spikes["in"], rows)
    assert len(by_raster.spikes["cells"])
    same(by_raster, by_rows)


def test_rasters_of_two_inputs_go_on_from_a_kept_state():
    two = net(70)
    wires = (*two.projections, nd.dense("more", "cells", np.full((6, 3), 30), weight_format=STYLE))
    two = two.model_copy(update={"inputs": (*two.inputs, nd.Input(name="more", shape=3)), "projections": wires})
    program, rng = compiled(two), np.random.default_rng(4)
    raster = {"in": (rng.random((2, 20, 70)) < 0.1).astype(int), "more": (rng.random((2, 20, 3)) < 0.5).astype(int)}
    shown = encode(two, raster)
    whole = nd.run(program, shown, until=22)
    first = nd.run(program, shown, until=9, options=RunOptions(keep_state=True))
    rest = nd.run(program, shown, until=22, options=RunOptions(resume=first.final_state))
    for of in ("spikes", "input_spikes"):
        for name, rows in getattr(whole, of).items():
            late = rows[rows[:, 1] > 9]
            assert np.array_equal(getattr(rest, of)[name], late)
            assert np.array_equal(getattr(first, of)[name], rows[rows[:, 1] <= 9])


def test_batches_change_no_draw():
    noise = Noise(exponent=12, at="membrane")
    program = compiled(net(30, Poisson(max_rate=0.4), neuron=LoihiCuba(du=900, dv=300, vth_mant=200, noise=noise)))
    values = np.random.default_rng(3).random((7, 30))
    whole = program.run({"in": values}, steps=15, seed=5)
    assert len(whole.spikes["cells"])
    for batch in (1, 2, 7):
        same(whole, program.run(({"in": one} for one in values), steps=15, batch=batch, seed=5))
    other = program.run({"in": values[1:]}, steps=15, seed=5)
    assert not np.array_equal(other.input_spikes["in"][:50, 1:], whole.input_spikes["in"][:50, 1:])


def test_states_of_batches_are_joined_and_can_be_gone_on_from():
    program = compiled(net(5))
    raster = (np.random.default_rng(3).random((5, 20, 5)) < 0.5).astype(np.uint8)
    options = RunOptions(keep_state=True)
    shown = encode(program.network, {"in": raster[:, :8]})
    one = nd.run(program, shown, options=options)
    several = nd.run(program, ({"in": item} for item in raster), steps=8, batch=2, options=options)
    assert several.final_state == one.final_state


def test_a_sigma_delta_population_goes_on_with_its_residue():
    neuron = SigmaDelta(threshold=300, spike_exp=2, state_exp=3)
    network = net(8, "current", neuron=neuron)
    program, values = compiled(network), np.random.default_rng(9).integers(-40, 40, (2, 25, 8)).astype(float)
    shown = encode(network, {"in": values})
    whole = nd.run(program, shown, until=25)
    first = nd.run(program, shown, until=11, options=RunOptions(keep_state=True))
    rest = nd.run(program, shown, until=25, options=RunOptions(resume=first.final_state))
    late = whole.spikes["cells"][:, 1] > 11
    assert late.any()
    assert np.array_equal(rest.spikes["cells"], whole.spikes["cells"][late])
    assert np.array_equal(rest.payloads["cells"], whole.payloads["cells"][late])


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_the_bias_encoder_is_an_integrator(reset):
    values, threshold, steps = np.array([[0.0, 0.001, 0.3, 0.5, 0.77, 1.0]]), 1000, 60
    network = net(6, Bias(threshold=threshold, reset=reset))
    rows = encode(network, SampleValues(values={"in": values}), steps=steps).rows("in")
    v, expected = np.zeros(6, dtype=int), []
    for t in range(1, steps + 1):
        v += np.rint(values[0] * threshold).astype(int)
        fired = v >= threshold
        expected += [[0, t, k] for k in np.flatnonzero(fired)]
        v = np.where(fired, v - threshold if reset == "subtract" else 0, v)
    assert rows.tolist() == expected


EVENTS = np.array([[0, 1, 0, 1], [999, 1, 0, 1], [1000, 2, 1, 0], [5200, 0, 1, 1]])


def test_events_of_a_sensor_fall_into_steps_and_polarities():
    network = net((2, 2, 3), Events())
    rows = encode(network, SampleValues(values={"in": np.insert(EVENTS, 0, 0, axis=1)}, n_samples=2))
    assert (rows.n_samples, rows.n_steps) == (2, 6)
    assert rows.rows("in").tolist() == [[0, 1, 7], [0, 2, 5], [0, 6, 9]]
    merged = net((2, 3), Events(columns="xytp", unit_s=1e-3))
    moved = np.insert(EVENTS[:, [1, 2, 0, 3]] // [1, 1, 1000, 1], 0, 1, axis=1)
    assert encode(merged, {"in": moved}, steps=5).rows("in").tolist() == [[1, 1, 1], [1, 2, 5]]


def test_structured_events_are_what_their_fields_say():
    kind = np.dtype([("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "?")])
    events = np.array([tuple(row) for row in EVENTS[:, [1, 2, 0, 3]]], dtype=kind)
    program = compiled(net((2, 2, 3), Events()))
    by_field = program.run(({"in": events} for _ in range(3)), steps=6, batch=2)
    by_column = program.run(({"in": EVENTS} for _ in range(3)), steps=6)
    assert by_field.input_spikes["in"].tolist() == [[k, *row] for k in range(3) for row in ([1, 7], [2, 5], [6, 9])]
    same(by_field, by_column)


def told(call):
    with pytest.raises(DiagnosticError) as caught:
        call()
    return [f"{item.subject}: {item.message}" for item in caught.value.diagnostics]


def test_events_outside_the_sensor_are_all_told():
    network = net((2, 2, 3), Events())
    bad = np.array([[0, -1, 0, 0, 0], [0, 5, 3, 0, 0], [0, 5, 0, 2, 2]])
    assert told(lambda: encode(network, {"in": bad})) == [
        "input 'in': 1 events have a time below 0, first -1",
        "input 'in': 1 events have a column outside 0..2, first 3",
        "input 'in': 1 events have a row outside 0..1, first 2",
        "input 'in': 1 events have a polarity outside 0..1, first 2",
    ]
    assert told(lambda: encode(network, {"in": bad[:, 2:]})) == [
        "input 'in': events have shape [3, 3] of int64; needs integer rows (sample, time, column, row, polarity)"
    ]
    flat = net(12, Events())
    assert told(lambda: encode(flat, {"in": bad})) == [
        "input 'in': has shape [12]; events need (height, width), or (2, height, width) to distinguish polarities"
    ]


def test_samples_of_several_lengths_need_to_be_told_how_long():
    program = compiled(net(3))
    ragged = [{"in": np.ones((4, 3), dtype=int)}, {"in": np.ones((6, 3), dtype=int)}]
    whole = program.run(iter(ragged), batch=2)
    assert whole.n_steps == 5
    assert np.bincount(whole.input_spikes["in"][:, 0]).tolist() == [12, 12]
    assert np.bincount(program.run(iter(ragged), steps=6, batch=1).input_spikes["in"][:, 0]).tolist() == [12, 18]
    wrong = [{"in": np.ones((4, 3), dtype=int)}, {"in": np.ones((4, 2, 2), dtype=int)}]
    assert told(lambda: program.run(iter(wrong))) == [
        "input 'in': samples have different shapes: sample 0 [4, 3], sample 1 [4, 2, 2]"
    ]
    pairs = [{"in": np.array([[1, 2], [4, 0]])}]
    assert told(lambda: program.run(iter(pairs))) == ["input 'in': the sample length is not specified"]
    assert program.run(iter(pairs), steps=4).input_spikes["in"].tolist() == [[0, 1, 2], [0, 4, 0]]
    assert told(lambda: program.run({"in": np.array([["a"]])})) == ["input 'in': has <U1 values; needs numbers"]


def test_a_state_that_is_not_whole_is_refused():
    program = compiled(net(3))
    raster = {"in": np.ones((1, 9, 3), dtype=int)}
    shown = encode(program.network, raster)
    kept = nd.run(program, shown, until=4, options=RunOptions(keep_state=True)).final_state
    wrong = {**kept.variables, "cells.u": np.zeros((1, 5), dtype=int)}
    wrong.pop("cells.v")
    broken = kept.model_copy(update={"variables": wrong})
    assert told(lambda: nd.run(program, shown, options=RunOptions(resume=broken))) == [
        "state 'cells.u': the state to resume from holds it in shape [1, 5]; needs [1, 6]",
        "state 'cells.v': the state to resume from has no such array",
    ]


def test_probes_are_named_as_people_name_them():
    program = compiled(net(3))
    run = program.run({"in": np.ones((1, 5, 3), dtype=int)}, probes=["cells", "cells.u", ("cells", "v_register")])
    assert set(run.states) == {"cells.v", "cells.u", "cells.v_register"}
    assert told(lambda: program.run({"in": np.ones((1, 5, 3), dtype=int)}, probes=["cells.s", "cells.w"])) == [
        "probe 'cells.s': no neuron kind or plastic projection has a state 's'; states are v, u, v_register, residue, error, theta, r, w, d, t, x1, x2, y1, y2, y3",
        "probe 'cells.w': population 'cells' (loihi_cuba) has no state 'w', only v, u, v_register",
    ]


def test_a_raster_of_another_shape_is_refused():
    program = compiled(net(3))
    wrong = Stimulus(n_samples=1, n_steps=4, rasters={"in": np.ones((1, 4, 2), dtype=np.uint8), "x": np.zeros((1, 1, 1))
                     .astype(np.uint8)})  # fmt: skip
    assert told(lambda: nd.run(program, wrong)) == [
        "input 'in': raster has shape [1, 4, 2] of uint8; needs [1, 4, 3] of uint8",
        "input 'x': is not an input of network 'net': in",
    ]
