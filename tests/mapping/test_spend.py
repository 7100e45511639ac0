"""Cores that are spent: bits stay, limits hold, and each figure of the trade is that of a program."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from factories import network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.costs.cost import cost_under
from neurodeploy.costs.expected import expected_costs, expected_step
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.hardware.figure import high_of, low_of
from neurodeploy.mapping.spend.content import CoreContent
from neurodeploy.mapping.spend.cuts import NEAR, first_part, halves
from neurodeploy.mapping.spend.gain import saved_energy
from neurodeploy.network import Conv2d, WeightFormat
from neurodeploy.program.audit import over_limits
from neurodeploy.simulate import Stimulus

CELLS = nd.LoihiCuba(du=4095, dv=600, vth_mant=60)
STYLE = WeightFormat(weight_bits=8)


def layers():
    """A layer that reads much, before one that reads little: all of it fits one core or two."""
    rng = np.random.default_rng(5)
    weights = (2 * rng.integers(-20, 30, (60, 200)), 2 * rng.integers(-20, 30, (10, 60)))
    sizes = {"wide": 60, "narrow": 10}
    populations = tuple(nd.Population(name=name, shape=size, neuron=CELLS) for name, size in sizes.items())
    links = (
        nd.dense("in", "wide", weights[0], weight_format=STYLE),
        nd.dense("wide", "narrow", weights[1], weight_format=STYLE),
    )
    return network_of(populations, links, inputs=(nd.Input(name="in", shape=200, encoder="spikes"),), outputs="narrow")


def image():
    """A convolution, whose neurons share lists, and a recurrent projection."""
    rng = np.random.default_rng(6)
    kernel = Conv2d(input_shape=(3, 10, 10), weights=2 * rng.integers(-6, 12, (6, 3, 3, 3)), stride=(1, 1))
    near = 2 * rng.integers(0, 9, (384, 384)) * (rng.random((384, 384)) < 0.02)
    links = (
        nd.Projection(name="conv", source="in", target="map", operation=kernel, weight_format=STYLE),
        nd.sparse("map", "map", near, weight_format=STYLE),
    )
    lines = (nd.Input(name="in", shape=(3, 10, 10), encoder="spikes"),)
    return network_of((nd.Population(name="map", shape=(6, 8, 8), neuron=CELLS),), links, inputs=lines, outputs="map")


@pytest.fixture(scope="module", params=[layers, image], ids=["layers", "image"])
def checked(request):
    """(network, fewest cores, spent on latency)."""
    network = request.param()
    return network, nd.check(network, "loihi1"), nd.check(network, "loihi1", optimize="latency")


def recorded(program):
    size = program.inputs[0].ptr.size - 1
    rows = np.argwhere(np.random.default_rng(2).random((2, 15, size)) < 0.2).astype(np.int32)
    rows[:, 1] += 1
    recording = nd.run(program, Stimulus(n_samples=2, n_steps=20, spikes={"in": rows}), until=20)
    assert sum(len(item) for item in recording.spikes.values()) > 50
    return recording


def test_bits_of_a_run_do_not_depend_on_the_cores_spent(checked):
    _, fewest, spent = checked
    assert spent.n_cores > 2 * fewest.n_cores
    one, other = recorded(fewest.program), recorded(spent.program)
    for name in one.spikes:
        np.testing.assert_array_equal(one.spikes[name], other.spikes[name])


def test_every_limit_holds_and_the_step_is_that_of_the_program(checked):
    _, fewest, spent = checked
    assert over_limits(spent.program) == ()
    for result, point in ((fewest, spent.trade.fewest), (spent, spent.trade.best)):
        assert point.cores == result.n_cores == result.program.tables.n_cores
        costs = expected_costs(result.program, expected_step(result.program, {}))
        assert point.time_per_step == costs.time
        assert point.dynamic == costs.energy
        assert point.bottleneck.busy_s == max(item.busy_s for item in costs.floors)


def test_the_trade_begins_with_fewest_cores_and_ends_quicker(checked):
    _, fewest, spent = checked
    trade = spent.trade
    assert fewest.trade is None
    assert trade.rates == "full"
    cores = [item.cores for item in trade.points]
    assert cores == sorted(set(cores))
    assert trade.best.time_per_step.value <= 1.01 * min(item.time_per_step.value for item in trade.points)
    assert trade.speed_up > 3


def test_the_default_is_fewest_cores(checked):
    network, fewest, _ = checked
    assert nd.compile(network, "loihi1", optimize="cores").digest() == fewest.program.digest()


def test_cores_allowed_pinned_and_avoided_are_kept():
    pins, avoided = {"narrow": (3, 4)}, (0, 6)
    options = {"max_cores": 8, "pins": pins, "avoid_cores": avoided}
    result = nd.check(layers(), "loihi1", optimize="latency", fixes=False, **options)
    tables = result.program.tables
    assert 4 < tables.n_cores <= 8
    assert not set(tables.core_id.tolist()) & set(avoided)
    core = np.repeat(tables.core_id, np.diff(tables.compartment_ptr))
    names = [item.name for item in result.program.populations]
    assert set(core[tables.population == names.index("narrow")].tolist()) <= set(pins["narrow"])
    assert not set(core[tables.population == names.index("wide")].tolist()) & set(pins["narrow"])


def test_cores_that_run_out_are_a_finding_with_what_more_give():
    result = nd.check(layers(), "loihi1", optimize="latency", max_cores=4)
    (item,) = [item for item in result.findings if item.code == "ND408"]
    more = nd.check(layers(), "loihi1", optimize="latency", max_cores=8).trade.best
    assert f"--max-cores 8: 8 cores, {1e6 * more.time_per_step.value:,.4g} us" in item.fixes[0].text


def test_energy_is_saved_by_every_figure_or_cores_are_kept():
    rates = {"in": np.full(200, 0.2), "wide": np.full(60, 0.1), "narrow": np.full(10, 0.1)}
    result = nd.check(layers(), "loihi1", optimize="energy", rates=rates)
    trade = result.trade
    assert trade.rates == "given"
    assert trade.energy_decided
    assert trade.best.energy_j <= trade.fewest.energy_j
    assert trade.gains[0] >= 0
    assert trade.chosen > 0


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ({"wide": np.full(60, 12.0)}, "needs a rate from 0 to 1, spikes in a step, for each of its neurons"),
        ({"in": np.ones(9)}, "population 'in' needs a rate from 0 to 1"),
        ({"out": np.ones(9)}, "population 'out' does not exist"),
    ],
)
def test_rates_of_a_step_are_from_0_to_1(rates, words):
    with pytest.raises(DiagnosticError, match=words):
        nd.compile(layers(), "loihi1", optimize="latency", rates=rates)
    if max(item.max() for item in rates.values()) > 1:
        nd.compile(layers(), "loihi1", rates=rates)


def test_saved_energy_spans_all_corners_of_the_figures():
    """By brute force over the ends of every figure that differs, each the same for both programs."""
    few, many = (nd.check(layers(), "loihi1", optimize=goal).program for goal in ("cores", "latency"))
    steps = [(program, expected_step(program, {})) for program in (few, many)]
    low, high = saved_energy(*steps)
    back = saved_energy(*steps[::-1])
    assert (low, high) == pytest.approx((-back[1], -back[0]))
    target, found = few.target, []
    for number, profile in enumerate(target.energy.values()):
        for end, watts in product((low_of, high_of), (target.static_power.low, target.static_power.high)):
            costs = [
                cost_under(program, step.totals, step.hops, profile, float(step.busy[number].busiest_s))
                for program, step in steps
            ]
            dynamic = [cost.low_j if end is low_of else cost.high_j for cost in costs]
            found.append(dynamic[0] - dynamic[1] + watts * (costs[0].time_s - costs[1].time_s))
    assert low <= min(found) * (1 + 1e-9)
    assert high >= max(found) * (1 - 1e-9)
    assert low == pytest.approx(min(found), rel=0.2)


contents = st.integers(2, 9).flatmap(
    lambda rows: st.tuples(
        st.just(rows),
        st.lists(st.tuples(st.integers(0, rows - 1), st.integers(0, 4)), max_size=20),
        st.lists(st.integers(0, 9), min_size=3 * rows + 5, max_size=3 * rows + 5),
    )
)


@settings(max_examples=80, deadline=None)
@given(contents)
def test_a_cut_is_the_best_of_all(drawn):
    """Against every cut along the order of the rows, each part counted from its entries alone."""
    rows, entries, numbers = drawn
    row, axon = (np.array([item[k] for item in entries], dtype=np.int64) for k in (0, 1))
    values = np.array(numbers, dtype=np.float64)
    content = CoreContent(
        send=values[:rows],
        learn=values[rows : 2 * rows],
        read=values[2 * rows : 3 * rows],
        row=row,
        axon=axon,
        receive=values[3 * rows :],
    )

    def busy(inside):
        received = content.receive[np.unique(axon[inside[row]])].sum() if row.size else 0.0
        return max(content.send[inside].sum(), content.read[inside].sum() + received) + content.learn[inside].sum()

    number = np.arange(rows)
    best = min(max(busy(number < k), busy(number >= k)) for k in range(1, rows))
    whole = first_part(content)
    both = halves(content, whole, [number], always=True)
    assert both is not None
    assert sorted(np.concatenate([part.rows for part in both]).tolist()) == number.tolist()
    for part in both:
        assert part.busy_s == pytest.approx(busy(np.isin(number, part.rows)))
    assert max(part.busy_s for part in both) <= NEAR * best + 1e-9
    assert (halves(content, whole, [number]) is None) == (best > 0.99 * whole.busy_s)


def test_a_target_without_published_times_keeps_its_cores():
    result = nd.check(layers(), load_target("loihi2"), optimize="energy")
    assert result.trade is None
    assert "ND409" in [item.code for item in result.findings]
