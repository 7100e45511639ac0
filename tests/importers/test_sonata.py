"""SONATA circuits: models, units, signs, delays and spike trains, against models written out here."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from sonata_circuits import (
    NEST_CELL,
    VIRTUAL,
    point,
    small_circuit,
    spike_input,
    write_circuit,
    write_edges,
    write_nodes,
    write_spikes,
)

import neurodeploy as nd


def imported(path, **options):
    return nd.load(path, nd.ImportOptions(**options), kind=nd.Imported)


def spikes(network, samples, population="cells", backend="reference"):
    """(step, neuron) of a population on a backend that runs floats."""
    rows = nd.run(nd.compile(network, "loihi1"), samples, backend=backend).spikes[population]
    return [(int(step), int(neuron)) for _, step, neuron in rows]


def line(result, quantity):
    found = [item for item in result.ledger if item.quantity == quantity]
    assert len(found) == 1, [item.quantity for item in result.ledger]
    return found[0]


def nest(weights, delays, arrivals, steps, h, *, c, tau_m, tau_syn, rest, threshold, reset, dead, delta=False):
    """Spikes (step, neuron) of NEST's iaf_psc_exp or iaf_psc_delta in a feed-forward network, from its equations in mV.

    `arrivals`: (step, source); weights and delays in steps: (neurons, sources). A step reads the current of the step before;
    a spike of step n with a delay of d steps is added to the current at the end of step n + d.
    """
    n = len(weights)
    v, i, left = np.full(n, reset), np.zeros(n), np.zeros(n, dtype=int)
    a, b = np.exp(-h / tau_m), np.exp(-h / tau_syn)
    p = tau_m * tau_syn / (c * (tau_m - tau_syn)) * (a - b)
    arriving = np.zeros((steps + 300, n))
    for step, source in arrivals:
        for neuron in range(n):
            arriving[step + delays[neuron][source], neuron] += weights[neuron][source]
    found = []
    for step in range(1, steps + 1):
        free = left == 0
        drive = arriving[step] if delta else p * i
        v = np.where(free, a * v + (1 - a) * rest + drive, v)
        left = np.maximum(left - 1, 0)
        i = b * i + arriving[step]
        for neuron in np.flatnonzero(free & (v >= threshold)):
            found.append((step, int(neuron)))
            v[neuron], left[neuron] = reset, dead
    return found


WEIGHTS = [[900.0, 0.0], [0.0, 900.0], [500.0, 500.0]]
DELAYS = [[1, 1], [2, 2], [1, 3]]
TRAINS = {0: [1.0, 2.0, 3.0, 9.0, 10.0, 11.0, 12.0], 1: [2.0, 3.0, 4.0, 5.0, 20.0, 21.0, 22.0]}
ARRIVALS = [(int(time), source) for source, times in TRAINS.items() for time in times]
PARAMETERS = {"c": 200.0, "tau_m": 10.0, "rest": -70.0, "threshold": -60.0, "reset": -70.0}


def test_times_of_more_steps_than_numbers_hold_are_findings(tmp_path):
    """Refractory periods and delays in steps of 1e-300 ms; a simulation that is too long has no stated length."""
    for t_ref, what in ((1e8, "1e+308 steps"), (0.0, "a delay of 3e+300 steps")):
        cell = {**NEST_CELL, "t_ref": t_ref}
        with pytest.raises(nd.DiagnosticError) as caught:
            nd.load(small_circuit(tmp_path, cell=cell, dt=1e-300, tstop=1e300))
        (found,) = caught.value.diagnostics
        assert found.code == "ND091"
        assert what in found.message
    assert nd.load(small_circuit(tmp_path, tstop=1e308)).time.steps_per_sample is None


@pytest.mark.parametrize("dt_ms", [1.0, 0.5])
def test_exponential_currents_step_as_in_nest(tmp_path, dt_ms):
    write_spikes(tmp_path / "in.h5", TRAINS)
    path = small_circuit(tmp_path, cell={**NEST_CELL, "tau_syn_ex": 3.0}, dt=dt_ms, inputs={"a": spike_input("in.h5")})
    result = imported(path)
    k = round(1 / dt_ms)
    wanted = nest(
        WEIGHTS,
        np.array(DELAYS) * k,
        [(t * k, s) for t, s in ARRIVALS],
        50 * k,
        dt_ms,
        tau_syn=3.0,
        dead=2 * k,
        **PARAMETERS,
    )
    assert len(wanted) > 8
    assert spikes(result.network, result.samples) == wanted


def test_weights_without_a_current_step_as_in_nest(tmp_path):
    write_spikes(tmp_path / "in.h5", TRAINS)
    columns = {"syn_weight": [4.0, 6.0, 3.0, 3.0], "delay": [1.0, 2.0, 1.0, 3.0]}
    path = small_circuit(tmp_path, "nest:iaf_psc_delta", columns=columns, inputs={"a": spike_input("in.h5")})
    result = imported(path)
    weights = [[4.0, 0.0], [0.0, 6.0], [3.0, 3.0]]
    wanted = nest(weights, DELAYS, ARRIVALS, 50, 1.0, tau_syn=2.0, dead=2, delta=True, **PARAMETERS)
    assert len(wanted) > 4
    assert spikes(result.network, result.samples) == wanted


def test_a_bias_current_drives_at_the_rate_of_the_equation(tmp_path):
    path = small_circuit(tmp_path, cell={**NEST_CELL, "I_e": 300.0, "t_ref": 0.0}, tstop=200.0)
    network = imported(path).network
    v, wanted = -70.0, []
    for step in range(1, 201):  # V_inf = -70 + 10 / 200 * 300 = -55 mV
        v = np.exp(-0.1) * v + (1 - np.exp(-0.1)) * -55.0
        if v >= -60.0:
            wanted.append(step)
            v = -70.0
    silent = {"lines": np.zeros((1, 200, 2), dtype=np.uint8)}
    assert [step for step, neuron in spikes(network, silent) if neuron == 1 and step <= 200] == wanted


def test_pynn_units_are_nanofarads_and_nanoamperes(tmp_path):
    write_spikes(tmp_path / "in.h5", TRAINS)
    cell = {
        "cm": 0.2,
        "tau_m": 10.0,
        "tau_refrac": 2.0,
        "v_rest": -70.0,
        "v_reset": -70.0,
        "v_thresh": -60.0,
        "tau_syn_E": 3.0,
    }
    columns = {"dynamics_params/weight": [0.9, 0.9, 0.5, 0.5], "dynamics_params/delay": [1.0, 2.0, 1.0, 3.0]}
    path = small_circuit(tmp_path, "pyNN:IF_curr_exp", cell=cell, columns=columns, inputs={"a": spike_input("in.h5")})
    result = imported(path)
    wanted = nest(WEIGHTS, DELAYS, ARRIVALS, 50, 1.0, tau_syn=3.0, dead=2, **PARAMETERS)
    assert spikes(result.network, result.samples) == wanted


def test_parameters_of_single_neurons_come_before_their_type(tmp_path):
    rows = [point("pynn:IF_curr_exp", v_thresh="NONE", cm=0.5, tau_m=12.0)]
    columns = {"dynamics_params/v_thresh": [-50.0, -40.0, -55.0]}
    nodes = [write_nodes(tmp_path, "cells", [1, 1, 1], rows, columns, ids=[43, 45, 44])]
    network = nd.load(write_circuit(tmp_path, nodes, []))
    neuron = network.populations[0].neuron
    assert neuron.v_threshold.tolist() == [15.0, 25.0, 10.0]  # above v_reset, -65 mV
    assert neuron.tau_m_s == pytest.approx(0.012)
    assert neuron.comparison == ">="


def test_numbers_of_nodes_need_not_count_from_0(tmp_path):
    """As PyNN writes them: edges and spikes name the numbers that the nodes have in its simulator."""
    nodes = [
        write_nodes(tmp_path, "cells", [1, 1], [point("nest:iaf_psc_delta")], ids=[21, 20]),
        write_nodes(tmp_path, "lines", [3, 3], [VIRTUAL], ids=[11, 12]),
    ]
    edges = [write_edges(tmp_path, "lines", "cells", [(12, 20)], columns={"syn_weight": [20.0], "delay": [3.0]})]
    write_spikes(tmp_path / "in.h5", {12: [4.0], 11: [1.0]}, "lines")
    result = imported(write_circuit(tmp_path, nodes, edges, inputs={"a": spike_input("in.h5", "lines")}))
    assert result.samples.values["lines"].tolist() == [[0, 1, 0], [0, 4, 1]]
    assert spikes(result.network, result.samples) == [(7, 1)]
    assert [item.asked for item in result.ledger if item.quantity == "numbers of nodes"] == ["20 to 21", "11 to 12"]


def intfire(weights, delays, arrivals, steps, tau, dead):
    """Spikes of NEURON's IntFire1 on a grid: m decays, an event adds its weight unless refractory, m > 1 spikes."""
    m, free_from = np.zeros(len(weights)), np.zeros(len(weights))
    found = []
    for step in range(1, steps + 1):
        m *= np.exp(-1.0 / tau)
        for neuron in range(len(weights)):
            if step < free_from[neuron]:
                continue
            m[neuron] += sum(weights[neuron][s] for t, s in arrivals if t + delays[neuron][s] == step)
            if m[neuron] > 1.0:
                found.append((step, neuron))
                m[neuron], free_from[neuron] = 0.0, step + dead
    return found


