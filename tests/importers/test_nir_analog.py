"""Nodes that integrate without spiking, Threshold nodes, the comparison, the gain of IF, and parameters that broadcast."""

from __future__ import annotations

import numpy as np
import pytest
from factories import nir_chain, nir_if, nir_ports

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError

STEPS, LINES, CELLS = 40, 5, 3
RNG = np.random.default_rng(11)
WEIGHT = RNG.integers(-4, 9, (CELLS, LINES)) / 8
RASTER = (RNG.random((STEPS, LINES)) < 0.35).astype(np.uint8)
ONES = np.ones(CELLS)
TAU_S, SYN_S = 4e-3, 2e-3
LI = {"tau": TAU_S * ONES, "r": [1.0, 2.0, 0.5], "v_leak": 0 * ONES}
CUBA_LI = {"tau_mem": TAU_S * ONES, "tau_syn": SYN_S * ONES, "r": ONES, "v_leak": 0 * ONES, "w_in": [1.0, 2.0, 1.0]}
INTEGRATORS = {"I": {"r": [1.0, 2.0, 0.5]}, "LI": LI, "CubaLI": CUBA_LI}
W = ("Linear", {"weight": WEIGHT})
THRESHOLD = ("Threshold", {"threshold": 0.5 * ONES})
HIGH = {"I": np.array([6.0, 9.0, 6.0]), "LI": 0.5 * ONES, "CubaLI": 0.5 * ONES}
"""Thresholds that v passes in some steps; those of I are multiples of the steps of v."""


def options(**more):
    return nd.ImportOptions(dt_s=1e-3, **more)


def load(path, **more):
    return nd.load(path, options(**more), kind=nd.Imported)


def run(network, backend="reference", raster=RASTER, probe=None):
    """Spikes (steps, neurons) of each population and the probed v, one step earlier than they come, which is the latency."""
    program = nd.compile(network, "loihi1")
    padded = np.concatenate([raster, np.zeros((1, *raster.shape[1:]), np.uint8)])[None]
    found = nd.run(program, padded, backend=backend, probes=[] if probe is None else [f"{probe}.v"])
    rasters = {}
    for item in network.populations:
        rasters[item.name] = np.zeros((len(padded[0]) + 2, item.size))
        for _, step, cell in found.spikes.get(item.name, []):
            rasters[item.name][step - 2, cell] = 1
    return {name: rows[: len(raster)] for name, rows in rasters.items()}, found


def voltages(kind, drive):
    """v in each step of NIR's equations by forward Euler, (steps, cells), without a threshold."""
    found, v, i = [], np.zeros(CELLS), np.zeros(CELLS)
    for x in drive:
        if kind == "I":
            v = v + np.array([1.0, 2.0, 0.5]) * x
        elif kind == "LI":
            v = v + 0.25 * (-v + np.array(LI["r"]) * x)
        else:
            i = i + 0.5 * (-i + np.array(CUBA_LI["w_in"]) * x)
            v = v + 0.25 * (-v + i)
        found.append(v)
    return np.array(found)


@pytest.mark.parametrize("kind", INTEGRATORS)
def test_an_integrator_at_the_end_is_read_as_its_voltage(nir_file, kind):
    nodes = {**nir_ports([LINES], [CELLS]), "w": W, "v": (kind, INTEGRATORS[kind])}
    made = load(nir_file(nodes, nir_chain("w", "v"), "1.0.8"))
    assert [item.decoder.kind for item in made.network.outputs] == ["membrane"]
    _, found = run(made.network, probe="v")
    expected = voltages(kind, RASTER @ WEIGHT.T)
    assert np.allclose(found.states["v.v"][0, 1 : STEPS + 1], expected)


