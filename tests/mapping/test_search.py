"""Search levels above first fit: every limit holds by an independent audit, nothing is lost, and spikes stay equal."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target, on_board
from neurodeploy.mapping import MappingOptions, emit_program, partition, place
from neurodeploy.mapping.kernels import improve
from neurodeploy.mapping.kernels.calls import exchange, set_steepness, sweep
from neurodeploy.mapping.kernels.structs import COMPARTMENTS, INPUTS, OUTPUTS
from neurodeploy.mapping.measure_quality import measure_quality
from neurodeploy.mapping.partition.search.cores import Problem, assigned_cores
from neurodeploy.mapping.partition.search.filled import filled_in_order
from neurodeploy.mapping.partition.search.hypergraph import hypergraph_of
from neurodeploy.mapping.partition.search.limits import kernel_limits
from neurodeploy.mapping.partition.search.relieved import HARD, emptied
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits


@pytest.fixture(params=["", "off"], ids=["library", "definition"])
def either(request, monkeypatch):
    """The compiled kernels, and their definitions in Python."""
    if request.param:
        monkeypatch.setenv("NEURODEPLOY_NATIVE", request.param)


@st.composite
def targets(draw):
    """The tiny chip with limits drawn anew, one or two chips of it, both rule sets."""
    base = load_target(
        "tiny", board=draw(st.sampled_from([None, "pair"])), rules=draw(st.sampled_from(["plain", "short"]))
    )
    ranges = {"compartments": (3, 9), "synapse_memory": (6, 24), "input_axons": (6, 14), "output_axons": (4, 14)}
    limits = {
        name: getattr(base.limits, name).model_copy(update={"value": draw(st.integers(*bounds))})
        for name, bounds in ranges.items()
    }
    cores = base.chip.cores.model_copy(update={"value": draw(st.sampled_from([4, 8]))})
    rows = base.chip.mesh_rows.model_copy(update={"value": 2})
    chip = base.chip.model_copy(update={"cores": cores, "mesh_rows": rows})
    return base.model_copy(update={"limits": base.limits.model_copy(update=limits), "chip": chip})


@st.composite
def networks(draw):
    """Two populations with inputs and recurrence; thresholds, registers and delays may differ between neurons."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_in, a, b = draw(st.integers(1, 5)), draw(st.integers(1, 14)), draw(st.integers(1, 12))
    mixed = draw(st.booleans())
    spread = lambda n: rng.integers(1, 3, n) if mixed else 1  # noqa: E731
    cell = lambda n: nd.LoihiCuba(du=4095, dv=64 * spread(n), vth_mant=2 * spread(n))  # noqa: E731
    style = nd.network.WeightFormat(weight_bits=draw(st.sampled_from([4, 8])))
    density = draw(st.floats(0.05, 0.7))

    def projection(source, target, post, pre, delay=0):
        matrix = (rng.random((post, pre)) < density) * 32 * rng.integers(1, 3, (post, pre))
        return nd.sparse(source, target, matrix, weight_format=style, delay_steps=delay)

    projections = [projection("in", "a", a, n_in), projection("a", "b", b, a)]
    if draw(st.booleans()):
        projections.append(projection("b", "a", a, b, draw(st.integers(0, 3))))
    if draw(st.booleans()):
        projections.append(projection("a", "a", a, a))
    return nd.Network(
        name="random",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=n_in),),
        populations=(
            nd.Population(name="a", shape=a, neuron=cell(a)),
            nd.Population(name="b", shape=b, neuron=cell(b)),
        ),
        projections=tuple(projections),
    )


def checked(program):
    """Every limit, every neuron once, every core on a separate physical core."""
    tables, limits = program.tables, core_limits(program.target)
    assert program_faults(program) == []
    for name, values in use_of_program(program).items():
        assert (values <= limits[name].value).all(), name
    placed = sorted(zip(tables.population.tolist(), tables.neuron.tolist(), strict=True))
    assert placed == [(k, i) for k, item in enumerate(program.network.populations) for i in range(item.size)]
    assert len(set(tables.core_id.tolist())) == tables.n_cores
    assert tables.core_id.max() < program.target.cores


def spikes(program, steps=12):
    rows = np.array([(0, t, i) for t in range(1, steps + 1) for i in range(program.network.inputs[0].size)])
    run = program.run({"in": rows}, steps=steps)
    return {name: found.tolist() for name, found in run.spikes.items()}