def test_intfire1_fires_above_1_and_its_signs_come_from_the_edge_types(tmp_path):
    (tmp_path / "cell.json").write_text(json.dumps({"tau": 0.02, "refrac": 0.004, "type": "NEURON_IntFire1"}))
    (tmp_path / "inhibits.json").write_text(json.dumps({"sign": -1}))
    nodes = [
        write_nodes(tmp_path, "cells", [1] * 3, [point("nrn:IntFire1", dynamics_params="cell.json")]),
        write_nodes(tmp_path, "lines", [3] * 2, [VIRTUAL]),
    ]
    rows = [{"edge_type_id": 7}, {"edge_type_id": 8, "dynamics_params": "inhibits.json"}]
    columns = {"syn_weight": [0.4, 0.5, 1.0, 0.3], "delay": [1.0, 2.0, 1.0, 1.0], "nsyns": [2, 1, 1, 1]}
    edges = [write_edges(tmp_path, "lines", "cells", [(0, 0), (1, 1), (0, 2), (1, 0)], rows, columns, [7, 7, 7, 8])]
    write_spikes(tmp_path / "in.h5", {0: [1, 2, 3, 4, 5, 6, 7, 8, 30], 1: [1, 2, 3, 9, 10, 11]})
    result = imported(write_circuit(tmp_path, nodes, edges, inputs={"a": spike_input("in.h5")}))
    weights, delays = [[0.8, -0.3], [0.0, 0.5], [1.0, 0.0]], [[1, 1], [2, 2], [1, 1]]
    arrivals = [(t, 0) for t in (1, 2, 3, 4, 5, 6, 7, 8, 30)] + [(t, 1) for t in (1, 2, 3, 9, 10, 11)]
    wanted = intfire(weights, delays, arrivals, 50, 20.0, 4)
    assert len(wanted) > 3
    assert spikes(result.network, result.samples) == wanted
    assert line(result, "unit of IntFire1 times").got == "s"
    assert line(result, "weights").got == "syn_weight x nsyns, up to 2"


