"""--layers, --reset-interval and --reset-offset of netx files, with the meaning that netx gives them."""

from __future__ import annotations

import numpy as np
import pytest
from netx_files import CUBA, OPTIONS, conv, dense, file_of, messages

import neurodeploy as nd
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network import Current

QUICK = {**CUBA, "vDecay": 0, "vThMant": 0}


def chosen(**options):
    return OPTIONS.model_copy(update=options)


def four(path):
    """An input with neurons, a convolution, a flatten and two dense layers."""
    given, kernel = conv()
    flat = {"type": "flatten", "shape": np.array([27])}
    layers = dense(np.full((5, 27), 4)), dense(np.full((2, 5), 6))
    return file_of(path, {**given, "neuron": CUBA}, kernel, flat, *layers)


@pytest.mark.parametrize(
    ("text", "names", "shape"),
    [
        ("0:2", ["layer0", "layer1"], (2, 4, 4)),
        ("1:2", ["layer1"], (2, 4, 4)),
        ("1:", ["layer1", "layer3", "layer4"], (2, 4, 4)),
        ("2:4", ["layer3"], (27,)),
        ("3:", ["layer3", "layer4"], (27,)),
        (":4", ["layer0", "layer1", "layer3"], (2, 4, 4)),
        ("4:5", ["layer4"], (5,)),
    ],
)
def test_a_slice_reads_the_output_of_the_layer_before(tmp_path, text, names, shape):
    imported = load(four(tmp_path / "a.net"), chosen(layers=text))
    network = imported.network
    assert [item.name for item in network.populations] == names
    assert (network.inputs[0].shape, network.outputs[0].source) == (shape, names[-1])
    assert isinstance(network.inputs[0].encoder, Current) == (names[0] == "layer0")
    assert any(line.quantity == "layers" and "5 in the file" in line.asked for line in imported.ledger)
    nd.compile(network, "loihi2")


def test_slices_in_a_row_give_the_spikes_of_the_whole_file(tmp_path):
    rng = np.random.default_rng(1)
    path = file_of(tmp_path / "a.net", *(dense(rng.integers(-20, 60, (6, 6)) * 2) for _ in range(3)))
    shown = (rng.random((1, 40, 6)) < 0.4).astype(int)

    def spikes(text, values, name):
        program = nd.compile(load(path, chosen(layers=text)).network, "loihi2")
        rows, raster = nd.run(program, {"input": values}, until=40).spikes[name], np.zeros((1, 40, 6), dtype=int)
        raster[0, rows[:, 1] - 1, rows[:, 2]] = 1
        return raster

    whole = spikes("0:3", shown, "layer2")
    assert whole.any()
    assert np.array_equal(spikes("2:3", spikes("0:2", shown, "layer1"), "layer2"), whole)


def test_a_slice_leaves_out_the_faults_of_other_layers(tmp_path):
    path = file_of(tmp_path / "a.net", dense([[2, 4]], neuron={**CUBA, "type": "SRM"}), dense([[2]]))
    assert load(path, chosen(layers="1:2")).network.inputs[0].shape == (1,)


@pytest.mark.parametrize(
    ("text", "fault", "fix"),
    [
        ("2:2", "--layers 2:2 chooses no layer; the file has layers 0 to 4", "--layers 2:5"),
        ("3:1", "--layers 3:1 chooses no layer; the file has layers 0 to 4", "--layers 3:5"),
        ("1:9", "--layers 1:9 ends beyond the last layer; the file has layers 0 to 4", "--layers 1:5"),
        ("7:", "--layers 7: chooses no layer; the file has layers 0 to 4", "--layers 0:5"),
    ],
)
def test_layers_that_the_file_does_not_have_are_found(tmp_path, text, fault, fix):
    with pytest.raises(nd.DiagnosticError) as caught:
        load(four(tmp_path / "a.net"), chosen(layers=text))
    (item,) = caught.value.diagnostics
    assert (item.code, item.message, [entry.text for entry in item.fixes]) == ("ND062", fault, [fix])
    assert load(four(tmp_path / "b.net"), chosen(layers=fix.split()[1]))


