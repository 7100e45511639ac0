"""The example of 300 point neurons of the SONATA authors, against NEST's equations and against NEST itself.

NEST 3.10.0 ran the same circuit (1,500 ms in steps of 1 ms, neurons starting at V_reset, input spikes at the ends of steps):
10,445 spikes with iaf_psc_exp and doubled weights, 3,476 with iaf_psc_delta and weights times 0.02, and 18,539 (41.20 Hz) with
iaf_psc_alpha, the model of the example; 18,764 (41.70 Hz) in steps of 0.01 ms, starting at E_L.
"""

from __future__ import annotations

import csv
import json
import shutil
from functools import cache

import h5py
import numpy as np
import pytest

import neurodeploy as nd

CELLS = {
    "472363762_point.json": {"tau_m": 44.9, "C_m": 239.0, "E_L": -78.0, "V_th": -43.0, "V_reset": -55.0},
    "473863510_point.json": {"tau_m": 11.5, "C_m": 53.0, "E_L": -72.0, "V_th": -25.0, "V_reset": -50.0},
    "473863035_point.json": {"tau_m": 22.1, "C_m": 117.0, "E_L": -78.0, "V_th": -47.0, "V_reset": -50.0},
    "472912177_point.json": {"tau_m": 22.2, "C_m": 180.0, "E_L": -82.0, "V_th": -35.0, "V_reset": -50.0},
    "473862421_point.json": {"tau_m": 12.5, "C_m": 78.0, "E_L": -73.0, "V_th": -37.0, "V_reset": -55.0},
}
"""Parameters of the cell types, as NEST's copy of the example states them; t_ref is 3 ms, I_e 0."""
SYNAPSES = ("ExcToExc.json", "ExcToInh.json", "InhToExc.json", "InhToInh.json")
EDGES = {"internal": "internal_to_internal", "external": "external_to_internal"}
STEPS, DEAD = 1500, 3


@pytest.fixture
def example(reference_data):
    folder = reference_data / "real_inputs" / "sonata" / "examples" / "300_pointneurons"
    if not folder.is_dir():
        pytest.skip(f"'{folder}' is missing: it holds the example of 300 point neurons of SONATA")
    return folder


def completed(example, tmp_path, model="iaf_psc_alpha", scale=1.0):
    """A copy of the example with its parameter files, its neurons of another model, and scaled weights."""
    folder = tmp_path / "examples" / "300_pointneurons"
    shutil.copytree(example, folder)
    home = tmp_path / "examples" / "shared_components" / "nest_models"
    (home / "cell_models").mkdir(parents=True)
    (home / "synaptic_models").mkdir()
    for name, values in CELLS.items():
        (home / "cell_models" / name).write_text(json.dumps({**values, "t_ref": 3.0, "I_e": 0.0}))
    for name in SYNAPSES:
        (home / "synaptic_models" / name).write_text("{}")
    types = folder / "network" / "internal_node_types.csv"
    types.write_text(types.read_text().replace("iaf_psc_alpha", model))
    for source, population in EDGES.items():
        with h5py.File(folder / "network" / f"{source}_internal_edges.h5", "r+") as file:
            file[f"edges/{population}/0/syn_weight"][...] *= scale
    return folder / "config.json"


def columns_of(config):
    """(parameters of 300 cells, (300, 300) and (300, 100) weights, (steps + 1, 100) input spikes)."""
    network = config.parent / "network"
    with (network / "internal_node_types.csv").open() as file:
        rows = {int(row["node_type_id"]): CELLS[row["dynamics_params"]] for row in csv.DictReader(file, delimiter=" ")}
    with h5py.File(network / "internal_nodes.h5") as file:
        types = file["nodes/internal/node_type_id"][()]
    cells = {key: np.array([rows[int(number)][key] for number in types]) for key in rows[100]}
    weights = []
    for (source, population), size in zip(EDGES.items(), (300, 100), strict=True):
        matrix = np.zeros((300, size))
        with h5py.File(network / f"{source}_internal_edges.h5") as file:
            group = file[f"edges/{population}"]
            places = group["target_node_id"][()].astype(int), group["source_node_id"][()].astype(int)
            np.add.at(matrix, places, group["0/syn_weight"][()])
        weights.append(matrix)
    shown = np.zeros((STEPS + 2, 100))
    with h5py.File(config.parent / "inputs" / "external_spike_trains.h5") as file:
        steps = np.ceil(file["spikes/timestamps"][()]).astype(int)
        inside = steps <= STEPS
        shown[steps[inside], file["spikes/gids"][()][inside].astype(int)] = 1.0
    return cells, weights, shown


def nest(config, *, delta):
    """(step, neuron) of every spike, from NEST's equations in mV and ms; delays are 2 ms inside, 1 ms from outside."""
    cells, (inner, outer), shown = columns_of(config)
    a, b, tau = np.exp(-1.0 / cells["tau_m"]), np.exp(-1.0 / 2.0), cells["tau_m"]
    p = tau * 2.0 / (cells["C_m"] * (tau - 2.0)) * (a - b)
    v, i, left = cells["V_reset"].copy(), np.zeros(300), np.zeros(300, dtype=int)
    fired, found = np.zeros((STEPS + 3, 300)), []
    for step in range(1, STEPS + 1):
        arriving = outer @ shown[step - 1] + inner @ fired[step - 2 if step > 1 else 0]
        free = left == 0
        v = np.where(free, a * v + (1 - a) * cells["E_L"] + (arriving if delta else p * i), v)
        i = b * i + arriving
        left = np.maximum(left - 1, 0)
        spiking = free & (v >= cells["V_th"])
        v[spiking], left[spiking] = cells["V_reset"][spiking], DEAD
        fired[step, spiking] = 1.0
        found += [(step, int(neuron)) for neuron in np.flatnonzero(spiking)]
    return found


@cache
def imported(config):
    return nd.load(config, nd.ImportOptions(dt_s=1e-3), kind=nd.Imported)


def spikes(config, backend):
    result = imported(config)
    recording = nd.run(nd.compile(result.network, "loihi1"), result.samples, backend=backend)
    return [(int(step), int(neuron)) for _, step, neuron in recording.spikes["internal"] if step <= STEPS]


def test_as_found_it_lacks_its_parameters(example):
    with pytest.raises(nd.DiagnosticError) as error:
        nd.load(example / "simulation_config.json")
    text = str(error.value)
    assert "node population 'internal': parameter files are missing from" in text
    assert all(name in text for name in CELLS)
    assert "edge population 'internal_to_internal': parameter files are missing" in text
    assert "copy them there, or correct 'point_neuron_models_dir' in the circuit's components" in text


@pytest.mark.parametrize(("model", "scale", "of_nest"), [("iaf_psc_exp", 2.0, 10_445), ("iaf_psc_delta", 0.02, 3_476)])
def test_every_spike_is_nests(example, tmp_path, model, scale, of_nest):
    config = completed(example, tmp_path, model, scale)
    found = spikes(config, "reference")
    assert len(found) == of_nest
    assert found == nest(config, delta=model == "iaf_psc_delta")


def test_alpha_currents_give_the_rates_of_nest(example, tmp_path):
    config = completed(example, tmp_path)
    network = imported(config).network
    assert [item.operation.weights.size for item in network.projections] == [27_588, 20_844]
    rates = {backend: len(spikes(config, backend)) / 300 / 1.5 for backend in ("reference", "emulator")}
    assert rates["reference"] == pytest.approx(41.20, rel=0.02)
    assert rates["emulator"] == pytest.approx(41.20, rel=0.02)
