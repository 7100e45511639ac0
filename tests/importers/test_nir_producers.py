"""Semantics of the frameworks that write NIR files: each is stepped by hand, and the imported network spikes identically."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.simulate import SampleValues, encode

pytestmark = pytest.mark.usefixtures("engine")

STEPS, LINES, CELLS = 120, 5, 4
RNG = np.random.default_rng(3)
WEIGHT = RNG.normal(0.4, 0.5, (CELLS, LINES))
BACK = RNG.normal(0.0, 0.3, (CELLS, CELLS))
RASTER = (RNG.random((STEPS, LINES)) < 0.3).astype(float)
PORTS = {"input": ("Input", {"shape": [LINES]}), "output": ("Output", {"shape": [CELLS]})}
LINE = [("input", "w"), ("w", "cells"), ("cells", "output")]
LOOP = [*LINE, ("cells", "back"), ("back", "cells")]
BETA, ALPHA = np.array([0.9, 0.8, 0.95, 0.7]), np.array([0.5, 0.6, 0.7, 0.2])
ONES, ZEROS = np.ones(CELLS), np.zeros(CELLS)


EXTENSION = CompileOptions(soft_reset="two_compartments")
"""The reset of neurons with a floor, or with a synaptic current, that subtract."""


def spikes(path, compiled=None, **options):
    """(steps, cells) of the float reference, in the framework's steps, with the latency of one projection removed."""
    made = load(path, ImportOptions(**options))
    program = compile_network(made.network, load_target("loihi1"), compiled).require()
    values = {"input": RASTER[None].astype(int)}
    recording = nd.run(program, encode(made.network, SampleValues(values=values)), backend="reference")
    found = np.zeros((STEPS + 4, CELLS))
    for _, step, cell in recording.spikes["cells"]:
        found[step - 2, cell] = 1
    return made, found[:STEPS]


def network(nir_file, kind, fields, back=False, version="1.0.8"):
    nodes = {**PORTS, "w": ("Linear", {"weight": WEIGHT}), "cells": (kind, fields)}
    nodes |= {"back": ("Linear", {"weight": BACK})} if back else {}
    return nir_file(nodes, LOOP if back else LINE, version)


def snntorch_fields(kind, dt=1e-4):
    tau = dt / (1 - BETA)
    own = {"r": tau / dt, "v_leak": ZEROS, "v_threshold": ONES, "v_reset": ZEROS}
    if kind == "LIF":
        return {"tau": tau, **own}
    return {"tau_mem": tau, "tau_syn": dt / (1 - ALPHA), "w_in": 1 / (1 - ALPHA), **own}


def snntorch(kind, mode, back):
    """Leaky, RLeaky, Synaptic and RSynaptic of snntorch 1.0.0, whose reset comes in the step after a spike."""
    found, v, i, spike = [], ZEROS.copy(), ZEROS.copy(), ZEROS.copy()
    for x in RASTER:
        drive = WEIGHT @ x + (BACK @ spike if back else 0)
        reset = (v > 1).astype(float)
        i = ALPHA * i + drive if kind == "CubaLIF" else drive
        if mode == "subtract":
            v = BETA * v + i - reset
        elif kind == "LIF" and not back:
            v = BETA * v * (1 - reset) + i
        else:
            v = (BETA * v + i) * (1 - reset)
        spike = (v > 1).astype(float)
        found.append(spike)
    return np.array(found)


@pytest.mark.parametrize("kind", ["LIF", "CubaLIF"])
@pytest.mark.parametrize("back", [False, True])
def test_snntorch_resets_to_zero_in_the_step_after_a_spike(nir_file, kind, back):
    path = network(nir_file, kind, snntorch_fields(kind), back)
    made, found = spikes(path, producer="snntorch", reset="zero")
    expected = snntorch(kind, "zero", back)
    assert expected.sum() > 30
    assert np.array_equal(found, expected)
    lines = {line.quantity: line for line in made.ledger}
    assert "set by --from snntorch" in lines["reset in the step after a spike"].note
    assert lines["dt_s"].got == "0.0001 s", "snntorch codes its files for this step"
    discards = kind == "CubaLIF" or back
    assert made.network.populations[0].neuron.refractory_steps == int(discards)
    if discards:
        plain = spikes(path, dt_s=1e-4, reset="zero")[1]
        assert not np.array_equal(plain, expected), "it makes a difference"