@settings(max_examples=examples(60), deadline=None)
@given(networks(), targets(), st.sampled_from([2, 3]), st.integers(0, 3))
def test_searched_cuts_keep_every_limit_and_are_never_worse_than_first_fit(network, target, level, seed):
    plain = compile_network(network, target, CompileOptions(fixes=False, level=0))
    found = compile_network(network, target, CompileOptions(fixes=False, level=level, placement_seed=seed))
    if found.program is None:
        assert plain.program is None
        return
    checked(found.program)
    if plain.n_cores is not None:
        assert found.n_cores <= plain.n_cores


@settings(max_examples=examples(15), deadline=None)
@given(networks(), st.integers(1, 3), st.integers(0, 5))
def test_mappings_do_not_change_spikes(network, level, seed):
    target = on_board(load_target("tiny"), "pair")
    quantized = quantize(network, target)
    try:
        plain = emit_program(place(partition(quantized, target)))
    except DiagnosticError:
        return
    options = MappingOptions(level=level, placement_seed=seed)
    mapped = emit_program(place(partition(quantized, target, options=options), seed=seed, options=options))
    assert spikes(mapped) == spikes(plain)


def chains(groups=6, size=8):
    """Groups of neurons connected only among themselves, in shuffled order: the worst case of first fit."""
    rng, n = np.random.default_rng(5), groups * size
    group = np.arange(n) % groups
    matrix = 32 * (group[:, None] == group[None, :]) * (rng.random((n, n)) < 0.9)
    np.fill_diagonal(matrix, 0)
    style = nd.network.WeightFormat(weight_bits=8)
    return nd.Network(
        name="chains",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=1),),
        populations=(nd.Population(name="cells", shape=n, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=2)),),
        projections=(
            nd.sparse("in", "cells", np.full((n, 1), 32), weight_format=style),
            nd.sparse("cells", "cells", matrix, weight_format=style),
        ),
    )


def roomy():
    """A chip of 16 cores that hold 8 neurons and 12 sources each."""
    base = load_target("tiny")
    chip = {"cores": 16, "mesh_columns": 4, "mesh_rows": 2}
    limits = {"synapse_memory": 64, "output_axons": 40}
    fixed = lambda old, new: old.model_copy(  # noqa: E731
        update={name: getattr(old, name).model_copy(update={"value": value}) for name, value in new.items()}
    )
    return base.model_copy(update={"chip": fixed(base.chip, chip), "limits": fixed(base.limits, limits)})


@pytest.mark.usefixtures("either")
def test_shuffled_groups_are_recovered():
    """Each group fills one core exactly: 8 neurons, 8 + 1 sources. In the order of the network, a core has all 48."""
    quantized = quantize(chains(), roomy())
    found = partition(quantized, roomy(), options=MappingOptions(level=2))
    assert found.n_cores == 6
    assert all(len(set((np.flatnonzero(found.core_of["cells"] == core) % 6).tolist())) == 1 for core in range(6))
    with pytest.raises(DiagnosticError):
        partition(quantized, roomy())


def families():
    """Two families of four neurons that share four sources each; a further neuron receives from all of them."""
    family = np.repeat([0, 1], 4)
    style = nd.network.WeightFormat(weight_bits=8)
    cell = nd.LoihiCuba(du=4095, dv=64, vth_mant=2)
    return nd.Network(
        name="families",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=8),),
        populations=(nd.Population(name="a", shape=8, neuron=cell), nd.Population(name="b", shape=1, neuron=cell)),
        projections=(
            nd.sparse("in", "a", 32 * (family[:, None] == family), weight_format=style),
            nd.sparse("a", "b", np.full((1, 8), 32), weight_format=style),
        ),
    )


def problem_of(quantized, target, cores):
    """The neurons of a network and the given number of cores on one chip."""
    chip = np.zeros(cores, dtype=np.int32)
    return Problem(hypergraph_of(quantized, target), kernel_limits(quantized, target), chip)


@pytest.mark.usefixtures("either")
def test_neurons_are_exchanged_when_no_single_move_helps():
    """A member of each family lies with the other; every core is full of output axons, so no single neuron can move."""
    target = load_target("tiny")
    quantized = quantize(families(), target)
    problem = problem_of(quantized, target, cores=3)
    problem.limits.limit[OUTPUTS] = 4
    start = np.array([0, 0, 0, 1, 1, 1, 1, 0, 2], dtype=np.int32)
    cores = assigned_cores(problem, start)
    set_steepness(problem.limits, cores.state, HARD)
    state = cores.state
    assert state.load[[INPUTS, OUTPUTS]].tolist() == [[8, 8, 8], [4, 4, 0]]
    assert sweep(*cores, np.arange(9), np.zeros(9)) == 0
    assert exchange(*cores, np.arange(9)) == 1
    families_of = [sorted(state.core_of[:4]), sorted(state.core_of[4:])]
    assert families_of in ([[0] * 4, [1] * 4 + [2]], [[1] * 4, [0] * 4 + [2]])
    anew = assigned_cores(problem, state.core_of.copy()).state
    set_steepness(problem.limits, anew, HARD)
    assert state.load[[INPUTS, OUTPUTS]].tolist() == [[4, 4, 8], [4, 4, 0]]
    assert np.array_equal(state.load, anew.load)
    assert state.cost.tolist() == pytest.approx(anew.cost.tolist())


