"""The artists of a picture hold exactly the data of the recording, program or profile that they show."""

from __future__ import annotations

import math

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from plot_studies import study

import neurodeploy as nd
from neurodeploy.plot import layout
from neurodeploy.profile import CostOptions, profile
from neurodeploy.tuning import Tuned

SIZES = {"sensor": 8, "hidden": 24, "answer": 3}


def strokes(axes, name):
    (found,) = (item for item in axes.collections if item.get_gid() == f"spikes of {name}")
    return np.array(found.get_segments()).reshape(-1, 2, 2)


@pytest.mark.parametrize("sample", [0, 3])
def test_a_raster_has_a_stroke_for_each_spike_of_the_sample(ran, sample):
    program, recording = ran
    axes = nd.plot.raster(program, recording, sample=sample)
    roots = {name: math.sqrt(size) for name, size in SIZES.items()}
    shares = {name: 0.08 + (1 - 3 * 0.08) * root / sum(roots.values()) for name, root in roots.items()}
    low = 0.0
    for name, size in SIZES.items():
        rows = {**recording.spikes, **recording.input_spikes}[name]
        mine = rows[rows[:, 0] == sample]
        drawn = strokes(axes, name)
        assert len(mine) > 0
        assert drawn[:, :, 0].tolist() == [[step, step] for step in mine[:, 1]]
        height = (1 - 2 * 0.03) * shares[name]
        np.testing.assert_allclose(drawn[:, :, 1].mean(axis=1), low + (mine[:, 2] + 0.5) * height / size)
        low += height + 0.03
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sensor\n8", "hidden\n24", "answer\n3"]
    assert axes.get_xlim() == (0.5, recording.n_steps + 0.5)