@pytest.mark.parametrize("back", [False, True])
def test_snntorch_subtracts_behind_the_leak(nir_file, back):
    path = network(nir_file, "LIF", snntorch_fields("LIF"), back)
    made, found = spikes(path, producer="snntorch", reset="subtract")
    expected = snntorch("LIF", "subtract", back)
    assert np.array_equal(found, expected)
    assert not np.array_equal(spikes(path, dt_s=1e-4, reset="subtract")[1], expected)
    assert "cells_reset" in {item.name for item in made.network.projections}


def test_snntorch_subtraction_from_a_filtered_neuron_is_reported_with_its_size(nir_file):
    path = network(nir_file, "CubaLIF", snntorch_fields("CubaLIF"))
    made = load(path, ImportOptions(producer="snntorch", reset="subtract"))
    (found,) = [item for item in made.findings if item.code == "ND055"]
    assert "up to 30 % of it leaks: nodes 'cells'" in found.message
    with pytest.raises(DiagnosticError):
        load(path, ImportOptions(producer="snntorch", reset="subtract", strict=True))


def test_the_zero_that_snntorch_always_writes_does_not_set_the_reset(nir_file):
    with pytest.raises(DiagnosticError) as error:
        load(network(nir_file, "LIF", snntorch_fields("LIF")), ImportOptions(producer="snntorch"))
    assert [item.code for item in error.value.diagnostics] == ["ND048"]
    assert "snntorch always writes v_reset = 0" in str(error.value)


def test_sinabs_counts_in_steps_compares_with_equality_and_has_a_floor(nir_file):
    path = network(nir_file, "IF", {"r": ONES, "v_threshold": ONES})
    made, found = spikes(path, EXTENSION, producer="sinabs", dt_s=1e-3)
    neuron = made.network.populations[0].neuron
    assert (neuron.reset.mode, neuron.comparison) == ("subtract", ">=")
    assert np.all(np.asarray(neuron.v_floor) == -1)
    expected, v = [], ZEROS.copy()
    for x in RASTER:
        v = v + WEIGHT @ x
        spike = (v >= 1).astype(float)
        v = np.maximum(v - spike, -1)
        expected.append(spike)
    assert np.array_equal(found, np.array(expected))
    assert [item.code for item in made.findings] == ["ND055"]
    assert "several spikes of a neuron in one step" in made.findings[0].message


def test_sinabs_leaks_exactly_in_steps(nir_file):
    fields = {"tau": np.array([5.0, 10.0, 20.0, 3.0]), "r": ONES, "v_leak": ZEROS, "v_threshold": ONES / 4}
    made, found = spikes(network(nir_file, "LIF", fields), producer="sinabs", dt_s=1e-3)
    keep, v, expected = np.exp(-1 / fields["tau"]), ZEROS.copy(), []
    for x in RASTER:
        v = keep * v + (1 - keep) * (WEIGHT @ x)
        spike = (v >= 0.25).astype(float)
        v = v - spike / 4
        expected.append(spike)
    assert np.array_equal(found, np.array(expected))
    assert {line.quantity: line.got for line in made.ledger}["unit of times"] == "step"


def test_norse_uses_the_current_of_the_step_before(nir_file):
    fields = {"tau_mem": 0.01 * ONES, "tau_syn": 0.005 * ONES, "r": ONES, "v_leak": ZEROS, "v_threshold": ONES / 4}
    path = network(nir_file, "CubaLIF", {**fields, "v_reset": ZEROS, "w_in": ONES}, back=True)
    made, found = spikes(path, producer="norse")
    v, i, spike, expected = ZEROS.copy(), ZEROS.copy(), ZEROS.copy(), []
    for x in RASTER:
        v = v + 0.1 * (i - v)
        i = 0.8 * i + WEIGHT @ x + BACK @ spike
        spike = (v > 0.25).astype(float)
        v = v * (1 - spike)
        expected.append(spike)
    # its recurrent spikes are those of the step before, which a connection here already is
    assert np.array_equal(found[1:], np.array(expected)[1:])
    assert np.array_equal(found, np.array(expected))
    assert made.network.time.dt_s == 1e-3