def test_exchanges_never_exceed_the_compartments_of_a_core(monkeypatch):
    """The tables of words end there. Neurons of b take two compartments each: one of them for one of a is one too many."""
    style, cell = nd.network.WeightFormat(weight_bits=8), nd.LoihiCuba(du=4095, dv=64, vth_mant=2)
    own = np.tile(np.repeat([1, 0], 4), (4, 1))
    network = nd.Network(
        name="two",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=8),),
        populations=tuple(nd.Population(name=name, shape=4, neuron=cell) for name in "ab"),
        projections=(
            nd.sparse("in", "a", 32 * own, weight_format=style),
            nd.sparse("in", "b", 32 * (1 - own), weight_format=style),
        ),
    )
    target = load_target("tiny")
    quantized = quantize(network, target)
    problem = problem_of(quantized, target, cores=2)
    problem.limits.compartments[1] = 2
    problem.limits.limit[COMPARTMENTS] = 7
    cores = assigned_cores(problem, np.array([0, 0, 0, 1, 0, 1, 1, 1], dtype=np.int32))
    held = cores.state.load[COMPARTMENTS]
    assert held.tolist() == [5, 7]
    most, move = [], improve.move_neuron
    monkeypatch.setattr(improve, "move_neuron", lambda *given: (move(*given), most.append(int(held.max())))[0])
    assert not improve.try_swap(*cores, 3)
    assert len(most) > 2
    assert max(most) == 7


def tight(seed):
    """Cores of neurons with random synapses that first fit puts on cores of 12."""
    style, matrix = nd.network.WeightFormat(weight_bits=8), np.random.default_rng(seed).random((60, 60)) < 0.12
    network = nd.Network(
        name="random",
        time=nd.Time(dt_s=1e-3),
        populations=(nd.Population(name="a", shape=60, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=2)),),
        projections=(nd.sparse("a", "a", 32 * matrix, weight_format=style),),
    )
    target = load_target("loihi1")
    quantized = quantize(network, target)
    problem = problem_of(quantized, target, cores=30)
    problem.limits.limit[[COMPARTMENTS, INPUTS, OUTPUTS]] = 12, 30, 60
    filled = filled_in_order(problem, np.arange(60))
    assert filled.fits
    set_steepness(problem.limits, filled.cores.state, HARD)
    return filled.cores


def emptied_cores(cores, time_limit):
    """Whether each core could be emptied; one that could not is as it was."""
    found = list[bool]()
    for core in np.flatnonzero(cores.state.size).tolist():
        held, use = cores.state.core_of.copy(), cores.state.load.copy()
        found.append(emptied(cores, core, time_limit, swaps=True))
        if not found[-1]:
            assert np.array_equal(cores.state.core_of, held)
            assert np.array_equal(cores.state.load, use)
    return found


@pytest.mark.parametrize("seed", [0, 3])
def test_a_core_that_cannot_be_emptied_is_restored(seed):
    """Its neurons move and change places until no move helps; then everything is undone."""
    assert set(emptied_cores(tight(seed), TimeLimit())) == {False, True}


def test_relief_of_an_emptied_core_ends_with_the_time():
    """The clock is checked between rounds: without time there is one round, and its changes are undone."""
    time_limit = TimeLimit(improve_until=0.0)
    assert False in emptied_cores(tight(0), time_limit)
    assert time_limit.stopped == ["the search"]


def row_of_cores(order):
    """Populations that fill a core each; the one at position k of `order` projects only to the one at position k + 1."""
    style, weights = nd.network.WeightFormat(weight_bits=8), np.full((8, 8), 32)
    cells = nd.LoihiCuba(du=4095, dv=64, vth_mant=2)
    return nd.Network(
        name="row",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=8),),
        populations=tuple(nd.Population(name=f"p{k:02d}", shape=8, neuron=cells) for k in range(len(order))),
        projections=(
            nd.dense("in", f"p{order[0]:02d}", weights, weight_format=style),
            *(nd.dense(f"p{a:02d}", f"p{b:02d}", weights, weight_format=style) for a, b in pairwise(order)),
        ),
    )


