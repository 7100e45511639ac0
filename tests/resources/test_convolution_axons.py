"""Convolution axons: which tiles they address, what a program takes with them, and that they change no spike."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, with_limits
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.network import Conv2d, Input, LoihiCuba, Network, Output, Population, Projection, Time
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.tables import AXON_KINDS
from neurodeploy.program.validate import program_findings
from neurodeploy.resources.convolution_axons import box_of, source_addresses


def two_convolutions(seed, groups=1):
    """Two convolutions of small even weights: (2, 9, 9) -> (4, 9, 9) -> (6, 4, 4)."""
    numbers = np.random.default_rng(seed)
    cells = LoihiCuba(du=4095, dv=400, vth_mant=6)
    first = 2 * numbers.integers(-4, 9, (4, 2, 3, 3))
    second = 2 * numbers.integers(-4, 9, (6, 4 // groups, 3, 3))
    return Network(
        name="maps",
        time=Time(dt_s=1e-3),
        inputs=(Input(name="x", shape=(2, 9, 9)),),
        populations=(
            Population(name="a", shape=(4, 9, 9), neuron=cells),
            Population(name="b", shape=(6, 4, 4), neuron=cells),
        ),
        projections=(
            Projection(
                name="one",
                source="x",
                target="a",
                operation=Conv2d(input_shape=(2, 9, 9), weights=first, padding=(1, 1)),
            ),
            Projection(
                name="two",
                source="a",
                target="b",
                operation=Conv2d(input_shape=(4, 9, 9), weights=second, stride=(2, 2), groups=groups),
            ),
        ),
        outputs=(Output(name="out", source="b"),),
    )


def compiled(network, rules, **limits):
    """The program on cores of 100 compartments; `input_axons` of a core leave convolution axons alone."""
    target = with_limits(load_target("loihi2", rules=rules), compartments=100, **limits)
    return compile_network(network, target, CompileOptions(fixes=False, level=1)).require()


@pytest.mark.parametrize("groups", [1, 2])
def test_spikes_do_not_depend_on_how_axons_are_shared(groups):
    network = two_convolutions(3, groups)
    raster = (np.random.default_rng(5).random((1, 40, 2, 9, 9)) < 0.2).astype(np.uint8)
    found = [
        nd.run(compiled(network, rules, **limits), {"x": raster}).spikes
        for rules, limits in (("lava-loihi", {}), ("lava-loihi-2022", {}), ("lava-loihi-2024", {"input_axons": 9}))
    ]
    assert len(found[0]["b"]) > 100
    for other in found[1:]:
        assert all(np.array_equal(other[name], rows) for name, rows in found[0].items())


@pytest.mark.parametrize("groups", [1, 2])
def test_a_core_stores_the_kernel_once_and_takes_two_axons(groups):
    program = compiled(two_convolutions(3, groups), "lava-loihi-2022", input_axons=9)
    tables = program.tables
    assert set(tables.in_axon_kind.tolist()) == {AXON_KINDS["convolution"]}
    use = use_of_program(program)
    bits = {style.projection: style.weight_bits for style in program.formats}
    for core in range(tables.n_cores):
        rows = slice(tables.compartment_ptr[core], tables.compartment_ptr[core + 1])
        words = axons = 0
        for number, (name, plane, deep) in enumerate([("one", 81, 2), ("two", 16, 4 // groups)]):
            neurons = tables.neuron[rows][tables.population[rows] == number]
            reached = np.unique(neurons // plane)
            per_group = np.bincount(reached // (6 // groups if number else 4))
            words += sum(9 * deep * -(-(int(n) * bits[name] + 22) // 64) for n in per_group if n)
            axons += 2 * bool(neurons.size)
        assert (use["synapse_memory"][core], use["input_axons"][core]) == (words, axons)


def test_a_position_takes_two_output_axons_for_each_core_that_it_reaches():
    program = compiled(two_convolutions(3), "lava-loihi-2022", input_axons=9)
    tables, pairs = program.tables, set()
    core_of_row = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    for row in range(tables.n_rows):
        to = tables.out_core[tables.out_axon_ptr[row] : tables.out_axon_ptr[row + 1]]
        pairs |= {(int(core_of_row[row]), int(tables.neuron[row]) % 81, int(core)) for core in to}
    counted = np.bincount([core for core, *_ in pairs], minlength=tables.n_cores)
    assert use_of_program(program)["output_axons"].tolist() == (2 * counted).tolist()


def test_rule_sets_without_convolution_axons_refuse_a_program_that_has_them():
    program = compiled(two_convolutions(3), "lava-loihi-2022", input_axons=9)
    target = program.target.model_copy(update={"rule_set": "lava-loihi"})
    found = program_findings(program.model_copy(update={"target": target}))
    assert any("has convolution axons, which target 'loihi2' does not have" in item.message for item in found)


@settings(max_examples=examples(200), deadline=None)
@given(st.tuples(*(st.integers(1, 6),) * 3), st.data())
def test_a_box_is_found_where_neurons_are_one(shape, data):
    box = tuple(sorted(data.draw(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))) for n in shape)
    box = tuple((low, high + 1) for low, high in box)
    grid = np.arange(np.prod(shape)).reshape(shape)
    neurons = grid[tuple(slice(*span) for span in box)].ravel()
    assert box_of(shape, neurons) == box
    if neurons.size > 2:  # without one that is no corner of a line, the rest is no box of as many
        rest = np.delete(neurons, data.draw(st.integers(1, neurons.size - 2)))
        found = box_of(shape, rest)
        assert found is None or np.array_equal(grid[tuple(slice(*span) for span in found)].ravel(), rest)
    assert box_of(shape, neurons[:0]) is None


def test_sources_beyond_the_atoms_of_an_axon_take_another():
    columns = source_addresses((1 << 15) + 2)
    assert columns["axon"].tolist()[-3:] == [0, 1, 1]
    assert columns["atom"].tolist()[-3:] == [(1 << 15) - 1, 0, 1]