def test_norse_boxes_follow_the_definition_of_nir(nir_file):
    fields = {"tau": 0.01 * ONES, "r": ONES, "v_leak": ZEROS, "v_threshold": ONES / 4, "v_reset": ZEROS}
    path = network(nir_file, "LIF", fields)
    assert np.array_equal(spikes(path, producer="norse")[1], spikes(path, dt_s=1e-3, producer="nir")[1])


def test_rockpool_decays_a_current_in_the_step_of_its_arrival(nir_file):
    dt, tau, tau_syn = 1e-3, 0.01, 0.005
    fields = {"tau_mem": tau * ONES, "tau_syn": tau_syn * ONES, "r": tau / dt * np.exp(-dt / tau) * ONES}
    path = network(nir_file, "CubaLIF", {**fields, "v_leak": ZEROS, "v_threshold": ONES, "w_in": ONES})
    made, found = spikes(path, EXTENSION, producer="rockpool", dt_s=dt)
    keep, keep_i, v, i, expected = np.exp(-dt / tau), np.exp(-dt / tau_syn), ZEROS.copy(), ZEROS.copy(), []
    for x in RASTER:
        i = keep_i * (i + WEIGHT @ x)
        v = keep * v + keep * i
        spike = (v > 1).astype(float)
        v = v - spike
        expected.append(spike)
    assert np.array_equal(found, np.array(expected))
    assert [item.code for item in made.findings] == ["ND055"]


def test_spyx_counts_in_steps_and_takes_a_step_for_each_layer(nir_file):
    fields = {"tau": 1 / (1 - BETA), "r": BETA, "v_leak": ZEROS, "v_threshold": ONES}
    made, found = spikes(network(nir_file, "LIF", fields, version="1.0.0"), producer="spyx", dt_s=1e-3)
    v, expected = ZEROS.copy(), []
    for x in RASTER:
        spike = (v > 1).astype(float)
        v = BETA * v + WEIGHT @ x - spike
        expected.append(spike)
    assert np.array_equal(found[:-1], np.array(expected)[1:]), "it tells a spike one step later"
    assert {line.quantity: line.got for line in made.ledger}["r"].startswith("not used")


@pytest.mark.parametrize(
    ("kind", "fields", "options", "against"),
    [
        (
            "LIF",
            "snntorch",
            {"producer": "snntorch", "dt_s": 2e-4, "reset": "zero"},
            "snntorch assumes 0.0001 s",
        ),
        ("LIF", "snntorch", {"producer": "sinabs", "dt_s": 1e-3, "discretization": "euler"}, "sinabs uses exact"),
        ("LIF", "snntorch", {"producer": "sinabs", "dt_s": 1e-3, "reset": "zero"}, "sinabs uses subtract"),
    ],
)
def test_options_of_the_user_override_the_framework_and_are_reported(nir_file, kind, fields, options, against):
    made = load(network(nir_file, kind, snntorch_fields(kind)), ImportOptions(**options))
    assert any(against in line.note for line in made.ledger)
    neuron = made.network.populations[0].neuron
    assert made.network.time.dt_s == options["dt_s"]
    assert neuron.reset.mode == options.get("reset", "subtract")
    assert neuron.discretization.kind == options.get(
        "discretization", "euler" if fields == options["producer"] else "exact"
    )