def test_times_of_intfire1_that_cannot_be_seconds_need_a_unit(tmp_path):
    path = small_circuit(tmp_path, "nrn:IntFire1", cell={"tau": 20.0, "refrac": 5.0})
    with pytest.raises(nd.DiagnosticError, match="ND049"):
        nd.load(path)
    neuron = imported(path, time_unit="ms").network.populations[0].neuron
    assert neuron.tau_m_s == pytest.approx(0.02)


def test_an_alpha_current_keeps_charge_and_mean_time(tmp_path):
    path = small_circuit(tmp_path, "nest:iaf_psc_alpha", cell={**NEST_CELL, "tau_syn_ex": 2.0}, dt=0.1)
    result = imported(path)
    (population,), (projection,) = result.network.populations, result.network.projections
    tau = population.neuron.tau_syn_s * 1e3
    assert tau == pytest.approx(2.0 * np.sqrt(2.0))  # the standard deviation of t exp(-t/2) is 2 sqrt(2)
    times = np.arange(0.0, 100.0, 1e-3)
    alpha = 900.0 * np.e / 2.0 * times * np.exp(-times / 2.0)
    assert projection.operation.weights[0] * tau == pytest.approx(alpha.sum() * 1e-3, rel=1e-4)
    mean = (alpha * times).sum() / alpha.sum()
    assert (np.asarray(projection.delay_steps)[0] * 0.1) + tau == pytest.approx(1.0 + mean, abs=0.06)
    assert line(result, "synaptic currents").level == "approximate"


def test_two_time_constants_matter_only_where_both_signs_arrive(tmp_path):
    cell = {**NEST_CELL, "tau_syn_ex": 2.0, "tau_syn_in": 5.0}
    columns = {"syn_weight": [900.0, -900.0, 500.0, -500.0], "delay": [1.0] * 4}
    result = imported(small_circuit(tmp_path, cell=cell, columns=columns, dt=0.1))
    assert (np.asarray(result.network.populations[0].neuron.tau_syn_s) * 1e3).tolist() == pytest.approx([2.0, 5.0, 2.0])
    (projection,) = result.network.projections
    weights = {
        (int(q), int(p)): w
        for p, q, w in zip(
            projection.operation.pre, projection.operation.post, projection.operation.weights, strict=True
        )
    }
    assert weights == {(0, 0): 900.0, (1, 1): -900.0, (2, 0): 500.0, (2, 1): pytest.approx(-1250.0)}  # equal charge
    assert np.asarray(projection.delay_steps).tolist() == [10, 10, 10, 40]  # and 3 ms later: equal mean time