@pytest.mark.parametrize("kind", INTEGRATORS)
@pytest.mark.parametrize("comparison", [None, ">="])
def test_a_threshold_after_an_integrator_spikes_and_resets_nothing(nir_file, kind, comparison):
    nodes = {**nir_ports([LINES], [CELLS]), "w": W, "inner": (kind, INTEGRATORS[kind])}
    nodes["out"] = ("Threshold", {"threshold": HIGH[kind]})
    made = load(nir_file(nodes, nir_chain("w", "inner", "out"), "1.0.8"), comparison=comparison)
    (population,) = made.network.populations
    assert (population.name, population.neuron.comparison) == ("out", comparison or ">")
    expected = voltages(kind, RASTER @ WEIGHT.T)
    expected = expected >= HIGH[kind] if comparison else expected > HIGH[kind]
    assert 10 < expected.sum() < expected.size - 10
    if kind == "CubaLI":
        assert population.neuron.reset.mode == "none", "two filters and no reset: no chip has that"
        return
    assert np.array_equal(run(made.network)[0]["out"], expected)
    if kind == "LI":  # the current register of a chip is the integrator
        assert np.mean(run(made.network, "emulator")[0]["out"] == expected) > 0.97
    assert "no spike resets" in next(line.got for line in made.ledger if line.quantity == "nodes")


def test_v_leak_of_an_integrator_before_a_threshold_charges_it(nir_file):
    nodes = {
        **nir_ports([LINES], [CELLS]),
        "w": W,
        "inner": ("LI", {**LI, "v_leak": [1.0, 0.25, 1.0]}),
        "out": THRESHOLD,
    }
    made = load(nir_file(nodes, nir_chain("w", "inner", "out"), "1.0.8"))
    v, expected = 0.25 * np.array([1.0, 0.25, 1.0]), []  # the step before the first input
    for x in RASTER @ WEIGHT.T:
        v = v + 0.25 * (np.array([1.0, 0.25, 1.0]) - v + np.array(LI["r"]) * x)
        expected.append(v > 0.5)
    assert np.array_equal(run(made.network)[0]["out"], np.array(expected))
    assert "ND071" in [item.code for item in made.findings]


def test_a_threshold_alone_compares_the_current_of_each_step(nir_file):
    weight = RNG.integers(-4, 9, (2, CELLS)) / 8
    nodes = {**nir_ports([LINES], [2]), "w": W, "cut": THRESHOLD, "w2": ("Linear", {"weight": weight})}
    nodes["cells"] = nir_if(2)
    network = load(nir_file(nodes, nir_chain("w", "cut", "w2", "cells"), "1.0.8"), reset="zero").network
    cut = (RASTER @ WEIGHT.T > 0.5).astype(float)
    v, expected = np.zeros(2), []
    for x in cut:
        v = v + weight @ x
        expected.append(v > 1)
        v = np.where(v > 1, 0, v)
    for backend in ("reference", "emulator"):
        found = run(network, backend)[0]
        assert np.array_equal(found["cut"], cut)
        assert np.array_equal(found["cells"][1:], np.array(expected)[:-1]), "a layer behind another: one more step"


def test_an_integrator_that_is_also_read_stays(nir_file):
    nodes = {
        **nir_ports([LINES], [CELLS]),
        "w": W,
        "v": ("LI", LI),
        "spikes": THRESHOLD,
        "second": ("Output", {"shape": [CELLS]}),
    }
    edges = [*nir_chain("w", "v", "spikes"), ("v", "second")]
    made = load(nir_file(nodes, edges, "1.0.8"))
    assert {item.name: (item.source, item.decoder.kind) for item in made.network.outputs} == {
        "output": ("spikes", "spike_count"),
        "second": ("v", "membrane"),
    }
    expected = voltages("LI", RASTER @ WEIGHT.T)
    rasters, found = run(made.network, probe="v")
    assert np.array_equal(rasters["spikes"], expected > 0.5)
    assert np.allclose(found.states["v.v"][0, 1 : STEPS + 1], expected)


