"""Delays, layer types and faults of generated netx files; the behavior of netx is the reference."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from netx_files import CUBA, OPTIONS, conv, dense, file_of, messages

import neurodeploy as nd
from neurodeploy.importers import load
from neurodeploy.network import Current, Membrane


def spike_steps(network, population, size, *, lines=None):
    """Steps in which each neuron spikes after one spike of every line in step 1 (or of `lines`)."""
    program = nd.compile(network, "loihi2")
    shape = network.inputs[0].shape
    raster = np.zeros((1, 1, *shape), dtype=np.uint8)
    raster.reshape(1, 1, -1)[..., slice(None) if lines is None else lines] = 1
    rows = program.run({"input": raster}).spikes[population]
    return [rows[rows[:, 2] == k, 1].tolist() for k in range(size)]


def test_delays_of_the_only_layer_act_on_its_own_neurons(tmp_path):
    layer = dense(np.full((3, 4), 40), delay=np.array([0.0, 5.0, 9.0]))
    network = load(file_of(tmp_path / "a.net", layer), OPTIONS).network
    assert [steps[0] for steps in spike_steps(network, "layer0", 3)] == [2, 7, 11]


def test_the_cases_of_delays_that_are_shared(reference_data):
    folder = reference_data / "cases/netx-delay"
    network = load(folder / "a.net", OPTIONS).network
    assert [steps[0] for steps in spike_steps(network, "layer0", 3)] == [2, 7, 11]
    network = load(folder / "d.net", OPTIONS).network
    (projection,) = network.projections
    assert (projection.delay_axis, np.asarray(projection.delay_steps).tolist()) == (
        "synapse",
        np.arange(12).reshape(3, 4).tolist(),
    )


@pytest.mark.parametrize("form", ["scalar", "outputs", "sources", "matrix"])
def test_delays_are_the_matrix_that_netx_makes_of_them(tmp_path, form):
    """Spike by spike against one synapse at a time: each (output, source) pair arrives after its own delay."""
    rng = np.random.default_rng(5)
    delay = {
        "scalar": 7,
        "outputs": np.array([0.0, 3.0, 62.0]),
        "sources": np.array([4.0, 0.0, 11.0, 2.0]),
        "matrix": rng.integers(0, 30, (3, 4)).astype(float),
    }[form]
    column = np.asarray(delay).reshape(-1, 1) if form == "outputs" else np.asarray(delay)
    matrix = np.broadcast_to(column, (3, 4)).astype(int)
    # a neuron that forgets in one step shows each arrival as a spike of its own
    quick = {**CUBA, "vDecay": 4095, "vThMant": 30}
    layer = dense(np.full((3, 4), 40), delay=delay, neuron=quick)
    network = load(file_of(tmp_path / "a.net", layer), OPTIONS).network
    for source in range(4):
        steps = spike_steps(network, "layer0", 3, lines=source)
        assert steps == [[2 + int(matrix[k, source])] for k in range(3)]


def test_delays_of_a_square_layer_belong_to_outputs(tmp_path):
    layer = dense(np.full((3, 3), 60), delay=np.array([0, 2, 4]))
    network = load(file_of(tmp_path / "a.net", layer), OPTIONS).network
    assert network.projections[0].delay_axis == "target"


def test_delays_before_a_last_layer_are_not_counted_twice(tmp_path):
    layers = dense(np.full((2, 2), 90), delay=np.array([3, 3])), dense(np.full((2, 2), 90), delay=np.array([0, 4]))
    network = load(file_of(tmp_path / "a.net", *layers), OPTIONS).network
    assert [steps[0] for steps in spike_steps(network, "layer0", 2)] == [5, 5]
    assert [steps[0] for steps in spike_steps(network, "layer1", 2)] == [6, 10]


def test_delays_that_netx_cuts_are_cut_and_reported(tmp_path):
    imported = load(file_of(tmp_path / "a.net", dense(np.full((2, 2), 90), delay=np.array([1.9, 3.0]))), OPTIONS)
    assert np.asarray(imported.network.projections[0].delay_steps).tolist() == [1, 3]
    assert "rounded down to whole steps" in [line.got for line in imported.ledger]


@pytest.mark.parametrize(
    ("delay", "fault"),
    [
        (np.array([0.0, -1.0]), "has a delay of -1 steps"),
        (np.array([0.0, np.nan]), "field 'delay' has 1 non-finite of 2 values; the first is at [1]"),
        (np.zeros(5), "has delays of shape [5]; needs one, [2], [3] or [2, 3]"),
        (np.zeros((3, 2)), "has delays of shape [3, 2]; needs one, [2], [3] or [2, 3]"),
    ],
)
def test_delays_of_any_other_shape_are_refused(tmp_path, delay, fault):
    assert messages(file_of(tmp_path / "a.net", dense(np.full((2, 3), 90), delay=delay))) == [
        f"layer 0 (dense){':' if fault.startswith('field') else ''} {fault}"
    ]


def test_delays_beyond_62_are_shortened_and_counted(tmp_path):
    imported = load(file_of(tmp_path / "a.net", dense(np.full((2, 3), 90), delay=np.array([62.9, 200.0]))), OPTIONS)
    assert np.asarray(imported.network.projections[0].delay_steps).tolist() == [62, 62]
    (item,) = imported.findings
    assert (item.code, item.severity, item.found, item.limit, item.unit) == ("ND060", "warning", 200, 62, "step")
    assert item.message == (
        "layer 0 (dense): 1 of 2 delays are longer than netx supports; they are shortened to 62 steps"
    )


def test_delays_of_a_convolution_act_by_channel_and_are_reported(tmp_path):
    imported = load(file_of(tmp_path / "a.net", *conv(delay=np.array([0.0, 2.0, 5.0]))), OPTIONS)
    first = [steps[0] for steps in spike_steps(imported.network, "layer1", 27)]
    assert first == [2] * 9 + [4] * 9 + [7] * 9
    (item,) = imported.findings
    assert (item.code, item.severity) == ("ND064", "warning")
    silent = load(file_of(tmp_path / "b.net", *conv(delay=np.zeros(3))), OPTIONS)
    assert not silent.findings
    assert messages(file_of(tmp_path / "c.net", *conv(delay=np.zeros(2))))


def test_an_input_of_one_axis_acts_like_biases(tmp_path, reference_data):
    """netx sets the bias of the input's neurons: it meets the voltage at once, whatever the current's filter."""
    given = {"type": "input", "shape": np.array([5]), "weight": np.array([76.0]), "bias": np.array([64.0])}
    slow = {**CUBA, "iDecay": 1024}
    path = file_of(tmp_path / "a.net", {**given, "neuron": slow}, dense(np.full((4, 5), 20)))
    for file in (path, reference_data / "cases/netx-plain-shapes/a.net"):
        network = load(file, OPTIONS).network
        assert isinstance(network.inputs[0].encoder, Current)
        probed = network.model_copy(update={"probes": (nd.Probe(name="v", target="layer0", variable="v"),)})
        values = np.full((1, 6, 5), 30.0)
        v = nd.compile(probed, "loihi2").run({"input": values}).states["v"][0][:, 0]
        expected, now = [0], 0
        for _ in range(5):
            now = now * (4096 - 128) // 4096 + (30 << 6)
            now = 0 if now > 80 << 6 else now
            expected.append(now)
        assert v[: len(expected)].tolist() == expected


def test_an_output_without_neurons_sums_up_and_is_read(tmp_path, reference_data):
    layers = dense(np.full((2, 3), 90)), dense([[10, -4], [6, 8]], neuron=None)
    path = file_of(tmp_path / "c.net", *layers)
    imported = load(path, OPTIONS)
    assert isinstance(imported.network.outputs[0].decoder, Membrane)
    assert any(line.quantity == "neurons" for line in imported.ledger)
    probed = imported.network.model_copy(update={"probes": (nd.Probe(name="v", target="layer1", variable="v"),)})
    v = nd.compile(probed, "loihi2").run({"input": np.ones((1, 3, 3), dtype=int)}).states["v"][0]
    assert (v[2:5] >> 6).tolist() == [[6, 14], [12, 28], [18, 42]]
    assert load(reference_data / "cases/netx-plain-shapes/c.net", OPTIONS).network.populations[1].size == 2


def test_a_bias_of_an_output_without_neurons_is_added_when_the_answer_is_read(tmp_path):
    """netx adds it to v in every step without keeping it: v is the sum of all inputs plus the bias once."""
    bias = np.array([0.0, 13.0])
    path = file_of(tmp_path / "a.net", dense(np.full((2, 3), 90)), dense([[10, -4], [2, 2]], neuron=None, bias=bias))
    imported = load(path, OPTIONS)
    assert np.asarray(imported.network.outputs[0].decoder.offset).tolist() == [0, 13 << 6]
    program = nd.compile(imported.network, "loihi2")
    answers = []
    for steps in range(3, 13):
        recording = program.run({"input": np.ones((1, steps, 3), dtype=int)}, until=steps)
        answers.append(int(nd.answers(program, recording)[0]))
    inputs = np.arange(1, 11)  # spikes of both neurons that arrived by the last step
    assert answers == [int(4 * n + 13 > 6 * n) for n in inputs]


def test_layers_that_never_spike_are_last(tmp_path):
    middle = dense(np.full((2, 3), 90), neuron=None), dense(np.full((2, 2), 90))
    assert "layer 0 has no neurons" in messages(file_of(tmp_path / "b.net", *middle))[0]
    affine = {**CUBA, "vThMant": (1 << 18) - 1}
    after = dense(np.full((2, 3), 90), neuron=affine), dense(np.full((2, 2), 90))
    assert messages(file_of(tmp_path / "c.net", *after)) == ["layer 0 never spikes, but layer 1 follows it"]


def test_an_affine_layer_is_read_by_its_voltage(tmp_path):
    affine = {**CUBA, "vThMant": (1 << 18) - 1}
    imported = load(file_of(tmp_path / "a.net", dense(np.full((2, 3), 90), neuron=affine)), OPTIONS)
    assert isinstance(imported.network.outputs[0].decoder, Membrane)
    assert ("262,143", "131,071") in [(line.asked, line.got) for line in imported.ledger]
    assert (
        nd.compile(imported.network, "loihi1").run({"input": np.ones((1, 500, 3), dtype=int)}).spikes["layer0"].size
        == 0
    )


def test_all_faults_of_a_file_are_reported_at_once(tmp_path):
    path = file_of(
        tmp_path / "a.net",
        dense(np.full((4, 5), 20), neuron={**CUBA, "type": "ADRF_PHASE"}),
        {"type": "concat", "shape": np.array([4])},
        dense(np.full((4, 4), 20), neuron={**CUBA, "type": "SRM"}, delay=np.array([1.0, 70, 80, 2])),
        {"type": "average", "shape": np.array([2])},
        dense(np.full((3, 9), 20), bias=np.ones(2), neuron={**CUBA, "vDecay": 0.5, "iDecay": -3}),
        dense(np.full((3, 3), 10**6), type="dense_rec"),
    )
    known = "CUBA, LOIHI, ALIF, RF_PHASE, RF_IZHIKEVICH, SDNN"
    assert messages(path) == [
        "neurons of type 'ADRF_PHASE' are not imported, and netx drops their adaptation; train with RF neurons: layer 0 (dense)",
        "layers of type 'concat' are not imported (input, flatten, dense, dense_rec, dense_comp, recurrent, conv, pool,"
        " unpool, convT, average are): layer 1",
        f"neurons of type 'SRM' are not imported ({known} are): layer 2 (dense)",
        "layer 4 follows an average, which is only imported as the last layer",
        "layer 4 (dense): field 'neuron/iDecay' is -3; needs 1 to 2147483647",
        "layer 4 (dense): field 'neuron/vDecay' is 0.5, which is not a whole number",
        "layer 4 (dense) has 2 biases for 3 neurons; needs one for all or one for each",
        "layer 4 (dense) has weights of shape [3, 9], needs (neurons, sources); 2 neurons feed it",
        "layer 5 (dense_rec): 9 of 9 weights are beyond what two projections of 8 bits hold",
        "layer 5 (dense_rec) lacks its recurrent weights",
        "layer 2 (dense): 2 of 4 delays are longer than netx supports; they are shortened to 62 steps",
    ]


def test_a_shape_that_contradicts_the_weights_of_a_first_layer_is_reported(tmp_path):
    path = file_of(tmp_path / "a.net", dense(np.full((2, 3), 90), shape=np.array([3])))
    assert messages(path) == ["layer 0 (dense) has shape [3]; its weights reach 2 neurons"]


def test_weights_of_one_axis_are_a_matrix_row_by_row(tmp_path):
    flat = dense(np.full((2, 3), 90), weight=np.arange(6.0) * 2)
    network = load(file_of(tmp_path / "a.net", flat), OPTIONS).network
    assert network.projections[0].operation.weights.tolist() == [[0, 2, 4], [6, 8, 10]]


def test_biases_by_position_are_ordered_width_height_channels(tmp_path):
    given, layer = conv()
    layer |= {
        "shape": np.array([3, 3, 2]),
        "weight": np.full((3, 2, 2, 3, 1), 40.0),
        "bias": np.arange(18.0).reshape(2, 3, 3),
    }
    network = load(file_of(tmp_path / "a.net", given, layer), OPTIONS).network
    assert (
        network.populations[0].neuron.bias_mant.tolist()
        == np.arange(18).reshape(2, 3, 3).transpose(2, 1, 0).ravel().tolist()
    )
    layer |= {"bias": np.ones(9)}
    assert "9 biases for 18 neurons" in messages(file_of(tmp_path / "b.net", given, layer))[0]


WILD = [-7, np.nan, np.inf, -1e30, 1e300, 0.5, np.zeros((0,)), np.arange(7), "word", {"a": 1}, h5py.Empty("f8")]
KEYS = ["iDecay", "vDecay", "vThMant", "refDelay", "wgtExp", "gradedSpike"]


@pytest.mark.parametrize("key", [*(f"neuron/{name}" for name in KEYS), "stride", "padding", "dilation", "groups"])
@pytest.mark.parametrize("value", range(len(WILD)))
def test_malformed_values_of_a_field_are_findings(tmp_path, key, value):
    given, layer = conv()
    fields = dict(layer)
    if key.startswith("neuron/"):
        fields["neuron"] = {**CUBA, key.removeprefix("neuron/"): WILD[value]}
    else:
        fields[key] = WILD[value]
    path = file_of(tmp_path / "a.net", given, fields)
    if key == "neuron/wgtExp" and value == 0:
        assert load(path, OPTIONS).network.projections[0].weight_format.exponent == -7
        return
    found = messages(path) if key != "neuron/gradedSpike" else _maybe(path)
    assert all(message.startswith(("layer 1 (conv)", "graded spikes of CUBA")) for message in found)


def _maybe(path):
    try:
        load(path, OPTIONS)
    except nd.DiagnosticError as error:
        return [item.message for item in error.diagnostics]
    return []


@pytest.mark.parametrize("key", ["weight", "bias", "shape", "type", "delay", "neuron"])
@pytest.mark.parametrize("value", range(len(WILD)))
def test_malformed_fields_of_a_layer_are_findings(tmp_path, key, value):
    path = file_of(tmp_path / "a.net", dense(np.full((2, 3), 90), **{key: WILD[value]}))
    for message in _maybe(path):
        assert "\n" not in message
    assert _maybe(path) or (key == "bias" and value == 0) or (key == "delay" and value == 5)


GROUPS = {
    "recurrent": dense(np.full((2, 2), 90), type="dense_rec", weight_rec=np.eye(2) * 4),
    "resonators": {
        **dense(np.full((2, 2), 90), neuron={"type": "RF_PHASE", "sinDecay": 9, "cosDecay": 9, "vThMant": 9}),
        "weight": {"real": np.ones((2, 2)), "imag": np.ones((2, 2))},
    },
    "adaptive": dense(
        np.full((2, 2), 90),
        neuron={"type": "ALIF", "iDecay": 9, "vDecay": 9, "thDecay": 9, "refDecay": 9, "vThMant": 9, "vThStep": 9},
    ),
}


@pytest.mark.parametrize("value", range(0, len(WILD), 3))
@pytest.mark.parametrize("name", GROUPS)
def test_malformed_fields_of_other_layers_are_findings(tmp_path, name, value):
    """Each field in turn, of the layer and of its groups, becomes something else."""
    layer = GROUPS[name]
    fields = [(key, None) for key in layer] + [
        (key, inner) for key, group in layer.items() if isinstance(group, dict) for inner in group
    ]
    for number, (key, inner) in enumerate(fields):
        changed = WILD[value] if inner is None else {**layer[key], inner: WILD[value]}
        for message in _maybe(file_of(tmp_path / f"{number}.net", {**layer, key: changed})):
            assert "\n" not in message


def test_layers_are_numbered_from_0_on(tmp_path):
    path = file_of(tmp_path / "a.net", dense([[2, 2]]), dense([[2]]))
    with h5py.File(path, "r+") as file:
        file.move("layer/1", "layer/3")
        file["layer"].create_group("note\x1b[31m")
    assert messages(path) == [
        "group 'layer' has 1 members that are not layer numbers, first 'note?[31m'",
        "has 2 layers, but no layer 1",
    ]


def test_a_layer_too_large_for_memory_is_refused(tmp_path):
    given = {"type": "input", "shape": np.array([2**30, 2**30]), "neuron": CUBA}
    assert "more neurons than supported" in messages(file_of(tmp_path / "a.net", given))[0]


@pytest.mark.parametrize("name", ["-x.net", ".net", "größe.net", f"{'a' * 230}.net"])
def test_any_name_of_a_file_gives_a_network(tmp_path, name):
    assert load(file_of(tmp_path / name, dense([[2, 2]])), OPTIONS).network.name