def test_edges_between_the_same_neurons_add_up_or_stay_apart_by_delay(tmp_path):
    nodes = [
        write_nodes(tmp_path, "cells", [1], [point("nest:iaf_psc_exp")]),
        write_nodes(tmp_path, "lines", [3], [VIRTUAL]),
    ]
    columns = {"syn_weight": [1.0, 2.0, 4.0, 8.0], "delay": [1.0, 2.0, 1.0, 5.4]}
    edges = [write_edges(tmp_path, "lines", "cells", [(0, 0)] * 4, columns=columns)]
    result = imported(write_circuit(tmp_path, nodes, edges))
    found = {int(item.delay_steps): float(item.operation.weights[0]) for item in result.network.projections}
    assert found == {1: 5.0, 2: 2.0, 5: 8.0}
    assert line(result, "synapses").got == "3 synapses"
    assert line(result, "delay").asked == "5.4 ms, 5.4 steps"


def test_refractory_periods_of_several_lengths_are_several_populations(tmp_path):
    rows = [point("nest:iaf_psc_exp", 1, t_ref=2.0), point("nest:iaf_psc_exp", 2, t_ref=5.0)]
    nodes = [write_nodes(tmp_path, "cells", [1, 2, 1], rows)]
    edges = [write_edges(tmp_path, "cells", "cells", [(0, 1), (1, 2)], columns={"syn_weight": [1.0, 2.0]})]
    network = nd.load(write_circuit(tmp_path, nodes, edges))
    assert {item.name: (item.size, item.neuron.refractory_steps) for item in network.populations} == {
        "cells_ref2": (2, 2),
        "cells_ref5": (1, 5),
    }
    ends = {
        (item.source, item.target): (item.operation.pre.tolist(), item.operation.post.tolist())
        for item in network.projections
    }
    assert ends == {("cells_ref2", "cells_ref5"): ([0], [0]), ("cells_ref5", "cells_ref2"): ([0], [1])}


@pytest.mark.parametrize(("population", "units", "scale"), [("", "", 1.0), ("lines", "ms", 1.0), ("lines", "s", 1e-3)])
def test_spike_trains_of_both_layouts_become_steps(tmp_path, population, units, scale):
    write_spikes(tmp_path / "in.h5", {1: [0.0, 3.0 * scale], 0: [2.0001 * scale]}, population, units)
    network = nd.load(small_circuit(tmp_path))
    rows = nd.run(nd.compile(network, "loihi1"), tmp_path / "in.h5", backend="reference")
    assert rows.n_steps >= 50
    result = imported(small_circuit(tmp_path, inputs={"a": spike_input("in.h5", "lines")}))
    assert result.samples.values["lines"].tolist() == [[0, 1, 1], [0, 3, 0], [0, 3, 1]]


def test_a_node_set_selects_the_nodes_that_spike(tmp_path):
    write_spikes(tmp_path / "in.h5", {0: [1.0], 1: [2.0]})
    (tmp_path / "sets.json").write_text(json.dumps({"one": {"population": "lines", "node_id": [1]}}))
    path = small_circuit(tmp_path, inputs={"a": spike_input("in.h5", "one")}, node_sets_file="sets.json")
    assert imported(path).samples.values["lines"].tolist() == [[0, 2, 1]]


def test_spikes_of_nodes_that_are_not_there_are_an_error(tmp_path):
    write_spikes(tmp_path / "in.h5", {0: [1.0], 5: [2.0]})
    network = nd.load(small_circuit(tmp_path))
    with pytest.raises(
        nd.DiagnosticError, match="1 of 2 spikes are of nodes that input 'lines' does not have, first 5"
    ):
        nd.run(nd.compile(network, "loihi1"), tmp_path / "in.h5")


