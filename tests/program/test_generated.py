"""Files of programs whose synapses are generated: they hold none, and give the same program."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import AvgPool2d, Conv2d, Dense, DistanceKernel, FixedNumber, Normal, Uniform, WeightFormat
from neurodeploy.program import load_program, save_program
from neurodeploy.program.generated import stored_form
from neurodeploy.quantize import quantize


def network(side, *, number=30):
    """Two grids, joined by every kind of projection: rules, a window and a matrix."""
    grid = (side, side)
    kernel = DistanceKernel(
        source_shape=grid,
        target_shape=grid,
        extent=(1.0, 1.0),
        probability=0.8,
        scale=0.2,
        radius=0.5,
        weights=Normal(mean=5, std=3, low=1, high=90, whole=True),
        delays=Uniform(low=0, high=4, whole=True),
        seed=1,
    )
    each = FixedNumber(shape=(side * side, side * side), number=number, weights=-3, seed=2)
    form = WeightFormat(weight_bits=8)
    wires = [
        ("in", "a", Dense(weights=np.ones((side * side, 3), dtype=int))),
        ("a", "b", kernel),
        ("b", "a", each),
        ("b", "b", AvgPool2d(input_shape=(1, side, side), kernel=(1, 1), stride=(1, 1))),
    ]
    cell = nd.LoihiCuba(du=1000, dv=100, vth_mant=200)
    return nd.Network(
        name="grids",
        time=nd.Time(dt_s=1e-3, steps_per_sample=30),
        inputs=[nd.Input(name="in", shape=3)],
        populations=[nd.Population(name=name, shape=grid, neuron=cell) for name in "ab"],
        projections=[
            nd.Projection(
                name=f"{source}_{target}", source=source, target=target, operation=operation, weight_format=form
            )
            for source, target, operation in wires
        ],
    )


@pytest.mark.parametrize("target", ["loihi1", "loihi2"])
def test_a_file_without_synapses_gives_the_same_program(tmp_path, target):
    program = nd.compile(network(10), target, level=0)
    path = tmp_path / "program.ndp"
    save_program(program, path)
    again = load_program(path)
    assert again == program
    assert again.digest() == program.digest()
    stored = stored_form(program)
    assert stored.tables.entry_mantissa.size == stored.tables.in_axon_list.size == 0
    np.testing.assert_array_equal(stored.tables.vth_mant, program.tables.vth_mant)
    save_program(again, tmp_path / "again.ndp")
    assert path.read_bytes() == (tmp_path / "again.ndp").read_bytes()


def test_the_size_of_a_file_does_not_depend_on_its_synapses(tmp_path):
    sizes = []
    for number in (10, 60):
        program = nd.compile(network(12, number=number), "loihi1", level=0)
        save_program(program, tmp_path / "program.ndp")
        sizes.append((program.tables.entry_mantissa.size, (tmp_path / "program.ndp").stat().st_size))
    assert sizes[1][0] > sizes[0][0] + 5_000
    assert abs(sizes[1][1] - sizes[0][1]) < 500


def test_edited_tables_are_stored_whole(tmp_path):
    program = nd.compile(network(8), "loihi1", level=0)
    mantissas = program.tables.entry_mantissa.copy()
    mantissas[0] += 2
    edited = program.model_copy(
        update={
            "tables": program.tables.model_copy(update={"entry_mantissa": mantissas}),
            "generated": program.generated,
        }
    )
    save_program(edited, tmp_path / "edited.ndp")
    again = load_program(tmp_path / "edited.ndp")
    np.testing.assert_array_equal(again.tables.entry_mantissa, mantissas)
    assert again.generated is None


def test_programs_without_rules_are_stored_as_before():
    listed = nd.compile(nd.written_out(network(8)), "loihi1", level=0)
    assert listed.generated is None
    assert stored_form(listed) is listed


def windowed():
    """A convolution, and synapses that are drawn."""
    cell = nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0)
    kernel = np.random.default_rng(1).normal(size=(4, 1, 3, 3))
    convolution = Conv2d(input_shape=(1, 10, 10), weights=kernel)
    return nd.Network(
        name="windowed",
        time=nd.Time(dt_s=1e-3, steps_per_sample=20),
        inputs=[nd.Input(name="in", shape=(1, 10, 10))],
        populations=[
            nd.Population(name="maps", shape=(4, 8, 8), neuron=cell),
            nd.Population(name="out", shape=50, neuron=cell),
        ],
        projections=[
            nd.Projection(name="window", source="in", target="maps", operation=convolution),
            nd.fixed_probability("maps", "out", (50, 256), 0.1, 0.3, seed=3, name="drawn"),
        ],
    )


def test_a_file_of_discrete_axons_gives_the_same_program(tmp_path):
    """Without the choice of its mapping, the window would be stored with convolution axons again."""
    target = load_target("loihi2")
    mapping = partition(quantize(windowed(), target), target)
    discrete = mapping.model_copy(update={"shared_axons": False, "segments": None, "pairs": None})
    shared, program = (emit_program(place(item)) for item in (mapping, discrete))
    assert shared.tables.in_axon_kind is not None
    assert program.tables.in_axon_kind is None
    save_program(program, tmp_path / "program.ndp")
    assert load_program(tmp_path / "program.ndp") == program
