"""NIR graphs with many nodes, many paths, or sizes beyond memory: loaded in time, or rejected before allocation."""

from __future__ import annotations

import numpy as np
import pytest
from factories import nir_chain, nir_if, nir_ports

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network.coordinates import coordinates_of

OPTIONS = ImportOptions(dt_s=1e-3, reset="zero")


def codes(path, options=OPTIONS):
    with pytest.raises(DiagnosticError) as error:
        load(path, options)
    return [item.code for item in error.value.diagnostics], str(error.value)


def matrix(network, name):
    """(post, pre) weights of a projection."""
    item = next(item for item in network.projections if item.name == name)
    size = network.source_size(item.source), network.population_by_name[item.target].size
    columns = coordinates_of(item.operation, size[0])
    full = np.zeros((size[1], size[0]))
    np.add.at(full, (columns.post, columns.pre), columns.weights)
    return full


def diamond(kind, rungs):
    """Two branches at each rung, 2**rungs paths in all."""
    fields = {"scale": 0.5} if kind == "Scale" else {"weight": np.eye(2) / 2}
    nodes, edges, before = {**nir_ports([2], [2]), "cell": nir_if(2)}, [], "input"
    for rung in range(rungs):
        join = f"join{rung}"
        nodes |= {f"a{rung}": (kind, fields), f"b{rung}": (kind, fields), join: (kind, {**fields, "scale": 1.0})}
        edges += [(before, f"a{rung}"), (before, f"b{rung}"), (f"a{rung}", join), (f"b{rung}", join)]
        before = join
    return nodes, [*edges, (before, "cell"), ("cell", "output")]


@pytest.mark.parametrize("kind", ["Scale", "Linear"])
def test_the_depth_of_a_ladder_of_diamonds_is_linear(nir_file, kind):
    nodes, edges = diamond(kind, 100)
    network = load(nir_file(nodes, edges), OPTIONS).network
    assert len(network.projections) == 1
    share = 1.0 if kind == "Scale" else 0.5**100
    assert np.allclose(matrix(network, network.projections[0].name), share * np.eye(2))


def test_many_populations_may_reach_one(nir_file):
    nodes = {**nir_ports([1], [1]), **{f"n{index}": nir_if(1) for index in range(100)}, "last": nir_if(1)}
    edges = [edge for index in range(100) for edge in (("input", f"n{index}"), (f"n{index}", "last"))]
    assert len(load(nir_file(nodes, [*edges, ("last", "output")]), OPTIONS).network.projections) == 200


def test_paths_that_double_beyond_all_bounds_are_a_finding(nir_file):
    nodes, edges = {**nir_ports([2], [2]), "cell": nir_if(2)}, []
    for rung in range(20):
        nodes |= {f"{side}{rung}": ("Delay", {"delay": 0.001 * 2**rung if side == "a" else 0.0}) for side in "ab"}
        edges += [(f"{x}{rung - 1}" if rung else "input", f"{y}{rung}") for x in ("ab" if rung else "a") for y in "ab"]
    edges += [("a19", "cell"), ("b19", "cell"), ("cell", "output")]
    found, text = codes(nir_file(nodes, edges), OPTIONS.model_copy(update={"time_unit": "s"}))
    assert set(found) == {"ND046"}
    assert "paths arrive" in text


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["IF", "Scale"])
def test_chains_of_1500_nodes_load(nir_file, kind):
    cell = nir_if(2) if kind == "IF" else ("Scale", {"scale": 1.0})
    nodes = {**nir_ports([2], [2]), **{f"n{index}": cell for index in range(1500)}, "last": nir_if(2)}
    path = nir_file(nodes, nir_chain(*(f"n{index}" for index in range(1500)), "last"))
    network = load(path, OPTIONS).network
    assert len(network.populations) == (1501 if kind == "IF" else 1)


@pytest.mark.parametrize("size", [[10**9], [2**31 - 1, 2**31 - 1], [0], [-3], [], [2**62, 4], "wide"])
def test_sizes_beyond_bounds_are_findings_before_memory_is_taken(nir_file, size):
    nodes = {**nir_ports(size, [1]), "s": ("Affine", {"weight": np.ones((1, 3)), "bias": [1.0]}), "cell": nir_if(1)}
    assert set(codes(nir_file(nodes, nir_chain("s", "cell")))[0]) == {"ND046"}


def test_products_larger_than_memory_are_findings(nir_file):
    thin, flat = np.ones((1, 20_000), dtype=np.float32), np.ones((20_000, 1), dtype=np.float32)
    nodes = {**nir_ports([20_000], [20_000]), "v": ("Linear", {"weight": thin}), "w": ("Linear", {"weight": flat})}
    nodes |= {"cell": nir_if(20_000)}
    found, text = codes(nir_file(nodes, nir_chain("v", "w", "cell")))
    assert found == ["ND046"]
    assert "400,000,000 entries" in text


def test_products_of_weights_that_overflow_floats_are_findings(nir_file):
    big = ("Linear", {"weight": [[1e37, 0.0], [0.0, 1e37]]})
    found, text = codes(
        nir_file({**nir_ports([2], [2]), "v": big, "w": big, "cell": nir_if(2)}, nir_chain("v", "w", "cell"))
    )
    assert found == ["ND046"]
    assert "node 'w' (Linear): the product" in text


def test_the_memory_limit_is_the_callers(nir_file):
    nodes = {**nir_ports([100], [100]), "w": ("Linear", {"weight": np.ones((100, 100))}), "cell": nir_if(100)}
    path = nir_file(nodes, nir_chain("w", "cell"))
    assert len(load(path, OPTIONS).network.populations) == 1
    found, text = codes(path, OPTIONS.model_copy(update={"memory_limit_bytes": 50_000}))
    assert "ND046" in found
    assert "needs 80,000 bytes of memory; the limit of a file is 50,000 bytes" in text
