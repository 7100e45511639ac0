"""Small NIR files from user reports, from the file to its spikes, in the API and on the command line."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import neurodeploy as nd

pytestmark = pytest.mark.usefixtures("engine")

LOADS = {
    "nir-delay/b.nir": {"time_unit": "ms"},
    "nir-flatten/b.nir": {},
    "nir-padding/b.nir": {},
    "nir-readout/a.nir": {},
    "nir-scale/e.nir": {},
    "nir-skip/a.nir": {},
}


@pytest.fixture(scope="module")
def cases(reference_data):
    folder = reference_data / "cases"
    if not folder.is_dir():
        pytest.skip(f"'{folder}' is missing: it holds small files from public reports")
    return folder


def loaded(cases, name):
    options = nd.ImportOptions(dt_s=1e-3, reset="zero", **LOADS[name])
    return nd.load(cases / name, options)


def spikes(network, steps, population, backend="emulator", target="loihi1"):
    program = nd.compile(network, target)
    shown = np.ones((1, steps, *network.inputs[0].shape), dtype=np.uint8)
    rows = nd.run(program, shown, backend=backend).spikes[population]
    return [(int(step), int(neuron)) for _, step, neuron in rows]


@pytest.mark.parametrize("name", LOADS)
def test_it_loads_on_the_command_line_as_in_python(cases, name, call, tmp_path):
    units = [word for key, value in LOADS[name].items() for word in (f"--{key.replace('_', '-')}", value)]
    out = tmp_path / "model.ndp"
    words = ("compile", cases / name, "-t", "loihi1", "--dt", "1e-3", "--reset", "zero", *units, "-o", out)
    assert call(*words)[0] == 0
    assert nd.load(out, kind=nd.Program).digest() == nd.compile(loaded(cases, name)).digest()


def test_delays_in_milliseconds_are_steps_of_a_millisecond(cases):
    network = loaded(cases, "nir-delay/b.nir")
    delays = {item.target: np.asarray(item.delay_steps).tolist() for item in network.projections}
    assert delays["b"] == [5, 2]
    first = {neuron: step for step, neuron in reversed(spikes(network, 40, "b"))}
    a = {neuron: step for step, neuron in reversed(spikes(network, 40, "a"))}
    assert [first[k] - a[k] for k in (0, 1)] == [6, 3]


def test_a_delay_that_is_not_a_number_is_one_finding_of_its_node(cases):
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.load(cases / "nir-delay/e.nir", nd.ImportOptions(dt_s=1e-3, reset="zero"))
    assert [item.code for item in caught.value.diagnostics] == ["ND046"]
    assert "node 'dly' (Delay)" in caught.value.diagnostics[0].message


def test_widths_that_meet_are_one_finding_of_both_nodes(cases):
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.load(cases / "nir-width/a.nir", nd.ImportOptions(dt_s=1e-3, reset="zero"))
    (found,) = caught.value.diagnostics
    assert "'v' has 6" in found.message
    assert "'w' has 4" in found.message


def test_flatten_counts_axes_as_pytorch_does(cases):
    sizes = {item.name: item.size for item in loaded(cases, "nir-flatten/b.nir").populations}
    assert sizes == {"cell": 12, "o": 2}


def test_same_padding_of_an_even_kernel_adds_a_row_and_a_column_at_the_end(cases):
    network = loaded(cases, "nir-padding/b.nir")
    (projection,) = network.projections
    program = nd.compile(network)
    kernel = np.array([[0.125, 0.25], [0.375, 0.5]])
    padded = np.zeros((6, 6))
    image = (np.arange(25).reshape(5, 5) % 3 == 0).astype(np.uint8)
    padded[:5, :5] = image
    sums = np.array([[(padded[i : i + 2, j : j + 2] * kernel).sum() for j in range(5)] for i in range(5)])
    shown = np.zeros((1, 3, 1, 5, 5), dtype=np.uint8)
    shown[0, 0, 0] = image
    v = program.run(shown, probes=[f"{projection.target}.v"]).states[f"{projection.target}.v"]
    scale = program.populations[0].scale
    fired = sums > 1
    assert np.allclose(v[0, 1].reshape(5, 5) / scale, np.where(fired, 0, sums))


def test_a_last_layer_without_neurons_is_read_and_never_spikes(cases):
    network = loaded(cases, "nir-readout/a.nir")
    assert [item.neuron.kind for item in network.populations] == ["if", "li"]
    assert network.outputs[0].decoder.kind == "membrane"


def test_a_scalar_scale_is_applied_to_every_line(cases):
    network = loaded(cases, "nir-scale/e.nir")
    with h5py.File(cases / "nir-scale/e.nir") as file:
        weight = file["node/nodes/c/weight"][()]
    threshold = 1.0
    total = 2.0 * float(weight.sum())
    fires = spikes(network, 1, "cell", backend="reference")
    assert bool(fires) == (total > threshold)


def test_paths_of_unequal_depth_meet_in_one_step(cases):
    network = loaded(cases, "nir-skip/a.nir")
    delays = {item.source: int(np.max(item.delay_steps)) for item in network.projections if item.target == "c"}
    assert delays == {"a": 1, "b": 0}
    # either weight alone is below the threshold, both together are above it: one spike in, one spike out
    one = np.zeros((1, 6, 1), dtype=np.uint8)
    one[0, 0] = 1
    rows = nd.run(nd.compile(network), one).spikes["c"]
    assert [tuple(row[1:]) for row in rows.tolist()] == [(4, 0)]