@pytest.mark.usefixtures("either")
def test_cores_with_traffic_are_placed_next_to_each_other():
    """16 cores on 8 tiles in a mesh of 4 by 2: a path through the mesh leaves 7 of 15 ways between tiles, one hop each."""
    network, target = row_of_cores([0, 8, 3, 11, 6, 14, 1, 9, 4, 12, 7, 15, 2, 10, 5, 13]), roomy()
    cut = partition(quantize(network, target), target)
    assert cut.n_cores == 16
    found = {}
    for level in (0, 1):
        program = emit_program(place(cut, options=MappingOptions(level=level, placement_seed=1)))
        checked(program)
        found[level] = measure_quality(program, {}).spikes_hops
    assert found[1] == 7 * 8
    assert found[0] > 3 * found[1]


@pytest.mark.usefixtures("either")
def test_avoided_cores_stay_empty_and_pinned_populations_lie_where_they_were_pinned():
    target = on_board(load_target("tiny"), "pair")
    style = nd.network.WeightFormat(weight_bits=8)
    cells = nd.LoihiCuba(du=4095, dv=64, vth_mant=2)
    network = nd.Network(
        name="two",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=1),),
        populations=(
            nd.Population(name="a", shape=12, neuron=cells),
            nd.Population(name="b", shape=3, neuron=cells),
        ),
        projections=(
            nd.sparse("in", "a", np.full((12, 1), 32), weight_format=style),
            nd.sparse("a", "b", np.eye(3, 12) * 32, weight_format=style),
        ),
    )
    for level in (0, 1, 2):
        options = CompileOptions(fixes=False, level=level, avoid_cores=(0, 5), pins={"b": (6, 7)})
        program = compile_network(network, target, options).require()
        checked(program)
        core = np.repeat(program.tables.core_id, np.diff(program.tables.compartment_ptr))
        assert not set(core.tolist()) & {0, 5}
        assert set(core[program.tables.population == 1].tolist()) <= {6, 7}
        assert not set(core[program.tables.population == 0].tolist()) & {6, 7}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_programs_are_the_same_bytes_without_the_library(monkeypatch, level):
    found, options = set[str](), MappingOptions(level=level, placement_seed=2)
    networks = [row_of_cores([0, 3, 1, 2]), *([chains()] if level > 1 else [])]
    for network in networks:
        quantized = quantize(network, roomy())
        for native in ("", "off"):
            monkeypatch.setenv("NEURODEPLOY_NATIVE", native)
            cut = partition(quantized, roomy(), options=options)
            found.add(emit_program(place(cut, seed=2, options=options)).digest())
    assert len(found) == len(networks)


SCRIPT = """
import sys
sys.path[:0] = {folders!r}
from test_clusters import compiled_first_fit, ring, tight
from test_search import MappingOptions, chains, partition, place, emit_program, quantize, roomy
from test_tiles import chain, small
tiles = small(compartments=40, synapse_memory=900, input_axons=600, output_axons=150)
for network, target, options in (
    (chains(), roomy(), MappingOptions(level=3, placement_seed=7)),
    (chain(), tiles, MappingOptions(level=2, placement_seed=3)),
):
    print(emit_program(place(partition(quantize(network, target), target, options=options), options=options)).digest())
groups = compiled_first_fit(quantize(ring()[0], tight()), tight(), MappingOptions(level=1))
print(emit_program(place(groups, options=MappingOptions(level=1))).digest())
import neurodeploy as nd
digits = nd.load({digits!r})
print(nd.check(digits, "loihi1", optimize="latency", max_cores=16, fixes=False).trade.points[-1].time_per_step.value)
"""
"""Neurons that are moved, tiles, compact groups, and cores that are spent."""


@pytest.mark.slow
def test_the_same_seed_gives_the_same_program_in_other_processes_and_with_other_threads():
    """Nor does it depend on the processor: OPENBLAS_CORETYPE has numpy's linear algebra run as on another one."""
    found = set[str]()
    for threads, processor in (("1", ""), ("2", ""), ("1", "Haswell"), ("1", "Prescott"), ("1", "SkylakeX")):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED")
        chosen = {"OPENBLAS_CORETYPE": processor} if processor else {}
        environment = {**os.environ, **dict.fromkeys(names, threads), **chosen}
        folders = [str(folder) for folder in Path(__file__).parents[:2]]
        digits = Path(__file__).parents[2] / "examples" / "digits" / "digits.nd.json"
        code = SCRIPT.format(folders=folders, digits=str(digits))
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
        assert run.returncode == 0, run.stderr
        assert len(run.stdout.split()) == 4
        found.add(run.stdout)
    assert len(found) == 1