@pytest.mark.parametrize("text", ["", "3", "a:b", "1:2:3", "-1:2", "1:-2"])
def test_a_choice_of_another_form_is_no_option(text):
    with pytest.raises(nd.DiagnosticError, match="must be two numbers of layers, A:B"):
        ImportOptions(layers=text)


def test_an_offset_without_an_interval_is_found(tmp_path):
    assert messages(file_of(tmp_path / "a.net", dense([[2]])), chosen(reset_offset_steps=3)) == [
        "--reset-offset shifts periodic resets, but there are none without --reset-interval"
    ]


@pytest.mark.parametrize("offset", [0, 2])
def test_resets_are_a_step_later_in_each_layer_with_neurons(tmp_path, offset):
    imported = load(four(tmp_path / "a.net"), chosen(reset_interval_steps=16, reset_offset_steps=offset))
    resets = [item.state_reset for item in imported.network.populations]
    # values of an input layer act a step later than in netx, and so do its resets
    assert [(item.interval_steps, item.offset_steps) for item in resets] == [(16, offset + n) for n in (2, 3, 4, 5)]
    later = load(four(tmp_path / "b.net"), chosen(layers="3:", reset_interval_steps=16)).network.populations
    assert [item.state_reset.offset_steps for item in later] == [1, 2]


def test_a_reset_comes_before_the_step_whose_remainder_it_has(tmp_path):
    """lava's LIFReset: u and v are 0 before step t if t % interval == offset % interval; netx starts with offset 1."""
    sums = {**CUBA, "iDecay": 4096, "vDecay": 0, "vThMant": 131071}
    path = file_of(tmp_path / "a.net", dense([[2]], neuron=sums, bias=1))
    network = load(path, chosen(reset_interval_steps=5)).network
    program = nd.compile(network, "loihi2")
    v = nd.run(program, {"input": np.zeros((1, 12, 1), dtype=int)}, probes="layer0.v", until=12).states["layer0.v"]
    assert (v[0, :, 0] >> 6).tolist() == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]


def test_each_interval_gives_what_a_run_of_its_own_gives(tmp_path):
    """Values that change with the resets: from its reset on, each layer sees one sample only, as in netx."""
    rng = np.random.default_rng(5)
    given = {"type": "input", "shape": np.array([6]), "neuron": CUBA}
    layers = [dense(rng.integers(-30, 60, (6, 6)) * 2, bias=rng.integers(0, 30, 6)) for _ in range(3)]
    path, images = file_of(tmp_path / "a.net", given, *layers), rng.integers(0, 60, (3, 6))

    def raster(values, steps):
        network = load(path, chosen(reset_interval_steps=12)).network
        recording = nd.run(nd.compile(network, "loihi2"), {"input": values[None]}, until=steps)
        found = np.zeros((4, steps + 1, 6), dtype=int)
        for number in range(4):
            rows = recording.spikes[f"layer{number}"]
            found[number, rows[:, 1], rows[:, 2]] = 1
        return found

    whole = raster(np.repeat(images, 12, axis=0), 36)
    for sample, image in enumerate(images):
        alone = raster(np.repeat(image[None], 12, axis=0), 16)
        for number in range(4):
            seen = slice(2 + number, 14 + number)  # from the step of its first reset to the next one
            shifted = whole[number, 12 * sample + 2 + number : 12 * sample + 14 + number]
            assert np.array_equal(shifted, alone[number, seen][: len(shifted)])
        assert alone[3].any()


def test_layers_of_other_neurons_are_not_reset(tmp_path):
    alif = {"type": "ALIF", "iDecay": 9, "vDecay": 9, "thDecay": 9, "refDecay": 9, "vThMant": 9, "vThStep": 9}
    path = file_of(tmp_path / "a.net", dense([[2]]), dense([[2]], neuron=alif))
    imported = load(path, chosen(reset_interval_steps=8))
    assert [item.state_reset is None for item in imported.network.populations] == [False, True]
    assert [(item.code, item.severity) for item in imported.findings] == [("ND063", "warning")]