SIGNS = {
    "rockpool": ({"0_LIFTorch": ("LIF", {"tau": 0.02, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0})}, {}),
    "spyx 1": ({"layer_1": ("LIF", {"tau": 0.02, "r": 0.95, "v_leak": 0.0, "v_threshold": 1.0})}, {}),
    "spyx": ({"LIF_1": ("LIF", {"tau": 0.02, "r": 0.5, "v_leak": 0.0, "v_threshold": 1.0})}, {}),
    "snntorch": ({"lif": ("LIF", {"tau": 2e-3, "r": 20.0, "v_leak": 0.0, "v_threshold": 1.0})}, {}),
    "sinabs": ({"1": ("IF", {"r": np.ones(2), "v_threshold": np.ones(2)})}, {}),
    "norse": ({"1": ("LIF", {"tau": 0.02, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0})}, {}),
    "named": ({"a": ("IF", {"r": np.ones(2), "v_threshold": np.ones(2)})}, {"tool": "written by sinabs 3.1"}),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_an_unnamed_framework_is_suggested_from_the_file(nir_file, sign):
    cells, metadata = SIGNS[sign]
    (name,) = cells
    nodes = {"input": ("Input", {"shape": [2]}), **cells, "output": ("Output", {"shape": [2]})}
    path = nir_file(nodes, [("input", name), (name, "output")], **metadata)
    given = ImportOptions(dt_s=1e-4, reset="zero")
    (found,) = load(path, given).findings
    producer = "sinabs" if sign == "named" else sign.split()[0]
    assert (found.code, found.severity) == ("ND056", "warning")
    assert [fix.text.split(",")[0] for fix in found.fixes] == [f"--from {producer}", "--from nir"]
    for answer in (producer, "nir"):
        assert "ND056" not in {item.code for item in load(path, given.model_copy(update={"producer": answer})).findings}


def test_names_that_anyone_may_give_suggest_no_framework(nir_file):
    fields = {"tau": [0.02, 0.01], "r": [0.9, 0.9], "v_leak": [0.0, 0.0], "v_threshold": [1.0, 1.0]}
    nodes = {"input": ("Input", {"shape": [2]}), "layer_1": ("LIF", fields), "output": ("Output", {"shape": [2]})}
    path = nir_file(nodes, [("input", "layer_1"), ("layer_1", "output")])
    assert load(path, ImportOptions(dt_s=1e-4, reset="zero")).findings == ()


def test_another_framework_than_the_one_that_is_named_is_reported(nir_file):
    made = load(network(nir_file, "LIF", snntorch_fields("LIF")), ImportOptions(producer="norse", reset="zero"))
    (found,) = made.findings
    assert (found.code, found.message) == (
        "ND056",
        "appears to be written by snntorch (r is tau / 1e-4 s in every node); the semantics of norse are applied",
    )


def test_spyx_subtracts_at_once_where_a_current_is_filtered(nir_file):
    fields = {"tau_mem": 1 / (1 - BETA), "tau_syn": 1 / (1 - ALPHA), "r": BETA, "v_leak": ZEROS, "v_threshold": ONES}
    path = network(nir_file, "CubaLIF", fields, version="1.0.8")
    made, found = spikes(path, EXTENSION, producer="spyx", dt_s=1e-3)
    v, i, expected = ZEROS.copy(), ZEROS.copy(), []
    for x in RASTER:
        spike = (v > 1).astype(float)
        v, i = v - spike, ALPHA * i + WEIGHT @ x
        v = BETA * v + i
        expected.append(spike)
    assert np.array_equal(found[:-1], np.array(expected)[1:])
    assert "ND055" not in {item.code for item in made.findings}


def recurrent_spyx(nir_file, kind="LIF"):
    """As to_nir of spyx 1.0.0 writes a recurrent layer: a nested graph whose input goes to the recurrent weights."""
    fields = {"tau": 1 / (1 - BETA), "r": BETA, "v_leak": ZEROS, "v_threshold": ONES}
    port = {"shape": [CELLS]}
    inner = {
        "layer_1.lif": (kind, fields),
        "layer_1.w_rec": ("Linear", {"weight": BACK}),
        "layer_1.input": ("Input", port),
        "layer_1.output": ("Output", port),
    }
    own = [("input", "w_rec"), ("w_rec", "lif"), ("lif", "w_rec"), ("lif", "output")]
    inside = [(f"layer_1.{a}", f"layer_1.{b}") for a, b in own]
    nodes = {**PORTS, "layer_0": ("Linear", {"weight": WEIGHT}), "layer_1": ("NIRGraph", (inner, inside))}
    return nir_file(nodes, [("input", "layer_0"), ("layer_0", "layer_1"), ("layer_1", "output")], "1.0.8")


def test_spyx_adds_the_input_of_a_recurrent_layer_behind_its_recurrent_weights(nir_file):
    path, name = recurrent_spyx(nir_file), "layer_1.layer_1.lif"
    made = load(path, ImportOptions(producer="spyx", dt_s=1e-3))
    program = compile_network(made.network, load_target("loihi1")).require()
    rows = nd.run(
        program, encode(made.network, SampleValues(values={"input": RASTER[None].astype(int)})), backend="reference"
    ).spikes[name]
    found = np.zeros((STEPS + 4, CELLS))
    found[rows[:, 1] - 2, rows[:, 2]] = 1
    v, expected = ZEROS.copy(), []
    for x in RASTER:
        spike = (v > 1).astype(float)
        v = BETA * v + WEIGHT @ x + BACK @ spike - spike
        expected.append(spike)
    assert np.array_equal(found[: STEPS - 1], np.array(expected)[1:])
    (line,) = [line for line in made.ledger if line.quantity == "input"]
    assert line.note == "as spyx runs its recurrent layers"
    (hint,) = load(path, ImportOptions(dt_s=1e-3, time_unit="step", reset="zero")).findings
    assert (hint.code, "spyx" in hint.message) == ("ND056", True)


def test_spyx_without_resets_is_an_integrator_and_a_threshold(nir_file):
    fields = {"tau": 1 / (1 - BETA), "r": ONES, "v_leak": ZEROS}
    nodes = {
        **PORTS,
        "layer_0": ("Linear", {"weight": WEIGHT}),
        "layer_1": ("LI", fields),
        "layer_1_threshold": ("Threshold", {"threshold": ONES}),
    }
    names = ["input", "layer_0", "layer_1", "layer_1_threshold", "output"]
    path = nir_file(nodes, list(pairwise(names)), "1.0.8")
    made = load(path, ImportOptions(producer="spyx", dt_s=1e-3))
    program = compile_network(made.network, load_target("loihi1")).require()
    values = SampleValues(values={"input": RASTER[None].astype(int)})
    rows = nd.run(program, encode(made.network, values), backend="reference").spikes["layer_1_threshold"]
    found, v = np.zeros((STEPS + 4, CELLS)), ZEROS.copy()
    found[rows[:, 1] - 2, rows[:, 2]] = 1
    for step, x in enumerate(RASTER):
        v = BETA * v + WEIGHT @ x
        assert np.array_equal(found[step], v > 1)


def test_the_step_follows_from_r_in_files_of_rockpool(nir_file):
    tau = np.array([2e-2, 1e-2, 5e-3, 8e-3])
    fields = {"tau": tau, "r": tau * np.exp(-1e-3 / tau) / 1e-3, "v_leak": ZEROS, "v_threshold": ONES}
    made = load(network(nir_file, "LIF", fields), ImportOptions(producer="rockpool"))
    assert made.network.time.dt_s == 1e-3
    (line,) = [line for line in made.ledger if line.quantity == "dt_s"]
    assert line.note == "r of the nodes codes it, as rockpool writes it"
    neuron = made.network.populations[0].neuron
    assert np.allclose(neuron.discretization.gain_v * np.asarray(neuron.r), np.exp(-1e-3 / tau)), (
        "v gains keep * current"
    )
    odd = load(network(nir_file, "LIF", {**fields, "r": ONES}), ImportOptions(producer="rockpool", dt_s=2e-3))
    assert odd.network.time.dt_s == 2e-3
    with pytest.raises(DiagnosticError) as error:
        load(network(nir_file, "LIF", {**fields, "r": ONES}), ImportOptions(producer="rockpool"))
    assert [item.code for item in error.value.diagnostics] == ["ND047"]


def test_the_single_neuron_of_rockpool_codes_a_step_of_a_tenth_of_a_millisecond(reference_data):
    path = reference_data / "real_inputs" / "nir_paper" / "01_lif" / "lif_rockpool.nir"
    assert load(path, ImportOptions(producer="rockpool")).network.time.dt_s == 1e-4
