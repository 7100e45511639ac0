"""Mapping options on the command line and their effects."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest
from factories import leave, network_of

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import errors_in
from neurodeploy.mapping.partition.search import starts
from neurodeploy.mapping.partition.search.hypergraph import hypergraph_of
from neurodeploy.mapping.partition.search.starts import by_metis, by_mtkahypar
from neurodeploy.program import load_program
from neurodeploy.program.audit import use_of_program
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits
from neurodeploy.simulate import save_recording

FINE, COARSE = (nd.network.WeightFormat(weight_bits=bits) for bits in (8, 4))
CELLS = nd.LoihiCuba(du=4095, dv=64, vth_mant=2)
TINY = ("-t", "tiny", "--board", "pair")


def network(name, inputs, sizes, projections):
    cells = [nd.Population(name=key, shape=size, neuron=CELLS) for key, size in sizes.items()]
    return network_of(cells, projections, inputs=inputs, name=name)


def shuffled(lines=0):
    """Four groups of eight neurons connected only among themselves, shuffled. One group fills a core of the tiny chip.

    `lines`: input lines of the first group alone, in addition to the one that reaches all.
    """
    group = np.arange(32) % 4
    same = 32 * (group[:, None] == group[None, :])
    np.fill_diagonal(same, 0)
    connected = np.hstack([np.ones((32, 1)), np.repeat(group[:, None] == 0, lines, axis=1)])
    projections = [nd.sparse("in", "cells", 32 * connected.astype(int), weight_format=COARSE)]
    return network(
        "shuffled", 1 + lines, {"cells": 32}, [*projections, nd.sparse("cells", "cells", same, weight_format=COARSE)]
    )


def crossed():
    """a and b, a core each, send half of their spikes to c and half to d; two input lines drive the halves of a, two those of b."""
    half = np.repeat([0, 1], 4)
    drive = lambda first: 64 * (half[:, None] + first == np.arange(4)[None, :])  # noqa: E731
    projections = [nd.sparse("in", key, drive(first), weight_format=FINE) for key, first in (("a", 0), ("b", 2))]
    for source in "ab":
        for number, target in enumerate("cd"):
            projections.append(nd.sparse(source, target, 64 * np.diag(half == number), weight_format=FINE))
    return network("crossed", 4, dict.fromkeys("abcd", 8), projections)


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Return a function from arguments of `compile`, in an empty folder to (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = leave(("compile", *arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return run


def compiled(call, net, *options):
    """The program that `compile` wrote, after every core was counted again."""
    nd.save(net, f"{net.name}.nd.json")
    status, _, err = call(f"{net.name}.nd.json", *TINY, *options, "-o", "out.ndp")
    assert status == 0, err
    program = load_program("out.ndp")
    limits = core_limits(program.target)
    assert all((values <= limits[name].value).all() for name, values in use_of_program(program).items())
    return program


def cores_of(program, name):
    """Physical cores that hold a population."""
    tables = program.tables
    core = np.repeat(tables.core_id, np.diff(tables.compartment_ptr))
    index = [item.name for item in program.populations].index(name)
    return set(core[tables.population == index].tolist())


@pytest.mark.parametrize("level", [0, 1])
def test_first_fit_does_not_recover_shuffled_groups(call, level):
    nd.save(shuffled(), "shuffled.nd.json")
    status, out, err = call("shuffled.nd.json", *TINY, f"-O{level}", "--json")
    assert status == 1
    assert "ND40" in out + err


@pytest.mark.parametrize("level", [1, 2])
def test_positions_recover_shuffled_groups(call, level):
    """Neurons without positions fill cores after those with positions."""
    net = shuffled()
    extra = nd.Population(name="late", shape=3, neuron=CELLS)
    net = net.model_copy(update={"populations": (extra, *net.populations)})
    place = np.random.default_rng(0).random((32, 2)) + 9 * (np.arange(32) % 4)[:, None]
    np.savez("where.npz", cells=place)
    program = compiled(call, net, f"-O{level}", "--positions", "where.npz")
    core = np.repeat(np.arange(program.tables.n_cores), np.diff(program.tables.compartment_ptr))
    mine = program.tables.population == 1
    held = {item: set((program.tables.neuron[mine & (core == item)] % 4).tolist()) for item in set(core[mine].tolist())}
    assert sorted(map(len, held.values())) == [1, 1, 1, 1]
    assert program.tables.n_cores == 5


@pytest.mark.parametrize("lines", [0, 30])
@pytest.mark.parametrize("order", [by_metis, by_mtkahypar])
def test_partitioners_recover_shuffled_groups(order, lines):
    """Input lines take no room in a core, however many reach a group."""
    target = nd.load_target("loihi1")
    graph = hypergraph_of(quantize(shuffled(lines), target), target)
    found = [order(graph, 4, 0) for _ in range(2)]
    assert [sorted({int(n) % 4 for n in part}) for part in np.split(found[0], 4)] in list(
        map(list, permutations([[0], [1], [2], [3]]))
    )
    assert np.array_equal(*found)


@pytest.mark.slow
def test_the_blocks_of_mtkahypar_do_not_depend_on_threads():
    script = """