def test_every_fault_is_reported_at_once(tmp_path):
    rows = [
        {"node_type_id": 1, "model_type": "biophysical", "model_template": "ctdb:Biophys1.hoc"},
        point("nest:aeif_cond_alpha", 2),
        point("nest:iaf_psc_exp", 4, dynamics_params="missing.json"),
        point("nest:iaf_psc_exp", 5, tau_m=-1.0),
    ]
    nodes = [write_nodes(tmp_path, "cells", [1, 1, 2, 4, 5], rows), write_nodes(tmp_path, "lines", [3], [VIRTUAL])]
    edges = [
        write_edges(tmp_path, "lines", "cells", [(0, 9)], columns={"syn_weight": [1.0]}),
        write_edges(tmp_path, "cells", "cells", [(0, 1)], [{"edge_type_id": 7, "model_template": "stdp_synapse"}]),
        {"edges_file": "none.h5", "edge_types_file": "none.csv"},
    ]
    clamp = {"input_type": "current_clamp", "module": "IClamp"}
    path = write_circuit(tmp_path, nodes, edges, inputs={"clamp": clamp}, reports={"v": {}})
    with pytest.raises(nd.DiagnosticError) as error:
        nd.load(path)
    text = str(error.value)
    for words in (
        "2 nodes (types '1', group '0') are of model type 'biophysical'",
        "1 node (types '2', group '0') is of model 'nest:aeif_cond_alpha'",
        "parameter files are missing from",
        "'tau_m' is -1; needs 1e-06 to 1e+09",
        "1 of 1 numbers in 'target_node_id' are no node of 'cells', first 9",
        "1 edges (types '7') are of 'stdp_synapse'",
        "1 of 1 edges have no 'syn_weight'",
        "field 'networks.edges[2].edges_file' names a file that does not exist",
        "input 'clamp' of type 'current_clamp'",
    ):
        assert words in text


def test_weights_that_contradict_the_sign_of_their_nodes_are_a_warning(tmp_path):
    nodes = [write_nodes(tmp_path, "cells", [1, 1], [point("nest:iaf_psc_exp", ei="i")])]
    edges = [write_edges(tmp_path, "cells", "cells", [(0, 1), (1, 0)], columns={"syn_weight": [1.0, -1.0]})]
    (found,) = imported(write_circuit(tmp_path, nodes, edges)).findings
    assert found.code == "ND092"
    assert "are above 0, which excite (1 of 2)" in found.message


def test_a_rate_of_virtual_nodes_is_not_played(tmp_path):
    """PyNN writes a Poisson source as virtual nodes with a rate."""
    nodes = [write_nodes(tmp_path, "cells", [1], [point("nest:iaf_psc_exp")])]
    nodes.append(write_nodes(tmp_path, "lines", [3], [{**VIRTUAL, "rate": 20.0}]))
    (found,) = imported(write_circuit(tmp_path, nodes, [])).findings
    assert found.code == "ND092"
    assert "a rate of up to 20 Hz is stated" in found.message


def test_the_step_is_of_the_simulation_unless_it_is_given(tmp_path):
    path = small_circuit(tmp_path, dt=0.5)
    assert imported(path).network.time.dt_s == pytest.approx(5e-4)
    assert imported(path).network.time.steps_per_sample == 100
    result = imported(path, dt_s=1e-3)
    assert result.network.time.steps_per_sample == 50
    assert line(result, "dt_s").note == "given by the user, which contradicts the file"
    with pytest.raises(nd.DiagnosticError, match="ND047"):
        nd.load(tmp_path / "circuit_config.json")


def test_paths_of_pynn_start_where_it_ran(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    small_circuit(folder)
    document = json.loads((folder / "circuit_config.json").read_text())
    document["manifest"]["$HERE"] = "net"
    (folder / "circuit_config.json").write_text(json.dumps(document))
    assert nd.load(folder / "simulation_config.json").name == "net"


def test_enumerations_name_models(tmp_path):
    nodes = [write_nodes(tmp_path, "cells", [1, 1], [{"node_type_id": 1, "model_type": "point_neuron"}])]
    with h5py.File(tmp_path / "cells_nodes.h5", "r+") as file:
        file["nodes/cells/0/model_template"] = [0, 0]
        file["nodes/cells/0/@library/model_template"] = ["nest:iaf_psc_exp"]
    assert nd.load(write_circuit(tmp_path, nodes, [])).populations[0].size == 2


def test_it_runs_on_the_command_line_with_its_own_spikes(tmp_path, call):
    write_spikes(tmp_path / "in.h5", TRAINS)
    path = small_circuit(tmp_path, inputs={"a": spike_input("in.h5")})
    out = tmp_path / "out.ndr"
    assert call("run", path, "-t", "loihi1", "-o", out)[0] == 0
    ours = [(int(step), int(neuron)) for _, step, neuron in nd.load(out, kind=nd.Recording).spikes["cells"]]
    result = imported(path)
    assert ours == spikes(result.network, result.samples, backend="emulator")
