"""Files that the nir package writes itself: every node type of it, nested graphs, and values compared with a slow model."""

from __future__ import annotations

import nir
import numpy as np
import pytest
from nir.ir.graph import NIRGraph

import neurodeploy as nd
from neurodeploy.importers.nir.nodes import KNOWN

STEPS, ONES = 12, np.ones(3)
OPTIONS = nd.ImportOptions(dt_s=1e-3, reset="zero")
LEAKY = {"tau": 4e-3 * ONES, "r": ONES, "v_leak": 0 * ONES}
CUBA = {"tau_mem": 4e-3 * ONES, "tau_syn": 2e-3 * ONES, "r": ONES, "v_leak": 0 * ONES, "w_in": ONES}
SQUARE = np.array([[0.5, 0.25, 0.0], [0.0, 1.0, 0.5], [0.75, 0.0, 0.25]])
IMAGE = (2, 4, 4)
KERNEL = (np.arange(16.0).reshape(2, 2, 2, 2) - 6) / 8
MIDDLES = {
    "Affine": nir.Affine(SQUARE, 0.25 * ONES),
    "Linear": nir.Linear(SQUARE),
    "Scale": nir.Scale(np.array([0.5, 1.0, 2.0])),
    "Delay": nir.Delay(np.array([0.0, 1e-3, 2e-3])),
    "IF": nir.IF(r=ONES, v_threshold=ONES),
    "LIF": nir.LIF(**LEAKY, v_threshold=0.25 * ONES),
    "LI": nir.LI(**LEAKY),
    "I": nir.I(r=ONES),
    "CubaLIF": nir.CubaLIF(**CUBA, v_threshold=0.25 * ONES),
    "CubaLI": nir.CubaLI(**CUBA),
    "Threshold": nir.Threshold(0.5 * ONES),
    "Conv1d": nir.Conv1d(4, KERNEL[:, :, 0], 1, 0, 1, 1, np.zeros(2)),
    "Conv2d": nir.Conv2d((4, 4), KERNEL, 1, 1, 1, 1, np.zeros(2)),
    "SumPool2d": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
    "AvgPool2d": nir.AvgPool2d(np.array([2, 2]), np.array([1, 1]), np.array([1, 1])),
    "Flatten": nir.Flatten({"input": np.array(IMAGE)}, 0, -1),
}
IN = {"Conv1d": (2, 4), "Conv2d": IMAGE, "SumPool2d": IMAGE, "AvgPool2d": IMAGE, "Flatten": IMAGE}
OUT = {"Conv1d": (2, 3), "Conv2d": (2, 5, 5), "SumPool2d": (2, 2, 2), "AvgPool2d": (2, 5, 5), "Flatten": (32,)}


def written(path, node, shape, after):
    """A graph of the node between an input and an output, as a file."""
    ends = nir.Input(np.array(shape)), nir.Output(np.array(after))
    edges = [("input", "node"), ("node", "output")]
    nir.write(path, NIRGraph({"input": ends[0], "node": node, "output": ends[1]}, edges, type_check=False))
    return path