import numpy as np, os, sys
import neurodeploy as nd
from neurodeploy.mapping.partition.search.starts import by_mtkahypar
from neurodeploy.mapping.partition.search.hypergraph import hypergraph_of
from neurodeploy.quantize import quantize
os.sched_getaffinity = lambda _: range(int(sys.argv[1]))
connected = np.random.default_rng(0).random((300, 300)) < 0.03
cells = nd.Population(name="cells", shape=300, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=2))
recurrent = nd.sparse("cells", "cells", 32 * connected, weight_format=nd.network.WeightFormat(weight_bits=8))
net = nd.Network(name="some", time=nd.Time(dt_s=1e-3), inputs=(), populations=(cells,), projections=(recurrent,))
target = nd.load_target("loihi1")
print(by_mtkahypar(hypergraph_of(quantize(net, target), target), 12, 1).tolist())
"""
    runs = [subprocess.run([sys.executable, "-c", script, n], capture_output=True, text=True, check=True) for n in "12"]
    orders = [json.loads(run.stdout) for run in runs]
    assert sorted(orders[0]) == list(range(300)) != orders[0] == orders[1]


@pytest.mark.slow
@pytest.mark.parametrize("start", ["metis", "mtkahypar"])
def test_a_search_starts_from_the_requested_partitioner(call, monkeypatch, start):
    """Only the order of the network and that of the library are left: the others are patched."""
    requested = []
    for name in ("by_embedding", "by_metis", "by_mtkahypar"):
        monkeypatch.setattr(
            starts, name, lambda *_, name=name: requested.append(name) or np.arange(32) // 8 + np.arange(32) % 8 * 4
        )
    assert compiled(call, shuffled(), "-O2", "--partitioner", start, "--partitioner", start).tables.n_cores == 4
    assert requested == ["by_embedding", f"by_{start}"]


@pytest.mark.parametrize("level", [2, 3])
def test_moving_neurons_recovers_them_with_the_same_bytes_for_a_seed(call, level):
    programs = [compiled(call, shuffled(), f"-O{level}", "--placement-seed", 3) for _ in range(2)]
    assert programs[0].tables.n_cores == 4  # 32 neurons, 8 to a core
    assert programs[0].digest() == programs[1].digest()


def test_a_time_limit_returns_the_best_mapping_so_far(call):
    rng = np.random.default_rng(2)
    projections = [nd.sparse("in", "cells", 32 * (rng.random((16, 3)) < 0.5), weight_format=COARSE)]
    projections.append(nd.sparse("cells", "cells", 32 * (rng.random((16, 16)) < 0.12), weight_format=COARSE))
    net = network("some", 3, {"cells": 16}, projections)
    plain = compiled(call, net, "-O0")
    short = compiled(call, net, "-O3", "--time-limit", "0.1")
    assert short.tables.n_cores <= plain.tables.n_cores
    assert call("some.nd.json", *TINY, "--time-limit", "0")[0] == 2


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_faulty_cores_stay_empty_and_pinned_populations_lie_where_they_are_pinned(call, level):
    options = ("--avoid-cores", "0,2", "--avoid-cores", "5-5", "--pin", "b=6,7", "--pin", "d=3")
    program = compiled(call, crossed(), f"-O{level}", *options)
    assert cores_of(program, "b") <= {6, 7}
    assert cores_of(program, "d") == {3}
    assert not (cores_of(program, "a") | cores_of(program, "c")) & {0, 2, 3, 5, 6, 7}


def test_cores_are_placed_by_recorded_spikes(call):
    """Cores with the most traffic share a tile of two. Lines 0 and 3 drive traffic from a to c and b to d, 1 and 2 the reverse."""
    found = {}
    for lines in ((0, 3), (1, 2)):
        program = compiled(call, crossed(), "-O1")
        rows = np.array([(0, t, line) for t in range(1, 9) for line in lines])
        save_recording(program.run({"in": rows}, steps=12), "seen.ndr")
        placed = compiled(call, crossed(), "-O1", "--traffic", "seen.ndr")
        found[lines] = {name: next(iter(cores_of(placed, name))) // 2 for name in "abcd"}
    assert found[0, 3]["a"] == found[0, 3]["c"] != found[0, 3]["b"] == found[0, 3]["d"]
    assert found[1, 2]["a"] == found[1, 2]["d"] != found[1, 2]["b"] == found[1, 2]["c"]


def test_the_quality_of_the_mapping_is_weighted_by_the_recording(call):
    program = compiled(call, crossed(), "-O1")
    save_recording(program.run({"in": np.array([(0, 1, 0)])}, steps=4), "one.ndr")  # a's first half spikes, to c
    status, out, _ = call("crossed.nd.json", *TINY, "-O1", "--traffic", "one.ndr", "--json", "-o", "out.ndp")
    found = json.loads(out)["mapping"]
    assert (status, found["cores"], found["messages"], found["spikes_hops"]) == (0, 4, 4.0, 0.0)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--pin", "b"), "ND701"),
        (("--pin", "b=x"), "ND701"),
        (("--avoid-cores", "7-3"), "ND701"),
        (("--avoid-cores", "8"), "ND403"),
        (("--pin", "e=1"), "ND101"),
        (("--pin", "a=1", "--pin", "b=1,2"), "ND403"),
        (("--traffic", "other.ndr"), "ND703"),
        (("--positions", "few.npz"), "ND404"),
        (("--positions", "unknown.npz"), "ND404"),
        (("--positions", "words.npz"), "ND404"),
        (("--positions", "none.npz"), "ND001"),
        (("--partitioner", "hmetis"), "ND701"),
    ],
)
def test_invalid_options_are_findings(call, options, code):
    nd.save(crossed(), "crossed.nd.json")
    if "--traffic" in options:
        other = nd.compile(shuffled(), "loihi1").run({"in": np.array([(0, 1, 0)])}, steps=2)
        save_recording(other, "other.ndr")
    for name, given in (
        ("few", np.zeros((7, 2))),
        ("unknown", np.full((8, 2), np.nan)),
        ("words", np.full((8, 2), "x")),
    ):
        np.savez(f"{name}.npz", a=given)
    status, out, err = call("crossed.nd.json", *TINY, *options, "--json")
    assert status in (1, 2)
    assert code in out + err


@pytest.mark.parametrize(
    ("option", "given", "message"),
    [
        ("rates", {"a": np.ones(7)}, "option 'rates': population 'a' needs a rate of 0 or more for each of its neurons, (8,); got float64 (7,)"),
        ("rates", {"a": -np.ones(8)}, "option 'rates': population 'a' needs a rate of 0 or more for each of its neurons, (8,); got float64 (8,), least -1"),
        ("positions", {"a": np.zeros(8)}, "option 'positions': population 'a' needs a position for each of its neurons, (8, coordinates); got float64 (8,)"),
        ("positions", {"a": np.zeros((8, 0))}, "option 'positions': population 'a' needs a position for each of its neurons, (8, coordinates); got float64 (8, 0)"),
        ("positions", {"a": np.zeros((8, 2)), "b": np.zeros((8, 3))}, "option 'positions': all populations need the same number of coordinates: 'a' 2, 'b' 3"),
        ("positions", {"aa": np.zeros((8, 2))}, "option 'positions': population 'aa' does not exist"),
    ],
)  # fmt: skip
def test_figures_of_neurons_are_checked_before_they_are_used(option, given, message):
    options = CompileOptions(fixes=False, **{option: given})
    (found,) = errors_in(compile_network(crossed(), nd.load_target("tiny", board="pair"), options).findings)
    assert f"{found.subject!s}: {found.message}" == message
