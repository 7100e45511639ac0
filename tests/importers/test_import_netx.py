"""netx files against the results of lava-dl, and findings for unsupported or invalid files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import Current, Network, StateReset
from neurodeploy.quantize import quantize
from neurodeploy.simulate import Stimulus

pytestmark = pytest.mark.usefixtures("engine")

OPTIONS = ImportOptions(dt_s=1e-3)


@pytest.fixture(scope="module")
def folder(reference_data):
    return reference_data / "real_inputs/lava_dl"


def only(network, name, source_shape=None):
    """One layer of a network, fed by an input of spikes, with its current probed."""
    (projection,) = (item for item in network.projections if item.target == name)
    shape = source_shape or network.population_by_name[projection.source].shape
    return Network(
        name=name,
        time=network.time,
        inputs=(nd.Input(name="in", shape=shape),),
        populations=(network.population_by_name[name],),
        projections=(projection.model_copy(update={"source": "in"}),),
        probes=(nd.Probe(name="u", target=name, variable="u"),),
    )


def raster(recording, name, steps, size):
    found = np.zeros((steps, size), dtype=np.int64)
    rows = recording.spikes[name]
    found[rows[:, 1] - 1, rows[:, 2]] = 1
    return found


def run(network, name, stimulus, steps):
    chip = load_target("loihi2")
    program = emit_program(place(partition(quantize(network, chip), chip)))
    recording = nd.run(program, stimulus, until=steps)
    return recording, raster(recording, name, steps, network.population_by_name[name].size)


def events(columns):
    """Spike rows of an array (lines, columns) in which column c is step c + 1."""
    line, column = np.nonzero(columns)
    order = np.lexsort((line, column))
    return np.stack([np.zeros(line.size), column[order] + 1, line[order]], axis=1).astype(np.int32)


def test_a_dense_layer_gives_the_recorded_currents_and_spikes(folder):
    truth = np.load(folder / "gt_dense.npz")
    network = only(load(folder / "oxford.net", OPTIONS).network, "layer0", (200,))
    steps = truth["in"].shape[1]
    shown = Stimulus(n_samples=1, n_steps=steps, spikes={"in": events(truth["in"])})
    recording, spikes = run(network, "layer0", shown, steps)
    assert np.array_equal(recording.states["u"][0].T, truth["current"].astype(np.int64) << 6)
    assert np.array_equal(spikes.T, truth["out"])
    assert truth["out"].sum() == 1826


def test_a_network_of_convolutions_gives_the_recorded_spikes_layer_by_layer(folder):
    truth = np.load(folder / "gt_tinynet.npz")
    network = load(folder / "tiny.net", OPTIONS).network
    flat = {key: truth[key][0].reshape(-1, 16) for key in ("input", "layer1", "output", "current")}
    values = np.zeros((1, 16, 768))
    values[0, :15] = truth["input_bias"].transpose(2, 1, 0).ravel()
    first = network.model_copy(
        update={"populations": network.populations[:1], "projections": network.projections[:1], "outputs": ()}
    )
    _, spikes = run(first, "layer0", Stimulus(n_samples=1, n_steps=16, currents={"input": values}), 16)
    assert np.array_equal(spikes.T, flat["input"])
    for name, before, after in (("layer1", "input", "layer1"), ("layer2", "layer1", "output")):
        layer = only(network, name)
        # the recording has no step between layers: its column c is step c + 2 here; its biases begin in column 1
        cells = layer.populations[0].model_copy(update={"state_reset": StateReset(interval_steps=99, offset_steps=3)})
        layer = layer.model_copy(update={"populations": (cells,)})
        shown = Stimulus(n_samples=1, n_steps=16, spikes={"in": events(flat[before])})
        recording, spikes = run(layer, name, shown, 17)
        assert np.array_equal(spikes[2:].T, flat[after][:, 1:])
        assert not flat[after][:, 0].any()
        if name == "layer1":
            assert np.array_equal(recording.states["u"][0][1:].T, flat["current"].astype(np.int64) << 6)


def test_whole_files_keep_every_integer(folder):
    for name, sizes in (("oxford", [256, 200]), ("mnist", [128, 64, 10]), ("tiny", [768, 864, 36])):
        imported = load(folder / f"{name}.net", OPTIONS)
        assert [item.size for item in imported.network.populations] == sizes
        program = nd.compile(imported.network, "loihi2")
        assert all(line.level == "assumed" for line in imported.ledger)
        assert not any(line.level in ("rounded", "approximate") for line in program.ledger)
    assert isinstance(load(folder / "tiny.net", OPTIONS).network.inputs[0].encoder, Current)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("bias", np.ones(7), "7 biases for 256 neurons"),
        ("weight", np.ones(7), "needs \\(neurons, sources"),
        ("neuron/vDecay", np.array([1, 2, 3]), r"field 'neuron/vDecay' has shape \[3\]"),
    ],
)
def test_arrays_that_do_not_fit_a_layer_are_findings(tmp_path, folder, key, value, message):
    path = tmp_path / "damaged.net"
    path.write_bytes((folder / "oxford.net").read_bytes())
    with h5py.File(path, "r+") as file:
        if f"layer/0/{key}" in file:
            del file[f"layer/0/{key}"]
        file[f"layer/0/{key}"] = value
    with pytest.raises(nd.DiagnosticError, match=message) as caught:
        load(path, OPTIONS)
    assert {item.code for item in caught.value.diagnostics} == {"ND053"}
