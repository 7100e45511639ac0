"""The compiled kernels of the mapper against their definitions in Python: equal arrays, bit for bit, after every call."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.mapping.kernels import calls
from neurodeploy.mapping.kernels.board import Board, Placement
from neurodeploy.mapping.kernels.exponential import exponential, logarithm
from neurodeploy.mapping.kernels.structs import NO_LIMIT, CoreLimits, Hypergraph
from neurodeploy.mapping.partition.search import cores as search_cores
from neurodeploy.mapping.partition.search.cores import Problem, assigned_cores, empty_cores
from neurodeploy.mapping.place.traffic import FALL, core_traffic
from neurodeploy.native.header import header_of
from neurodeploy.native.library import Kernels, kernels, missing

FOLDER = Path(calls.__file__).parent


def engines() -> list[Kernels | None]:
    """The library at every level that this processor has, and the definition."""
    library = kernels(FOLDER)
    if library is None:
        return [None]
    levels = ["v2", "v3", "v4"]
    mine = levels[: levels.index(library.level) + 1] if library.level in levels else [library.level]
    return [None, *(Kernels(library._library, level) for level in mine)]


ENGINES = engines()


def raced(play, given=()):
    """What `play(*given)` yields, with every engine; asserts that all yield the same bits."""
    found = []
    for engine in ENGINES:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(calls, "kernels", lambda _, engine=engine: engine)
            found.append([[np.array(array).tobytes() for array in step] for step in play(*given)])
    for other in found[1:]:
        assert len(other) == len(found[0])
        for number, (mine, theirs) in enumerate(zip(found[0], other, strict=True)):
            assert mine == theirs, f"step {number}"
    return found[0]


def test_there_is_a_library_unless_it_is_switched_off():
    assert missing(FOLDER).reason == (
        "NEURODEPLOY_NATIVE is off" if os.environ.get("NEURODEPLOY_NATIVE") == "off" else ""
    )


@pytest.mark.parametrize("name", ["structs", "board"])
def test_headers_declare_the_nouns_as_they_are(name):
    module = importlib.import_module(f"neurodeploy.mapping.kernels.{name}")
    assert (FOLDER / f"{name}.h").read_text(encoding="utf-8") == header_of(module)


def random_graph(rng, neurons, lines, projections) -> Hypergraph:
    """Rows with 1 to 6 synapses each; delays of three classes, two pin groups."""
    pairs = [(p, s) for p in range(projections) for s in range(neurons + lines) if rng.random() < 0.5]
    pairs = pairs or [(0, 0)]
    targets = [np.sort(rng.choice(neurons, rng.integers(1, min(neurons, 6) + 1), replace=False)) for _ in pairs]
    out_ptr = np.r_[0, np.cumsum([t.size for t in targets])].astype(np.int64)
    out_target, source = np.concatenate(targets).astype(np.int32), np.array([s for _, s in pairs], dtype=np.int32)
    delay = rng.integers(0, 3, out_target.size).astype(np.uint8)
    in_ptr = np.r_[0, np.cumsum(np.bincount(out_target, minlength=neurons))].astype(np.int64)
    in_row, in_delay = calls.by_target(out_ptr, out_target, delay, in_ptr)
    return Hypergraph(
        row_source=source,
        row_projection=np.array([p for p, _ in pairs], dtype=np.int32),
        source_ptr=np.r_[0, np.cumsum(np.bincount(source, minlength=neurons + lines))].astype(np.int64),
        source_row=np.argsort(source, kind="stable").astype(np.int32),
        in_ptr=in_ptr,
        in_row=in_row,
        in_delay=in_delay,
        out_ptr=out_ptr,
        out_target=out_target,
        population=np.sort(rng.integers(0, 2, neurons)).astype(np.int32),
        pin_group=(np.arange(neurons) % 2 * (rng.random() < 0.3)).astype(np.int32),
        source_weight=rng.choice([0.3, 1.0, 1.7], neurons + lines),
    )


def random_limits(rng, graph, projections) -> CoreLimits:
    """Limits that some cores exceed, words of lists that grow with their length."""
    neurons = graph.population.size
    width, levels, indices = neurons + 2, 3, 2
    grow = lambda *shape: np.cumsum(rng.integers(0, 4, shape), axis=-1).astype(np.int64)  # noqa: E731
    limit = [int(rng.integers(low, high)) for low, high in ((3, 12), (10, 60), (4, 20), (4, 25))]
    if rng.random() < 0.15:
        limit[rng.integers(1, 4)] = 0
    rare = [int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(4, 60))]
    rare = [value if rng.random() < 0.4 else NO_LIMIT for value in rare]
    integers = lambda high, *shape: rng.integers(0, high, shape).astype(np.int64)  # noqa: E731
    return CoreLimits(
        limit=np.array(limit, dtype=np.int64),
        compartments=rng.integers(1, 3, 2).astype(np.int64),
        sparse_words=grow(2, levels, indices, width),
        dense_words=grow(2, levels, width),
        index_class=np.sort(integers(indices, width)),
        weight_class=integers(2, projections),
        format_id=integers(3, projections),
        target_population=integers(2, projections),
        n_delay_classes=np.full(projections, levels, dtype=np.int64),
        delay_bits=np.array([0, 2, 3], dtype=np.int64),
        index_bits=np.array([3, 6], dtype=np.int64),
        parameter_class=rng.integers(-1, 5, (2, neurons)).astype(np.int64),
        rare_limit=np.array(rare, dtype=np.int64),
    )


def random_problem(seed) -> Problem:
    """Up to 24 neurons and 12 cores on one to three chips."""
    rng = np.random.default_rng(seed)
    neurons, projections = int(rng.integers(2, 25)), int(rng.integers(1, 4))
    graph = random_graph(rng, neurons, int(rng.integers(0, 6)), projections)
    cores = int(rng.integers(2, 13))
    chip = np.sort(rng.integers(0, rng.integers(1, 4), cores)).astype(np.int32)
    return Problem(graph, random_limits(rng, graph, projections), chip)


def filled_start(problem, rng) -> np.ndarray:
    """A core for every neuron: compartments fit, as every caller sees to, and no core holds two pin groups."""
    room = np.full(problem.chip.size, int(problem.limits.limit[0]))
    group, start = np.full(room.size, -1), np.full(problem.n_neurons, -1, dtype=np.int32)
    for neuron in rng.permutation(problem.n_neurons).tolist():
        each, mine = int(problem.limits.compartments[problem.graph.population[neuron]]), problem.graph.pin_group[neuron]
        free = np.flatnonzero((room >= each) & ((group == mine) | (group < 0)))
        if free.size:
            start[neuron] = rng.choice(free)
            room[start[neuron]] -= each
            group[start[neuron]] = mine
    return start


def searched(problem, seed) -> Iterator[tuple]:
    """All state after each of the kernels that move neurons, called in a random order."""
    rng = np.random.default_rng(seed)
    graph, limits, state, work = cores = assigned_cores(problem, filled_start(problem, rng))
    placed = np.flatnonzero(state.core_of >= 0)
    yield (*state, *work)
    for _ in range(12):
        core, order = int(rng.integers(problem.chip.size)), rng.permutation(placed)
        step = rng.integers(10)
        result = None
        if step == 0:
            result = calls.sweep(*cores, order, rng.exponential(size=order.size) * (rng.random() < 0.5))
        elif step == 1:
            result = calls.exchange(*cores, order)
        elif step == 2:
            result = calls.empty_core(*cores, core)
            if rng.random() < 0.5:
                calls.undo(*cores, 0)
        elif step == 3:
            calls.scatter(*cores, core)
        elif step == 4:
            work.n_moves[0] = 0 if rng.random() < 0.9 else work.journal.shape[0] - 3
            result = calls.relieve(*cores, int(rng.integers(2)))
        elif step == 5:
            work.n_moves[0] = 0
            work.journal[:, 0] = 0
        elif step == 6 and (empty := np.flatnonzero(state.size == 0)).size:
            result = calls.split_core(*cores[:3], core, int(empty[0]))
        elif step == 7:
            calls.set_steepness(limits, state, float(rng.choice([2.0, 6.0, 60.0])))
        elif step == 8:
            result = calls.all_fit(limits, state)
        found = calls.all_output_axons(graph, state) if placed.size == problem.n_neurons else np.zeros(0)
        yield (*state, *work, found, np.array([str(result)]), calls.overflow(limits, state))


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_kernels_that_move_neurons_do_what_their_definitions_say(seed, tabled):
    """With the positions of cores in a table, and searched."""
    with pytest.MonkeyPatch.context() as patch:
        if not tabled:
            patch.setattr(search_cores, "TABLE", 0)
        raced(searched, (random_problem(seed), seed))


def filled(problem, seed) -> Iterator[tuple]:
    """All state after cores were filled in an order, and after they were grown."""
    rng, n = np.random.default_rng(seed), problem.n_neurons
    expected = rng.integers(0, 4, n)
    cores = empty_cores(problem)
    begun = calls.fill(*cores[:3], rng.permutation(n), expected)
    yield (*cores.state, begun)
    cores, shared, left = empty_cores(problem), np.zeros(n, dtype=np.int32), np.arange(n)
    begun = calls.grow(*cores[:3], expected, max(float(expected.mean()), 1.0), 0.2, shared, left)
    yield (*cores.state, shared, left, begun)


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_kernels_that_fill_cores_do_what_their_definitions_say(seed):
    raced(filled, (random_problem(seed), seed))


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 8), st.sampled_from([2, 8192]))
def test_groups_are_those_of_their_definition(seed, input_axons, compartments, frontier):
    graph = random_problem(seed).graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls.groups, "FRONTIER", frontier)
        raced(lambda: [[calls.compact_groups(graph, input_axons, compartments)]])


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_synapses_by_target_are_sorted_by_row(seed):
    graph, rng = random_problem(seed).graph, np.random.default_rng(seed)
    delay = rng.integers(0, 9, graph.out_target.size * rng.integers(0, 2)).astype(np.uint8)
    given = (graph.out_ptr, graph.out_target, delay, graph.in_ptr)
    raced(lambda: [calls.by_target(*given)])
    row, level = calls.by_target(*given)
    for neuron in range(graph.population.size):
        mine = slice(graph.in_ptr[neuron], graph.in_ptr[neuron + 1])
        places = np.flatnonzero(graph.out_target == neuron)
        assert row[mine].tolist() == (np.searchsorted(graph.out_ptr, places, side="right") - 1).tolist()
        assert not delay.size or level[mine].tolist() == delay[places].tolist()


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from([1.0, 1e-150, 1e150]))
def test_small_matrices_are_turned_in_one_order(seed, n, scale):
    rng = np.random.default_rng(seed)
    columns = scale * rng.integers(-3, 4, (n + int(rng.integers(0, 9)), n)).astype(np.float64)
    matrix = columns.T @ columns

    def play():
        yield list(calls.eigen(matrix))
        yield [calls.orthonormal(columns, 1e-9)]

    raced(play)
    values, vectors = calls.eigen(matrix)
    largest = float(np.abs(matrix).max(initial=1e-300))
    assert values == pytest.approx(np.linalg.eigvalsh(matrix), abs=1e-12 * largest)
    assert vectors.T @ vectors == pytest.approx(np.eye(n), abs=1e-12)
    assert vectors * values @ vectors.T == pytest.approx(matrix, abs=1e-12 * largest)
    assert (vectors[np.abs(vectors).argmax(axis=0), np.arange(n)] > 0).all()


@pytest.mark.parametrize("depends", [False, True])
def test_columns_become_orthonormal(depends):
    values = np.random.default_rng(3).standard_normal((50, 4))
    if depends:
        values[:, 3] = values[:, 0]
    found = calls.orthonormal(values, 1e-9)
    assert np.isfinite(found).all()
    assert found[:, :3].T @ found[:, :3] == pytest.approx(np.eye(3), abs=1e-6)
    together = np.linalg.lstsq(found, values, rcond=None)[0]
    assert found @ together == pytest.approx(values, abs=1e-6), "the same span"


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_sums_are_taken_in_one_order(seed, n):
    rng = np.random.default_rng(seed)
    ptr = np.r_[0, np.cumsum(rng.integers(0, 6, n))].astype(np.int64)
    index, to = rng.integers(0, n, ptr[-1]).astype(np.int32), rng.integers(0, n, ptr[-1])
    wide, narrow = rng.standard_normal((n, 5)), rng.standard_normal((n, 12)).astype(np.float32)
    matrix, scale = rng.standard_normal((12, 4)), rng.random(n)
    traffic = rng.random(to.size)

    def play():
        yield [calls.average(ptr, index, narrow, scale.astype(np.float32))]
        yield [calls.gram(wide, wide), calls.gram(narrow, narrow)]
        yield [calls.combine(narrow, matrix), calls.combine(wide, matrix[:5].T[:3].T)]
        yield [calls.spread(ptr, to, traffic, scale, wide)]

    raced(play)
    assert calls.gram(wide, wide) == pytest.approx(wide.T @ wide)
    assert calls.combine(narrow, matrix) == pytest.approx(narrow @ matrix)
    sums = np.zeros_like(narrow)
    np.add.at(sums, np.repeat(np.arange(n), np.diff(ptr)), narrow[index])
    assert calls.average(ptr, index, narrow, np.ones(n, dtype=np.float32)) == pytest.approx(sums, abs=1e-5)
    spread = wide.copy()
    own = np.repeat(np.arange(n), np.diff(ptr))
    np.add.at(spread, own, (traffic * scale[own] * scale[to])[:, None] * wide[to])
    assert calls.spread(ptr, to, traffic, scale, wide) == pytest.approx(spread)


def test_sums_over_more_rows_than_are_held_at_a_time():
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((9000, 3)), rng.standard_normal((9000, 3))
    raced(lambda: [[calls.gram(left, right)]])


def random_board(rng) -> Board:
    """One to three chips of a mesh with one or two cores to a tile; the last tile may be short of cores. Two pin groups."""
    columns, rows, in_tile, chips = (int(rng.integers(1, n)) for n in (5, 4, 3, 4))
    in_chip = columns * rows * in_tile - int(in_tile == 2 and rng.random() < 0.5)
    chip, core = np.divmod(np.arange(chips * in_chip), in_chip)
    row, column = np.divmod(core // in_tile, columns)
    is_open = np.ones((2, chip.size), dtype=bool)
    is_open[1, rng.integers(chip.size)] = False
    shape = np.array([columns, rows, in_tile, in_chip, columns + rows], dtype=np.int64)
    return Board(chip=chip, column=column, row=row, is_open=is_open, shape=shape)


def placed(seed) -> Iterator[tuple]:
    """Placements and their cost after annealing, and the loads of links."""
    rng = np.random.default_rng(seed)
    board = random_board(rng)
    slot = rng.permutation(board.chip.size)[: rng.integers(1, board.chip.size + 1)]
    n = slot.size
    source, home = rng.integers(0, 4 * n, 12 * n), rng.integers(0, n, 4 * n)
    traffic = core_traffic(home, source, rng.integers(0, n, source.size), rng.random(source.size), n)
    core = np.full(board.chip.size, -1, dtype=np.int64)
    core[slot] = np.arange(n)
    axons = rng.integers(10, 30, n)
    placement = Placement(
        slot=slot.astype(np.int64),
        core=core,
        pin_group=rng.integers(0, 2, n),
        output_axons=axons,
        limit=np.array([axons.max() + rng.integers(0, 8)]),
        random=np.array([rng.integers(1, 2**63)], dtype=np.uint64),
    )
    yield [calls.total_cost(traffic, board, placement)]
    for heat in (30.0, 1.0, 1e-3):
        gained = calls.anneal(traffic, board, placement, 60, heat, FALL)
        yield (*placement, gained, calls.total_cost(traffic, board, placement))
    yield [calls.link_loads(board, placement.slot, traffic.out_ptr, traffic.out_to, rng.random(traffic.out_to.size))]


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_cores_are_placed_as_the_definition_says(seed):
    raced(placed, (seed,))


def test_links_carry_a_message_along_the_row_first():
    """From the lower left to the upper right corner of a mesh of 3 by 2, and back."""
    place = np.arange(6)
    board = Board(
        chip=np.zeros(6, dtype=np.int64),
        column=place % 3,
        row=place // 3,
        is_open=np.ones((1, 6), dtype=bool),
        shape=np.array([3, 2, 1, 6, 5]),
    )
    slot, ptr, to = np.array([3, 2]), np.array([0, 1, 2]), np.array([1, 0])
    loads = calls.link_loads(board, slot, ptr, to, np.array([1.0, 10.0]))
    right, left, down, up = loads[0]
    assert right.tolist() == [[0, 0, 0], [1, 1, 0]]
    assert left.tolist() == [[0, 10, 10], [0, 0, 0]]
    assert down.tolist() == [[10, 0, 0], [0, 0, 0]]
    assert up.tolist() == [[0, 0, 0], [0, 0, 1]]
    raced(lambda: [[calls.link_loads(board, slot, ptr, to, np.array([1.0, 10.0]))]])


def test_exponentials_are_within_two_units_in_the_last_place():
    for x in np.r_[-np.logspace(-20, 2.8, 4000), 0.0].tolist():
        assert abs(exponential(x) - math.exp(x)) <= 2 * math.ulp(math.exp(x)), x
    assert exponential(0.0) == 1.0
    assert exponential(-1e9) == exponential(-math.inf) == 0.0


def test_logarithms_are_close():
    for x in np.logspace(-9, 3, 500).tolist():
        assert logarithm(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15), x


def test_positions_of_very_many_cores_are_searched():
    """A position is stored in 16 bits."""
    problem = random_problem(3)
    many = problem._replace(chip=np.zeros((1 << 15) + 1, dtype=np.int32))
    assert empty_cores(many).state.list_position.shape == (1, 1)
    assert empty_cores(problem).state.list_position.size > 1


def test_arrays_of_another_type_are_not_handed_to_c():
    if kernels(FOLDER) is None:  # definitions take any array
        return
    cores = assigned_cores(random_problem(3), np.zeros(random_problem(3).n_neurons, dtype=np.int32))
    with pytest.raises(TypeError, match=r"internal: a kernel takes .*int64.*, not int32"):
        calls.exchange(*cores, np.zeros(1, dtype=np.int32))
    with pytest.raises(TypeError, match="not contiguous"):
        calls.exchange(*cores, np.zeros(4, dtype=np.int64)[::2])