@pytest.mark.parametrize("kind", INTEGRATORS)
@pytest.mark.parametrize("end", [["w2"], ["w2", "cells"], ["twice", "cut"], ["wide"]])
def test_a_voltage_that_would_have_to_be_sent_is_refused(nir_file, kind, end):
    extra = {
        "w2": ("Linear", {"weight": np.ones((CELLS, CELLS))}),
        "cells": nir_if(CELLS),
        "twice": ("Scale", {"scale": 2 * ONES}),
        "cut": THRESHOLD,
        "wide": ("Affine", {"weight": np.ones((CELLS, CELLS)), "bias": ONES}),
    }
    nodes = {**nir_ports([LINES], [CELLS]), "w": W, "v": (kind, INTEGRATORS[kind])}
    path = nir_file({**nodes, **{name: extra[name] for name in end}}, nir_chain("w", "v", *end), "1.0.8")
    with pytest.raises(DiagnosticError) as error:
        load(path, reset="zero")
    (found,) = error.value.diagnostics
    assert found.code == "ND070"
    assert f"node 'v' ({kind}): its voltage goes to" in found.message
    assert f"'{end[0]}'" in found.message


def test_several_faults_of_a_file_come_together(nir_file):
    nodes = {
        **nir_ports([LINES], [CELLS]),
        "w": W,
        "v": ("LI", LI),
        "w2": ("Linear", {"weight": np.ones((CELLS, CELLS))}),
    }
    with pytest.raises(DiagnosticError) as error:
        nd.load(nir_file({**nodes, "cells": nir_if(CELLS)}, nir_chain("w", "v", "w2", "cells"), "1.0.4"))
    assert [item.code for item in error.value.diagnostics] == ["ND070", "ND047", "ND048"]
    wrong = ("LIF", {"tau": [-1.0], "r": [1.0], "v_leak": [0.0], "v_threshold": [1.0]})
    with pytest.raises(DiagnosticError) as error:
        load(nir_file({**nodes, "cells": wrong}, nir_chain("w", "v", "w2", "cells"), "1.0.8"))
    assert [item.code for item in error.value.diagnostics] == ["ND046", "ND070", "ND048"]


@pytest.mark.parametrize(
    ("producer", "given", "got", "note"),
    [
        (None, None, ">", "as NIR defines it"),
        (None, ">=", ">=", "given by the user"),
        ("sinabs", None, ">=", "set by --from sinabs"),
        ("sinabs", ">", ">", "given by the user; sinabs uses >="),
        ("norse", None, ">", "set by --from norse"),
    ],
)
def test_the_comparison_is_given_or_its_origin_is_in_the_ledger(nir_file, producer, given, got, note):
    nodes = {**nir_ports([CELLS], [CELLS]), "cells": nir_if(CELLS)}
    made = load(nir_file(nodes, nir_chain("cells")), reset="zero", producer=producer, comparison=given)
    assert made.network.populations[0].neuron.comparison == got
    (line,) = [line for line in made.ledger if line.quantity == "comparison"]
    assert (line.asked, line.got, line.level, line.note) == ("> in NIR", f"v {got} v_threshold", "assumed", note)


def test_equality_with_the_threshold_decides_by_the_comparison(nir_file, call):
    nodes = {**nir_ports([1], [1]), "cells": nir_if(1)}
    path = nir_file(nodes, nir_chain("cells"))
    for comparison, spikes in ((">", 0), (">=", 1)):
        network = load(path, reset="zero", comparison=comparison).network
        one = np.zeros((4, 1), np.uint8)
        one[0] = 1
        assert run(network, raster=one)[0]["cells"].sum() == spikes
    assert call("check", path, "-t", "loihi1", "--dt", "1e-3", "--reset", "zero", "--comparison", ">=")[0] == 0