def windows(x, kernel, padding, stride):
    """Sums over windows of (channels, H, W), by loops."""
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    rows, columns = ((n - kernel.shape[-1]) // stride + 1 for n in padded.shape[1:])
    found = np.zeros((len(kernel), rows, columns))
    for o, i, j in np.ndindex(*found.shape):
        at = padded[:, stride * i : stride * i + kernel.shape[-1], stride * j : stride * j + kernel.shape[-1]]
        found[o, i, j] = (at * kernel[o]).sum()
    return found


def expected(kind, x):
    """What a node makes of each step of its input; voltages of nodes that integrate, spikes of neurons, by NIR's equations."""
    v, i, found = np.zeros(x[0].shape), np.zeros(x[0].shape), []
    each = np.eye(2)[:, :, None, None] * np.ones((2, 2))
    stateless = {
        "Affine": lambda a: SQUARE @ a + 0.25,
        "Linear": lambda a: SQUARE @ a,
        "Scale": lambda a: np.array([0.5, 1.0, 2.0]) * a,
        "Threshold": lambda a: a > 0.5,
        "Conv1d": lambda a: np.array([[(a[:, k : k + 2] * w).sum() for k in range(3)] for w in KERNEL[:, :, 0]]),
        "Conv2d": lambda a: windows(a, KERNEL, 1, 1),
        "SumPool2d": lambda a: windows(a, each, 0, 2),
        "AvgPool2d": lambda a: windows(a, each / 4, 1, 1),
        "Flatten": np.ravel,
    }
    for a in x:
        if kind in stateless:
            found.append(stateless[kind](a))
            continue
        i = 0.5 * i + 0.5 * a if kind.startswith("Cuba") else a
        v = v + i if kind in ("I", "IF") else 0.75 * v + 0.25 * i
        spikes = v > (1.0 if kind == "IF" else 0.25)
        found.append(spikes if kind in ("IF", "LIF", "CubaLIF") else v)
        v = np.where(spikes, 0.0, v) if kind in ("IF", "LIF", "CubaLIF") else v
    return np.array(found, dtype=float)


def test_every_type_of_the_package_is_known():
    names = {item.__name__ for item in nir.ir.graph.NIRNode.__subclasses__()} - {"Identity"}
    assert names - {"NIRGraph"} == set(KNOWN)
    assert set(MIDDLES) | {"Input", "Output"} == set(KNOWN)


@pytest.mark.parametrize("kind", [kind for kind in MIDDLES if kind != "Delay"])
def test_a_node_computes_what_nir_defines(tmp_path, kind):
    shape, after = IN.get(kind, (3,)), OUT.get(kind, (3,))
    network = nd.load(written(tmp_path / "net.nir", MIDDLES[kind], shape, after), OPTIONS, kind=nd.Imported).network
    raster = (np.random.default_rng(7).random((STEPS, *shape)) < 0.4).astype(np.uint8)
    (output,) = network.outputs
    found = nd.run(nd.compile(network, "loihi1"), raster[None], backend="reference")
    want = expected(kind, raster.astype(float)).reshape(STEPS, -1)
    if output.decoder.kind == "membrane":
        got = found.states["output.v"][0, 1 : STEPS + 1]
        assert np.allclose(got, want[: len(got)])
        return
    got = np.zeros((STEPS + 4, want.shape[1]))
    rows = found.spikes[output.source]
    got[rows[:, 1] - 2, rows[:, 2]] = 1
    assert want.any()
    assert np.array_equal(got[:STEPS], want)


def test_a_delay_waits_for_its_steps(tmp_path):
    nodes = {"input": nir.Input([3]), "node": MIDDLES["Delay"], "cells": MIDDLES["IF"], "output": nir.Output([3])}
    nodes["more"] = nir.Scale(2 * ONES)
    edges = [("input", "more"), ("more", "node"), ("node", "cells"), ("cells", "output")]
    nir.write(tmp_path / "net.nir", NIRGraph(nodes, edges))
    network = nd.load(tmp_path / "net.nir", OPTIONS)
    one = np.zeros((1, 8, 3), np.uint8)
    one[0, 0] = 1
    rows = nd.run(nd.compile(network, "loihi1"), one, backend="reference").spikes["cells"]
    assert sorted((int(n), int(step)) for _, step, n in rows) == [(0, 2), (1, 3), (2, 4)]


def test_graphs_in_graphs_in_graphs_are_one_network(tmp_path):
    flat = {"w": nir.Linear(SQUARE), "lif": MIDDLES["LIF"], "back": nir.Linear(-SQUARE)}
    ports = {"input": nir.Input([3]), "output": nir.Output([3])}
    inner = NIRGraph(
        {**ports, **flat}, [("input", "w"), ("w", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")]
    )
    middle = NIRGraph({**ports, "inner": inner}, [("input", "inner"), ("inner", "output")])
    outer = {**ports, "middle": middle, "w2": nir.Linear(SQUARE), "read": nir.LI(**LEAKY)}
    edges = [("input", "middle"), ("middle", "w2"), ("w2", "read"), ("read", "output")]
    nir.write(tmp_path / "net.nir", NIRGraph(outer, edges))
    network = nd.load(tmp_path / "net.nir", OPTIONS, kind=nd.Imported).network
    assert {(item.source, item.target) for item in network.projections} == {
        ("input", "middle.inner.lif"),
        ("middle.inner.lif", "middle.inner.lif"),
        ("middle.inner.lif", "read"),
    }
    raster = (np.random.default_rng(1).random((1, STEPS, 3)) < 0.6).astype(np.uint8)
    found = nd.run(nd.compile(network, "loihi1"), raster, backend="reference").spikes["middle.inner.lif"]
    v, spikes, want = np.zeros(3), np.zeros(3), []
    for x in raster[0]:
        v = 0.75 * v + 0.25 * (SQUARE @ x - SQUARE @ spikes)
        spikes = (v > 0.25).astype(float)
        v = np.where(spikes > 0, 0, v)
        want.append(spikes)
    got = np.zeros((STEPS + 4, 3))
    got[found[:, 1] - 2, found[:, 2]] = 1
    assert np.array_equal(got[:STEPS], np.array(want))


def test_a_file_that_nir_write_leaves_half_written_is_named(tmp_path):
    path = tmp_path / "net.nir"
    single = nir.LIF(tau=np.array(4e-3), r=np.array(1.0), v_leak=np.array(0.0), v_threshold=np.array(1.0))
    with pytest.raises(TypeError, match="Scalar datasets"):
        written(path, single, (1,), (1,))
    with pytest.raises(nd.DiagnosticError) as error:
        nd.load(path, OPTIONS)
    assert "ND040" in {item.code for item in error.value.diagnostics}
    assert "writes no None and no 0-d arrays: use shape (1,)" in str(error.value)
