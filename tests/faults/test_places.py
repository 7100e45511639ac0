"""Which places of a program can be faulty, which links messages cross, and in which steps a fault is there."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of, pair_network, with_limits

import neurodeploy as nd
from neurodeploy.faults import active_steps, segments_of
from neurodeploy.faults.edits import edits_of
from neurodeploy.faults.effects import program_under
from neurodeploy.faults.forms import masks_of, register_form
from neurodeploy.faults.places import crossed_links, is_crossed, routes_of
from neurodeploy.hardware import load_target
from neurodeploy.network import Dense, WeightFormat
from neurodeploy.program.archive import load_program, save_program


@pytest.fixture(scope="module")
def pair():
    return nd.compile(pair_network(), "loihi1")


@pytest.fixture(scope="module")
def spread():
    """A recurrent population on many cores of one chip, so that messages cross links."""
    cells = nd.Population(name="cells", shape=40, neuron=nd.LoihiCuba(du=0, dv=0, vth_mant=10))
    style = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    wire = nd.Projection(
        name="all", source="cells", target="cells", operation=Dense(weights=np.full((40, 40), 6)), weight_format=style
    )
    network = network_of([cells], [wire], inputs=())
    return nd.compile(network, with_limits(load_target("loihi1"), compartments=2))


def test_every_place_is_counted_once_and_can_be_faulty(pair):
    space = nd.faults_in(pair)
    assert {item.label: len(item) for item in space.strata} == {
        "synapse lines_to_cells weight": 4 * 8,
        "neuron cells": 2,
        "register cells u": 2 * 24,
        "register cells v": 2 * 24,
        "register cells refract": 2 * 6,
        "register cells du": 2 * 12,
        "register cells dv": 2 * 12,
        "register cells vth": 2 * 17,
        "register cells bias_mant": 2 * 13,
        "register cells bias_exp": 2 * 3,
        "register cells refract_delay": 2 * 6,
        "in_axon": 2,
        "core": 1,
        "line lines": 2,
    }
    every = [stratum.fault(k) for stratum in space.strata for k in range(len(stratum))]
    assert len(set(every)) == len(space)
    assert nd.inject(pair, every).faults == tuple(every)


def test_a_place_of_the_space_is_one_of_its_stratum(pair):
    space = nd.faults_in(pair)
    first = len(space.strata[0])
    assert space.stratum_of(first - 1) == (space.strata[0], first - 1)
    assert space.stratum_of(first) == (space.strata[1], 0)


def test_a_message_goes_along_its_row_then_along_its_column(spread):
    """A slow walk from router to router, for every message and link."""
    chip = spread.target.chip
    columns, tile = int(chip.mesh_columns.value), int(chip.cores_per_tile.value)
    routes, links = routes_of(spread), crossed_links(spread)
    assert len(links) > 4
    of_row = np.repeat(np.arange(spread.tables.n_cores), np.diff(spread.tables.compartment_ptr))
    for link in links[:6]:
        fault = nd.Fault(where="link", what="dead", chip=link[0], link=link[1:])
        crossed = is_crossed(spread, fault)
        for k in range(0, routes.core.size, 7):
            ends = [int(spread.tables.core_id[core]) // tile for core in (of_row[routes.source[k]], routes.core[k])]
            (x, y), (to_x, to_y) = ((at % columns, at // columns) for at in ends)
            met = False
            while (x, y) != (to_x, to_y):
                after = (x + np.sign(to_x - x), y) if x != to_x else (x, y + np.sign(to_y - y))
                met |= (x, y, *after) == link[1:]
                x, y = after
            assert crossed[k] == met


@pytest.mark.parametrize("engine", ["native", "spec"])
def test_a_dead_link_loses_the_messages_that_cross_it_and_no_others(spread, engine):
    link = crossed_links(spread)[1]
    fault = nd.Fault(where="link", what="dead", chip=link[0], link=link[1:])
    cut = np.flatnonzero(is_crossed(spread, fault))
    lost = {(int(routes_of(spread).number[k]), int(routes_of(spread).core[k])) for k in cut}
    axons = [nd.Fault(where="axon", what="dead", population="cells", neuron=n, core=core) for n, core in lost]
    kick = nd.Fault(where="neuron", what="stuck_at_1", population="cells", neuron=0, when="at", step=1)
    runs = [
        nd.run(nd.inject(spread, [kick, *more]), steps=6, engine=engine).spikes["cells"].tolist()
        for more in ([], [fault], axons)
    ]
    assert runs[1] == runs[2]
    assert runs[0] != runs[1]


def test_tables_under_a_cut_hold_the_other_routes(spread):
    link = crossed_links(spread)[0]
    edits = edits_of(spread, nd.Fault(where="link", what="dead", chip=link[0], link=link[1:]))
    under = program_under(spread, [edits])
    assert under.tables.out_core.size == spread.tables.out_core.size - edits.cut.size
    assert under.tables.out_axon_ptr[-1] == under.tables.out_core.size


def test_words_have_the_width_of_the_target_and_the_sign_its_extension():
    target = load_target("loihi1")
    form = register_form(target, "v")
    assert form.bits == 24
    assert masks_of(form, 23, "flip").of(5) == 5 - (1 << 23)
    assert masks_of(form, 23, "flip").of(-5) == -5 + (1 << 23)
    assert masks_of(form, 2, "stuck_at_1").of(-8) == -4
    assert masks_of(form, 3, "stuck_at_0").of(12) == 4


def test_steps_of_each_kind_of_time():
    place = {"where": "neuron", "what": "dead", "population": "a", "neuron": 0}
    always, late = nd.Fault(**place), nd.Fault(**place, when="from", step=4)
    once = nd.Fault(**place, when="at", step=3)
    assert active_steps(late, 2, 6).tolist() == [False, False, True, True, True]
    assert [(item.first, item.last, item.active) for item in segments_of([always, once, late], 1, 6)] == [
        (1, 2, (True, False, False)),
        (3, 3, (True, True, False)),
        (4, 6, (True, False, True)),
    ]


def test_random_faults_are_there_as_often_as_they_should_and_from_any_first_step():
    fault = nd.Fault(where="line", what="dead", input="in", line=0, when="random", probability=0.3, seed=-7)
    steps = active_steps(fault, 1, 20_000)
    assert abs(steps.mean() - 0.3) < 5 * (0.3 * 0.7 / 20_000) ** 0.5
    assert active_steps(fault, 901, 1_000).tolist() == steps[900:1_000].tolist()
    assert active_steps(fault.model_copy(update={"seed": -6}), 1, 50).tolist() != steps[:50].tolist()


def test_a_file_keeps_faults_and_a_program_without_them_has_the_digest_of_before(pair, tmp_path):
    faulty = nd.inject(pair, nd.faults_in(pair).strata[1].fault(1))
    assert faulty.digest() != pair.digest()
    assert faulty.model_copy(update={"faults": ()}).digest() == pair.digest()
    save_program(faulty, tmp_path / "faulty.ndp")
    assert load_program(tmp_path / "faulty.ndp") == faulty