@pytest.mark.parametrize(("given", "gain"), [(None, 2.0), ("step", 2.0), ("second", 2e-3)])
@pytest.mark.parametrize("kind", ["IF", "I"])
def test_r_counts_per_step_unless_it_is_said_to_count_per_second(nir_file, kind, given, gain):
    fields = {"r": [2.0], "v_threshold": [1.0]} if kind == "IF" else {"r": [2.0]}
    path = nir_file({**nir_ports([1], [1]), "n": (kind, fields)}, nir_chain("n"), "1.0.8")
    made = load(path, reset=None if kind == "I" else "zero", if_gain=given)
    assert np.asarray(made.network.populations[0].neuron.r) == pytest.approx(gain)
    (line,) = [line for line in made.ledger if line.quantity == f"r of {kind}"]
    assert (line.got, line.note) == (
        f"per {given or 'step'}",
        "given by the user" if given else "as in files written by sinabs",
    )


def test_parameters_of_a_channel_apply_to_its_whole_map(nir_file):
    threshold = np.array([1.0, 2.0, 3.0]).reshape(3, 1, 1)
    fields = {"tau": np.array(4e-3), "r": np.ones((3, 4, 1)), "v_leak": np.array([0.0]), "v_threshold": threshold}
    nodes = {**nir_ports([3, 4, 2], [3, 4, 2]), "maps": ("LIF", fields)}
    made = load(nir_file(nodes, nir_chain("maps")), reset="zero")
    (population,) = made.network.populations
    assert population.shape == (3, 4, 2)
    assert np.array_equal(np.ravel(population.neuron.v_threshold), np.repeat([1.0, 2.0, 3.0], 8))
    (line,) = [line for line in made.ledger if line.quantity == "parameters"]
    assert line.got == "applied to all of [3, 4, 2]"


def test_a_batch_axis_of_1_in_parameters_is_dropped(nir_file):
    threshold = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
    conv = {"weight": np.ones((3, 2, 1, 1)), "bias": np.zeros(3), "input_shape": [1, 4, 2]}
    nodes = {
        **nir_ports([1, 2, 4, 2], [1, 3, 4, 2]),
        "conv": ("Conv2d", conv),
        "scale": ("Scale", {"scale": threshold}),
        "maps": ("IF", {"r": np.ones((1, 3, 4, 2)), "v_threshold": threshold}),
    }
    network = load(nir_file(nodes, nir_chain("conv", "scale", "maps")), reset="zero").network
    assert network.inputs[0].shape == (2, 4, 2)
    assert np.array_equal(np.ravel(network.populations[0].neuron.v_threshold), np.repeat([1.0, 2.0, 3.0], 8))
    scale = network.projections[0].operation.operations[1].weights
    assert np.array_equal(scale, np.repeat([1.0, 2.0, 3.0], 8))


def test_a_convolution_states_its_source_where_the_input_does_not(nir_file):
    conv = {"weight": np.ones((3, 2, 1, 1)), "bias": np.zeros(3), "input_shape": [1, 4, 2]}
    nodes = {"input": ("Input", {"shape": [16]}), "conv": ("Conv2d", conv), "maps": nir_if(3, 4, 2)}
    network = load(nir_file(nodes, [("input", "conv"), ("conv", "maps")]), reset="zero").network
    assert network.projections[0].operation.input_shape == (2, 4, 2)


@pytest.mark.parametrize("shape", [(3,), (1, 4, 1), (2, 1, 1), (3, 2, 1)])
def test_parameters_that_may_belong_to_another_axis_are_refused(nir_file, shape):
    nodes = {**nir_ports([3, 4, 2], [3, 4, 2]), "maps": ("IF", {"r": np.ones(shape), "v_threshold": np.ones(shape)})}
    with pytest.raises(DiagnosticError) as error:
        load(nir_file(nodes, nir_chain("maps")), reset="zero")
    assert "but 24 lines arrive from 'input'" in str(error.value)


