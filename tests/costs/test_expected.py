"""The model of a mean step, against recordings of runs and against the content of cores, which are counted by other code."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.costs.cost import estimates, tally
from neurodeploy.costs.counting import travelled
from neurodeploy.costs.expected import expected_costs, expected_step
from neurodeploy.hardware import load_target
from neurodeploy.mapping.spend.content import content_of, workload_of
from neurodeploy.mapping.spend.cuts import first_part
from neurodeploy.network import Conv2d, WeightFormat
from neurodeploy.simulate import Stimulus

STEPS = 12


def program_of(kind):
    """A small network on several cores of a chip with few compartments a core."""
    rng, style = np.random.default_rng(3), WeightFormat(weight_bits=8)
    cells = nd.LoihiCuba(du=4095, dv=600, vth_mant=40)
    if kind == "map":
        lines = (nd.Input(name="in", shape=(2, 6, 6), encoder="spikes"),)
        kernel = Conv2d(input_shape=(2, 6, 6), weights=2 * rng.integers(1, 20, (4, 2, 3, 3)), stride=(1, 1))
        wires = nd.Projection(name="conv", source="in", target="a", operation=kernel, weight_format=style)
        sizes = {"a": (4, 4, 4), "b": 20}
        links = (wires, nd.dense("a", "b", 2 * rng.integers(-9, 30, (20, 64)), weight_format=style))
    else:
        lines = (nd.Input(name="in", shape=30, encoder="spikes"),)
        sizes = {"a": 70, "b": 20}
        links = (
            nd.sparse("in", "a", 2 * rng.integers(0, 30, (70, 30)) * (rng.random((70, 30)) < 0.3), weight_format=style),
            nd.dense("a", "b", 2 * rng.integers(-9, 30, (20, 70)), weight_format=style),
            nd.sparse("b", "a", 2 * rng.integers(0, 9, (70, 20)) * (rng.random((70, 20)) < 0.1), weight_format=style),
        )
    populations = tuple(nd.Population(name=name, shape=shape, neuron=cells) for name, shape in sizes.items())
    network = network_of(populations, links, inputs=lines, outputs="b")
    target = load_target("loihi1")
    few = target.limits.compartments.model_copy(update={"value": 17})
    target = target.model_copy(update={"limits": target.limits.model_copy(update={"compartments": few})})
    return nd.compile(network, target)


def ran(program):
    """A run without a spike in its last step: its messages would arrive after the end."""
    rng, size = np.random.default_rng(1), program.inputs[0].ptr.size - 1
    rows = np.argwhere(rng.random((1, STEPS - 4, size)) < 0.3).astype(np.int32) + np.array([0, 1, 0], dtype=np.int32)
    recording = nd.run(program, Stimulus(n_samples=1, n_steps=STEPS, spikes={"in": rows}), until=STEPS)
    cut = {name: rows[rows[:, 1] < STEPS] for name, rows in recording.spikes.items()}
    assert sum(len(rows) for rows in cut.values()) > 20
    return recording.model_copy(update={"spikes": cut, "active_updates": None})


def rates_of(recording, program):
    sizes = {item.name: item.size for item in program.populations} | {
        item.name: item.ptr.size - 1 for item in program.inputs
    }
    spikes = {**recording.spikes, **recording.input_spikes}
    return {name: np.bincount(spikes[name][:, 2], minlength=size) / STEPS for name, size in sizes.items()}


@pytest.mark.parametrize("kind", ["lists", "map"])
def test_a_mean_step_has_the_events_of_a_run_over_its_steps(kind):
    program = program_of(kind)
    recording = ran(program)
    step = expected_step(program, rates_of(recording, program))
    totals, busy = tally(program, recording, program.target.energy.values())
    for name in ("updates", "spikes", "messages_out", "messages_in", "synops_dense", "synops_sparse", "synops_shared"):
        assert STEPS * getattr(step.totals, name) == pytest.approx(getattr(totals, name)), name
    np.testing.assert_allclose(STEPS * np.array(step.hops), travelled(program, recording))
    for found, counted in zip(step.busy, busy, strict=True):
        np.testing.assert_allclose(STEPS * found.cores.memory, counted.cores.memory)
        np.testing.assert_allclose(STEPS * found.cores.traffic, counted.cores.traffic)
        assert STEPS * found.busiest_s <= counted.busiest_s * (1 + 1e-12), "the mean of a maximum is no less"
    costs, (_, priced) = expected_costs(program, step), estimates(program, recording)
    assert STEPS * costs.energy.value == pytest.approx(priced.energy.value)


def test_without_rates_every_source_spikes_once():
    program = program_of("lists")
    step, tables = expected_step(program, {}), program.tables
    assert step.totals.spikes == tables.n_rows
    assert step.totals.messages_out == tables.out_core.size
    assert step.totals.messages_in == tables.out_core.size + program.inputs[0].core.size


@pytest.mark.parametrize("kind", ["lists", "map"])
def test_the_content_of_cores_takes_the_time_of_their_floors(kind):
    """Rows, axons and entries are gathered core by core, and counted over all cores at once by other code."""
    program = program_of(kind)
    rates = rates_of(ran(program), program)
    name = program.target.energy_nominal
    busy = expected_step(program, rates).busy[list(program.target.energy).index(name)].cores.busy
    work = workload_of(program, rates, program.target.energy[name])
    assert program.tables.n_cores > 4
    found = [first_part(content_of(work, core)).busy_s for core in range(program.tables.n_cores)]
    np.testing.assert_allclose(found, busy)