def test_of_many_spikes_those_on_top_of_each_other_are_drawn_once():
    from neurodeploy.plot.raster import _thinned

    spikes = np.argwhere(np.random.default_rng(0).random((3000, 24)) < 0.6) + [1, 0]
    few = [tuple(item) for item in _thinned(spikes, 5).tolist()]
    assert set(few) <= {tuple(item) for item in spikes.tolist()}
    cells = [(step, neuron // 5) for step, neuron in few]
    assert len(cells) == len(set(cells))
    assert set(cells) == {(step, neuron // 5) for step, neuron in spikes.tolist()}


def test_a_raster_draws_what_is_named_in_that_order(ran):
    axes = nd.plot.raster(*ran, populations=["answer", "sensor"])
    assert [label.get_text().split("\n")[0] for label in axes.get_yticklabels()] == ["answer", "sensor"]
    assert len([item for item in axes.collections if isinstance(item, LineCollection)]) == 2


def test_rates_are_the_mean_over_neurons_and_samples(ran):
    program, recording = ran
    axes = nd.plot.rates(program, recording, inputs=True)
    counted = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(counted) == ["sensor", "hidden", "answer"]
    for name, size in SIZES.items():
        rows = {**recording.spikes, **recording.input_spikes}[name]
        dense = np.zeros((4, recording.n_steps, size))
        dense[rows[:, 0], rows[:, 1] - 1, rows[:, 2]] += 1
        np.testing.assert_allclose(counted[name], dense.mean(axis=(0, 2)))


def test_rates_of_one_sample_in_hertz_over_a_window(ran):
    program, recording = ran
    axes = nd.plot.rates(program, recording, sample=1, populations=["hidden"], window=3, unit="Hz")
    rows = recording.spikes["hidden"]
    dense = np.zeros((recording.n_steps, 24))
    mine = rows[rows[:, 0] == 1]
    dense[mine[:, 1] - 1, mine[:, 2]] += 1
    wanted = [1000 * dense[max(0, k - 2) : k + 1].mean() for k in range(recording.n_steps)]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), wanted, atol=1e-9)
    assert axes.get_ylabel() == "rate (spikes/s per neuron)"


def test_a_trace_is_in_volts_of_the_network_with_its_threshold_and_spikes(ran):
    program, recording = ran
    axes = nd.plot.trace(program, recording, "hidden.v", neurons=[2, 7], sample=1)
    placed = program.populations[0]
    line = axes.lines[0]
    wanted = recording.states["hidden.v"][1, :, 2] / placed.scale + placed.v_frame[2]
    np.testing.assert_allclose(line.get_ydata(), wanted)
    rows = recording.spikes["hidden"]
    spikes = rows[(rows[:, 0] == 1) & (rows[:, 2] == 2), 1]
    marks = [item for item in axes.lines if item.get_marker() == "|"]
    assert marks[0].get_xdata().tolist() == spikes.tolist()
    (level,) = (item.get_ydata()[0] for item in axes.lines if item.get_linestyle() == "--")
    assert all(mark.get_ydata()[0] * np.ptp(axes.get_ylim()) + axes.get_ylim()[0] > level for mark in marks)
    assert level == pytest.approx(1.0, rel=1e-2), "the threshold of the network, as it is stored"
    assert line.get_ydata().max() <= level


def test_a_trace_of_registers_is_as_recorded(ran):
    program, recording = ran
    axes = nd.plot.trace(program, recording, "hidden.u", neurons=range(3), unit="register")
    for neuron in range(3):
        assert axes.lines[neuron].get_ydata().tolist() == recording.states["hidden.u"][0, :, neuron].tolist()
    assert axes.get_ylabel() == "u of hidden (register)"


def test_the_reference_is_drawn_in_its_own_volts(ran):
    program, _ = ran
    recording = nd.run(program, np.full((1, 8), 0.7), backend="reference", probes="hidden.v")
    axes = nd.plot.trace(program, recording, neurons=[2])
    assert axes.lines[0].get_ydata().tolist() == recording.states["hidden.v"][0, :, 2].tolist()
    (level,) = (item.get_ydata()[0] for item in axes.lines if item.get_linestyle() == "--")
    assert level == pytest.approx(1.0, rel=1e-2)


def test_a_chip_has_a_cell_for_each_core_with_its_fullest_resource(spread):
    program, _ = spread
    axes = nd.plot.chip(program)
    (cells,) = (item for item in axes.collections if item.get_gid() == "cores")
    use = nd.profile(program, nd.run(program, np.zeros((1, 4)))).resources
    wanted = np.max([100 * np.array(item.per_core) / item.limit for item in use if item.limit], axis=0)
    assert program.tables.n_cores > 1
    np.testing.assert_allclose(cells.get_array(), wanted)
    of_one = nd.plot.chip(program, resource="compartments")
    (cells,) = (item for item in of_one.collections if item.get_gid() == "cores")
    (compartments,) = (item for item in use if item.name == "compartments")
    np.testing.assert_allclose(cells.get_array(), 100 * np.array(compartments.per_core) / compartments.limit)


def test_strips_are_the_shares_of_populations(spread):
    program, _ = spread
    shares = layout.population_shares(program)
    tables = program.tables
    for core in range(tables.n_cores):
        held = tables.population[tables.compartment_ptr[core] : tables.compartment_ptr[core + 1]]
        assert shares[core].tolist() == [float(np.mean(held == k)) for k in range(2)]
    axes = nd.plot.chip(program)
    (strips,) = (item for item in axes.collections if item.get_gid() == "populations")
    width = sum(float(np.ptp(path.vertices[:, 0])) for path in strips.get_paths())
    assert width == pytest.approx(tables.n_cores)


def test_traffic_counts_spikes_times_destination_cores(spread):
    program, recording = spread
    tables, counted = program.tables, dict[tuple[int, int], int]()
    core_of = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    for item in program.populations:
        for _, _, neuron in recording.spikes[item.name]:
            row = program.table_rows[item.name][neuron]
            for axon in range(tables.out_axon_ptr[row], tables.out_axon_ptr[row + 1]):
                pair = int(core_of[row]), int(tables.out_core[axon])
                counted[pair] = counted.get(pair, 0) + (pair[0] != pair[1])
    sent = layout.messages_between(program, recording)
    found = {(int(a), int(b)): int(n) for a, b, n in zip(*sent, strict=True)}
    assert found == {pair: n for pair, n in counted.items() if n}
    assert sent.messages.tolist() == sorted(sent.messages.tolist(), reverse=True)
    axes = nd.plot.chip(program, recording, traffic=2)
    assert [item.get_gid() for item in axes.patches] == [
        f"{a} to {b}" for a, b in zip(sent.sender[:2], sent.receiver[:2], strict=True)
    ]


def test_cores_lie_in_their_tiles_without_overlap(spread):
    program, _ = spread
    placed = layout.layout_of(program)
    assert len({tuple(corner) for corner in placed.slots.round(6)}) == len(placed.slots)
    slots = {tuple(corner) for corner in placed.slots.round(6)}
    assert {tuple(corner) for corner in placed.cores.round(6)} <= slots
    in_chip = int(program.target.chip.cores.value)
    for core, corner in zip(program.tables.core_id, placed.cores, strict=True):
        assert corner.tolist() == pytest.approx(placed.slots[int(core) % in_chip].tolist())


def bars_of(axes):
    """Label -> (low end, nominal figure, high end) of each bar, in J or s."""
    factor = {"\N{MICRO SIGN}": 1e-6, "n": 1e-9, "m": 1e-3}[axes.get_xlabel().split("(")[1][0]]
    names = [label.get_text() for label in axes.get_yticklabels()]
    return {
        name: (bar.get_x() * factor, mark.get_xdata()[0] * factor, (bar.get_x() + bar.get_width()) * factor)
        for name, bar, mark in zip(names, axes.patches, axes.lines, strict=True)
    }


def ends_of(item, least=0.0):
    return pytest.approx((max(item.low, least), item.value, item.high))


def test_bars_of_energy_are_the_intervals_at_each_boundary(ran):
    result = nd.profile(*ran)
    found = bars_of(nd.plot.energy(result))
    words = ["cores and mesh", "whole chips", "board"]
    assert list(found) == words[::-1]
    figures = [item.energy for item in result.boundaries]
    least = min(end for item in figures for end in (item.low, item.value, item.high) if end > 0) / 1.5
    assert [found[name] for name in words] == [ends_of(item, least) for item in figures]


def test_bars_of_parts_are_those_of_the_boundary_of_the_profile(ran):
    result = profile(*ran, cost=CostOptions(boundary="chip"))
    (chip,) = (item for item in result.boundaries if item.boundary == "chip")
    found = bars_of(nd.plot.energy(result, by="part", quantity="time"))
    wanted = {item.name: item.estimate for item in chip.time_parts if item.estimate.high > 0}
    assert found.keys() == wanted.keys()
    assert len(wanted) > 1
    assert [found[name][1:] for name in wanted] == [pytest.approx((item.value, item.high)) for item in wanted.values()]


def test_designs_are_compared_in_one_picture(ran):
    result, chips = nd.profile(*ran), profile(*ran, cost=CostOptions(boundary="chip"))
    found = bars_of(nd.plot.energy({"one": result, "two": chips}, quantity="time"))
    assert list(found) == ["two (chip)", "one"]
    assert found["one"][1] == pytest.approx(result.time_per_inference.value)
    assert found["two (chip)"][1] == pytest.approx(chips.time_per_inference.value)


def test_floors_are_the_times_of_cores_from_the_busiest(spread):
    result = nd.profile(*spread)
    axes = nd.plot.floors(result)
    rows = sorted(result.floors, key=lambda item: -item.busy_s)
    assert len(rows) > 1
    factor = {"\N{MICRO SIGN}": 1e-6, "n": 1e-9, "m": 1e-3}[axes.get_ylabel().split("(")[1][0]]
    assert [bar.get_height() * factor for bar in axes.patches] == pytest.approx([item.busy_s for item in rows])
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(item.core) for item in rows]
    lines = {line.get_label().split()[0]: np.array(line.get_ydata()) * factor for line in axes.lines}
    for name in ("memory", "compute", "traffic"):
        np.testing.assert_allclose(lines[name], [getattr(item, f"{name}_s") for item in rows])
    assert lines["barrier"][0] == pytest.approx(rows[0].barrier_s)


def test_a_trade_is_the_time_and_energy_of_its_mappings(ran):
    result = nd.check(ran[0].network, "loihi1", optimize="latency", max_cores=8)
    axes = nd.plot.trade(result)
    points, (_, second) = result.trade.points, axes.figure.axes
    for side, figure in (
        (axes, [item.time_per_step.value for item in points]),
        (second, [item.energy_j for item in points]),
    ):
        factor = {"\N{MICRO SIGN}": 1e-6, "n": 1e-9, "m": 1e-3}[side.get_ylabel().split("(")[1][0]]
        line = side.lines[0]
        assert list(line.get_xdata()) == [item.cores for item in points]
        np.testing.assert_allclose(np.array(line.get_ydata()) * factor, figure)
    ring = axes.lines[1]
    assert list(ring.get_xdata()) == [result.trade.best.cores]


def test_stored_weights_are_the_mantissas_of_the_program(ran):
    """Against the tables of the program, which are written and read by other code."""
    from neurodeploy.plot.quantization import stored_weights
    from neurodeploy.program.synapse_tables import synapse_tables_of

    program, _ = ran
    tables = {table.projection: table for table in synapse_tables_of(program)}
    for row in stored_weights(program):
        table = tables[row.projection]
        placed = next(item for item in program.populations if item.name == table.target)
        shift = program.target.dialect.weight_shift_bits
        stored = table.mantissas * 2.0 ** (table.style.exponent + shift) / placed.scale
        np.testing.assert_allclose(row.stored, stored)
        assert 0 < row.error < 0.01
        assert np.abs(row.stored - row.weights).max() < 0.02 * np.abs(row.weights).max()


def test_fewer_bits_have_a_larger_error_and_points_on_few_levels(ran):
    from neurodeploy.plot.quantization import stored_weights

    program, _ = ran
    coarse = nd.compile(program.network, "loihi1", weight_bits={"*": 3})
    fine, rough = (stored_weights(item)[0] for item in (program, coarse))
    assert rough.error > 10 * fine.error
    axes = nd.plot.quantization(coarse, "in_hidden")
    drawn = axes.lines[0]
    np.testing.assert_allclose(drawn.get_xdata(), rough.weights)
    np.testing.assert_allclose(drawn.get_ydata(), rough.stored)
    assert len(np.unique(np.round(drawn.get_ydata(), 9))) <= 2**3
    off = nd.plot.quantization(coarse, "in_hidden", error=True).lines[0]
    np.testing.assert_allclose(off.get_ydata(), rough.stored - rough.weights)
    texts = [text.get_text() for text in nd.plot.quantization(coarse).texts]
    assert f"3 bit, error {rough.error:.1%}" in texts


def test_a_compilation_is_drawn_like_its_program(ran):
    program, _ = ran
    result = nd.check(program.network, "loihi1")
    one, other = nd.plot.quantization(result), nd.plot.quantization(program)
    assert [text.get_text() for text in one.texts] == [text.get_text() for text in other.texts]


def test_a_study_is_drawn_over_its_steps():
    axes = nd.plot.tuning(study())
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["trained network"].get_ydata()[0] == 0.97
    assert lines["spiking, in floats"].get_ydata().tolist() == pytest.approx([0.71, 0.89, 0.95, 0.97])
    (chip,) = axes.containers
    assert chip.lines[0].get_xdata().tolist() == [4, 8, 16, 32]
    ends = np.array(chip.lines[2][0].get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, np.array([[v - 0.02, v + 0.02] for v in (0.7, 0.88, 0.94, 0.96)]))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "8", "16", "32"]