@pytest.mark.parametrize(
    ("shape", "node", "expected"),
    [
        ([1, 4], ("Linear", {"weight": np.ones((4, 4))}), (4,)),
        ([1, 4], nir_if(1, 4), (4,)),
        ([1, 2, 2], ("Flatten", {"start_dim": 1}), (1, 2, 2)),
        ([1, 1, 2, 2], ("Flatten", {"start_dim": 1}), (1, 2, 2)),
        ([1, 4], ("Conv1d", {"weight": np.ones((1, 1, 1)), "bias": [0.0]}), (1, 4)),
        ([1, 1, 4], ("Conv1d", {"weight": np.ones((1, 1, 1)), "bias": [0.0]}), (1, 4)),
    ],
)
def test_a_leading_axis_of_1_is_a_batch_where_no_channel_can_be_meant(nir_file, shape, node, expected):
    nodes = {**nir_ports(shape, [1, 4]), "first": node, "cells": nir_if(1, 4)}
    made = load(nir_file(nodes, nir_chain("first", "cells")), reset="zero")
    assert made.network.inputs[0].shape == expected
    noted = [line.got for line in made.ledger if line.quantity == "axes" and str(line.subject) == "node 'input'"]
    assert noted == ([] if tuple(shape) == expected else [str(list(expected))])


def test_a_delay_before_the_output_changes_no_count(nir_file):
    nodes = {**nir_ports([CELLS], [CELLS]), "cells": nir_if(CELLS), "wait": ("Delay", {"delay": [0.002, 0.0, 0.001]})}
    made = load(nir_file(nodes, nir_chain("cells", "wait")), reset="zero")
    assert [(item.source, item.decoder.kind) for item in made.network.outputs] == [("cells", "spike_count")]
    (line,) = [line for line in made.ledger if line.quantity == "operations before the output"]
    assert line.note == "read without the delay, so earlier"


def test_edges_that_are_listed_twice_count_once_and_are_noted(nir_file):
    nodes = {**nir_ports([CELLS], [CELLS]), "cells": nir_if(CELLS)}
    made = load(nir_file(nodes, [*nir_chain("cells"), ("input", "cells")]), reset="zero")
    assert len(made.network.projections) == 1
    assert [line.asked for line in made.ledger if line.quantity == "edges"] == ["'input' -> 'cells' more than once"]


@pytest.mark.parametrize(
    ("bias", "layers", "severity", "words"),
    [
        (0.25, 1, "warning", "'c0' by 25 % of the threshold in 1 step"),
        (0.25, 2, "warning", "'c1' by 50 % of the threshold in 2 steps, 'c0' by 25 % of the threshold in 1 step"),
        (0.001, 1, "info", "'c0' by 0.1 % of the threshold in 1 step"),
        (0.0, 2, None, ""),
    ],
)
def test_a_bias_that_starts_before_the_input_is_reported_with_its_size(nir_file, bias, layers, severity, words):
    nodes, names = nir_ports([1], [1]), []
    for k in range(layers):
        nodes |= {f"w{k}": ("Affine", {"weight": [[1.0]], "bias": [bias]}), f"c{k}": nir_if(1)}
        names += [f"w{k}", f"c{k}"]
    made = load(nir_file(nodes, nir_chain(*names)), reset="zero")
    found = [item for item in made.findings if item.code == "ND071"]
    assert [item.severity for item in found] == ([severity] if severity else [])
    assert all(item.message.endswith(f": {words}") for item in found)


def test_a_bias_of_a_last_layer_without_neurons_is_exact(nir_file):
    nodes = {**nir_ports([LINES], [CELLS]), "w": ("Affine", {"weight": WEIGHT, "bias": 0.25 * ONES})}
    made = load(nir_file(nodes, nir_chain("w")))
    assert [item.code for item in made.findings] == []
    _, found = run(made.network, probe="output")
    assert np.allclose(found.states["output.v"][0, 1 : STEPS + 1], RASTER @ WEIGHT.T + 0.25)
