"""NIR files written by others, and small ones whose result is known by hand."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.simulate import SampleValues, encode

pytestmark = pytest.mark.usefixtures("engine")

OPTIONS = ImportOptions(dt_s=1e-4, reset="subtract")


@pytest.fixture
def paper(reference_data):
    return reference_data / "real_inputs" / "nir_paper"


def codes(path, options=None):
    with pytest.raises(DiagnosticError) as error:
        load(path, options)
    return [item.code for item in error.value.diagnostics], str(error.value)


def test_the_braille_network_asks_for_dt_and_reset_at_once(paper):
    found, text = codes(paper / "03_rnn/braille_noDelay_noBias_subtract.nir")
    assert found == ["ND047", "ND048"]
    assert "--dt SECONDS" in text
    assert "--reset zero or --reset subtract" in text


def test_the_braille_network_compiles_and_runs_on_a_seeded_raster(paper):
    network = load(paper / "03_rnn/braille_noDelay_noBias_subtract.nir", OPTIONS).network
    with h5py.File(paper / "03_rnn/braille_noDelay_noBias_subtract.nir") as file:
        recurrent = file["node/nodes/lif1.w_rec/weight"][()]
    projections = {item.name: item for item in network.projections}
    assert {(p.source, p.target) for p in network.projections} == {
        ("input", "lif1.lif"),
        ("lif1.lif", "lif1.lif"),
        ("lif1.lif", "lif2"),
    }
    assert np.array_equal(projections["lif1.w_rec"].operation.weights, recurrent)
    options = CompileOptions(soft_reset="two_compartments")
    program = compile_network(network, load_target("loihi1"), options).require()
    raster = (np.random.default_rng(0).random((8, 256, 12)) < 0.05).astype(int)
    stimulus = encode(network, SampleValues(values={"input": raster}))
    counts = {
        name: {k: len(v) for k, v in nd.run(program, stimulus, backend=name).spikes.items()}
        for name in ("emulator", "reference")
    }
    for population in ("lif1.lif", "lif2"):
        assert counts["reference"][population] > 500
        assert counts["emulator"][population] == pytest.approx(counts["reference"][population], rel=0.15)


@pytest.mark.parametrize(
    ("file", "edge", "nearest"),
    [
        (
            "03_rnn/braille_noDelay_noBias_subtract_subgraph.nir",
            "edge 'lif' -> 'lin' of graph 'lif1' dangles: node 'lif' does not exist",
            "lif1",
        ),
        ("legacy/braille_v2.nir", "edge 'fc1' -> 'lif1' dangles: node 'lif1' does not exist", "lif1.input"),
    ],
)
def test_dangling_edges_are_named_with_the_nearest_node(paper, file, edge, nearest):
    found, text = codes(paper / file, OPTIONS)
    assert found.count("ND042") == text.count("dangles") > 1
    assert edge in text
    assert f"did you mean '{nearest}'?" in text


def test_time_constants_in_steps_ask_for_their_unit(paper):
    path = paper / "legacy/braille_flattened.nir"
    assert codes(path, OPTIONS)[0] == ["ND049"]
    network = load(path, OPTIONS.model_copy(update={"time_unit": "step"})).network
    lif1 = network.population_by_name["lif1"]
    assert lif1.size == 38, "a parameter without a shape takes the size of what reaches it"
    assert lif1.neuron.tau_m_s == pytest.approx(2.2222223e-4)
    with h5py.File(path) as file:
        nodes = file["node/nodes"]
        bias = nodes["fc1/bias"][()] + nodes["w_rec/bias"][()]
    assert np.allclose(lif1.neuron.bias, bias), "biases of all operations into a neuron add up"


def test_every_assumption_is_in_the_ledger_and_an_error_under_strict(paper):
    path = paper / "01_lif/lif_norse.nir"
    lines = {line.quantity: line.got for line in load(path, OPTIONS).ledger}
    assert lines["dt_s"] == "0.0001 s"
    assert lines["reset"] == "subtract"
    assert lines["discretization"] == "euler"
    strict = OPTIONS.model_copy(update={"strict": True})
    assert codes(path, strict)[0] == ["ND056", "ND050", "ND050"]
    answered = strict.model_copy(update={"discretization": "exact", "time_unit": "s", "producer": "nir"})
    assert load(path, answered).network.populations[0].neuron.discretization.kind == "exact"


def write(path, nodes, edges, version="1.0.8"):
    with h5py.File(path, "w") as file:
        file["version"] = version
        graph(file.create_group("node"), nodes, edges)
    return path


def graph(group, nodes, edges):
    group["type"] = "NIRGraph"
    group["edges"] = np.array(edges, dtype="S")
    for name, (kind, fields) in nodes.items():
        child = group.create_group(f"nodes/{name}")
        if kind == "NIRGraph":
            graph(child, *fields)
            continue
        child["type"] = kind
        for key, value in fields.items():
            child[key] = value


LIF = (
    "LIF",
    {"tau": [0.01, 0.01], "r": [1.0, 1.0], "v_leak": [0.0, 0.0], "v_threshold": [1.0, 1.0], "v_reset": [0.25, 0.25]},
)
PORTS = {"input": ("Input", {"shape": [3]}), "output": ("Output", {"shape": [2]})}


def test_chains_of_operations_multiply_and_carry_their_biases(tmp_path):
    w1, w2 = np.arange(12.0).reshape(4, 3), np.arange(8.0).reshape(2, 4)
    nodes = {
        **PORTS,
        "a": ("Affine", {"weight": w1, "bias": np.ones(4)}),
        "s": ("Scale", {"scale": [1.0, 2.0, 3.0, 4.0]}),
        "b": ("Affine", {"weight": w2, "bias": [10.0, 20.0]}),
        "lif": LIF,
    }
    edges = [("input", "a"), ("a", "s"), ("s", "b"), ("b", "lif"), ("lif", "output")]
    network = load(write(tmp_path / "a.nir", nodes, edges), ImportOptions(dt_s=1e-3)).network
    scale = np.diag([1.0, 2, 3, 4])
    assert np.allclose(network.projections[0].operation.weights, w2 @ scale @ w1)
    assert np.allclose(network.populations[0].neuron.bias, w2 @ scale @ np.ones(4) + [10, 20])
    assert network.populations[0].neuron.reset.mode == "value", "written since 1.0.6: v_reset is what it says"


def test_nested_graphs_flatten_to_dotted_names(tmp_path):
    inner = {
        "in": ("Input", {"shape": [2]}),
        "lif": LIF,
        "w": ("Linear", {"weight": np.eye(2)}),
        "out": ("Output", {"shape": [2]}),
    }
    nodes = {
        **PORTS,
        "fc": ("Linear", {"weight": np.ones((2, 3))}),
        "block": ("NIRGraph", (inner, [("in", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "out")])),
    }
    edges = [("input", "fc"), ("fc", "block"), ("block", "output")]
    network = load(write(tmp_path / "a.nir", nodes, edges), ImportOptions(dt_s=1e-3)).network
    assert [item.name for item in network.populations] == ["block.lif"]
    assert {(item.source, item.target) for item in network.projections} == {
        ("input", "block.lif"),
        ("block.lif", "block.lif"),
    }
    assert network.outputs[0].source == "block.lif"


@pytest.mark.parametrize("content", [b"", b"not hdf5 at all", None])
def test_files_that_are_not_nir_are_findings(tmp_path, content, paper):
    if content is None:
        content = (paper / "01_lif/lif_norse.nir").read_bytes()[:900]
    (tmp_path / "a.nir").write_bytes(content)
    assert codes(tmp_path / "a.nir", OPTIONS)[0] == ["ND003"]


@pytest.mark.parametrize(("kind", "own"), [("LI", {"tau": [0.01, 0.02]}), ("CubaLI", {"tau_mem": [0.01, 0.02]})])
def test_integrators_without_a_threshold_are_imported(tmp_path, kind, own):
    fields = {"r": [2.0, 2.0], "v_leak": [0.0, 0.0], **own}
    if kind == "CubaLI":
        fields |= {"tau_syn": [0.005, 0.005], "w_in": [3.0, 3.0]}
    nodes = {**PORTS, "in": ("Linear", {"weight": np.ones((2, 3))}), "cells": (kind, fields)}
    edges = [("input", "in"), ("in", "cells"), ("cells", "output")]
    network = load(write(tmp_path / "li.nir", nodes, edges), OPTIONS).network
    neuron = network.populations[0].neuron
    assert neuron.kind == {"LI": "li", "CubaLI": "cuba_li"}[kind]
    assert np.asarray(neuron.tau_m_s).tolist() == [0.01, 0.02]
    if kind == "CubaLI":
        assert float(np.max(neuron.tau_syn_s)) == 0.005
        assert float(np.max(neuron.w_in)) == 3.0