def test_a_search_and_own_scores_are_drawn():
    found = Tuned(options=nd.CompileOptions(), before=0.2, after=0.1, by_population={"a": (0.3, 0.1), "b": (0.1, 0.1)})
    axes = nd.plot.tuning(found)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [line.get_xdata().tolist() for line in axes.lines] == [[0.3, 0.1], [0.1, 0.1]]
    axes = nd.plot.tuning({8: 0.97, 4: 0.9}, labels=("bits", "accuracy"))
    assert axes.lines[0].get_xydata().tolist() == [[4, 0.9], [8, 0.97]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("bits", "accuracy")


def test_given_axes_are_drawn_on_and_settings_stay(ran):
    before = dict(mpl.rcParams)
    figure, given = plt.subplots(1, 2)
    assert nd.plot.raster(*ran, ax=given[0]) is given[0]
    assert nd.plot.rates(*ran, ax=given[1]) is given[1]
    assert plt.get_fignums() == [figure.number]
    nd.plot.chip(ran[0])
    assert dict(mpl.rcParams) == before
    with nd.plot.style():
        assert mpl.rcParams["font.size"] == 8
    assert dict(mpl.rcParams) == before


BAD = [
    ("ND002", lambda p, r: nd.plot.raster(p, r, ax=3)),
    ("ND002", lambda p, r: nd.plot.raster(r, p)),
    ("ND002", lambda p, r: nd.plot.raster(p, r, populations="hidden")),
    ("ND002", lambda p, r: nd.plot.rates(p, r, window=0)),
    ("ND002", lambda p, r: nd.plot.rates(p, r, unit="kHz")),
    ("ND002", lambda p, r: nd.plot.chip(p, traffic=-1)),
    ("ND002", lambda p, r: nd.plot.energy(p)),
    ("ND002", lambda p, r: nd.plot.energy({"a": p})),
    ("ND002", lambda p, r: nd.plot.energy(nd.profile(p, r), quantity="power")),
    ("ND002", lambda p, r: nd.plot.energy(nd.profile(p, r), by="core")),
    ("ND002", lambda p, r: nd.plot.trace(p, r, unit="volt")),
    ("ND002", lambda p, r: nd.plot.tuning({"a": 1.0})),
    ("ND002", lambda p, r: nd.plot.tuning(p)),
    ("ND002", lambda p, r: nd.plot.quantization(p.network)),
    ("ND002", lambda p, r: nd.plot.floors(p)),
    ("ND766", lambda p, r: nd.plot.floors(nd.profile(p, r).model_copy(update={"floors": ()}))),
    ("ND002", lambda p, r: nd.plot.trade(p)),
    ("ND766", lambda p, r: nd.plot.trade(nd.check(p))),
    ("ND766", lambda p, r: nd.plot.energy({})),
    ("ND766", lambda p, r: nd.plot.tuning({})),
    ("ND766", lambda p, r: nd.plot.raster(p, nd.run(p, np.ones((1, 8)), record=["hidden"]), populations=["answer"])),
    ("ND767", lambda p, r: nd.plot.raster(p, r, sample=4)),
    ("ND767", lambda p, r: nd.plot.raster(p, r, sample=True)),
    ("ND767", lambda p, r: nd.plot.raster(p, r, populations=["hiden"])),
    ("ND767", lambda p, r: nd.plot.trace(p, r, "hidden.w")),
    ("ND767", lambda p, r: nd.plot.trace(p, r, neurons=[24])),
    ("ND767", lambda p, r: nd.plot.trace(p, r, neurons=[])),
    ("ND767", lambda p, r: nd.plot.chip(p, resource="memory")),
    ("ND767", lambda p, r: nd.plot.quantization(p, "in")),
]


@pytest.mark.parametrize(("code", "call"), BAD, ids=[f"{code}-{k}" for k, (code, _) in enumerate(BAD)])
def test_what_cannot_be_drawn_is_a_finding_and_leaves_no_figure(ran, code, call):
    with pytest.raises(nd.DiagnosticError) as refused:
        call(*ran)
    assert {item.code for item in refused.value.diagnostics} == {code}
    assert plt.get_fignums() == []


def test_a_recording_of_another_program_is_refused(ran, spread):
    with pytest.raises(nd.DiagnosticError, match="ND513"):
        nd.plot.raster(ran[0], spread[1])
