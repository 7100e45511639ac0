"""Floors of cores: which core and which of its times determine a step, recomputed from single events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_runs import NS, run_on

from neurodeploy.costs.counting import Counts
from neurodeploy.costs.floor import core_times, floors_of
from neurodeploy.hardware import load_target
from neurodeploy.profile.build import profile

NAMES = Counts._fields[1:]
TIMES = {
    "spikes": 5,
    "messages_out": 4,
    "messages_in": 3,
    "synops_dense": 1,
    "synops_sparse": 2,
    "synops_shared": 1,
    "synapse_updates": 0,
}
"""Of the nominal profile of the tiny chip, in ns; a compartment takes 1, and 2 more if it is active."""


def floors(events, rows, active, barrier=100 * NS):
    times = core_times(
        Counts(0, *(np.array(events[name]) for name in NAMES)),
        np.array(rows, dtype=float),
        np.array(active, dtype=float),
        load_target("tiny").energy["round"],
    )
    steps = len(active)
    return floors_of(type(times)(*(item.sum(axis=0) for item in times)), steps, barrier)


@st.composite
def loads(draw):
    steps, cores = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    table = st.lists(st.lists(st.integers(0, 300), min_size=cores, max_size=cores), min_size=steps, max_size=steps)
    rows = draw(st.lists(st.integers(0, 50), min_size=cores, max_size=cores))
    return {name: draw(table) for name in NAMES}, rows, draw(table)


@settings(max_examples=60, deadline=None)
@given(loads())
def test_the_busiest_core_and_its_largest_time_are_named(load):
    events, rows, active = load
    found = floors(*load)
    busy = []
    for core, floor in enumerate(found):
        assert floor.core == core
        memory = compute = traffic = longest = 0
        for step, active_now in enumerate(active):
            at = {name: TIMES[name] * events[name][step][core] for name in NAMES}
            read = at["synops_dense"] + at["synops_sparse"] + at["synops_shared"]
            updates = rows[core] + 2 * active_now[core] + at["spikes"]
            memory, compute = memory + read, compute + updates
            traffic += at["messages_out"] + at["messages_in"]
            longest += max(updates + at["messages_out"], read + at["messages_in"])
        sums = {"memory": memory, "compute": compute, "traffic": traffic, "barrier": 100 * len(active)}
        for name, total in sums.items():
            assert getattr(floor, f"{name}_s") == pytest.approx(total * NS / len(active), abs=1e-18)
        assert sums[floor.binds] == max(sums.values())
        first, second = sorted(sums.values(), reverse=True)[:2]
        assert floor.margin == pytest.approx(first / second if second else 0)
        busy.append(longest)
    for floor, longest in zip(found, busy, strict=True):
        assert floor.share == pytest.approx(longest / max(busy) if max(busy) else 0.0)


def test_floors_of_a_run_bound_its_step():
    program, recording = run_on((0, 1), load_target("tiny"), samples=3)
    shown = profile(program, recording)
    assert [floor.core for floor in shown.floors] == [0, 1]
    slowest = max(floor.busy_s for floor in shown.floors)
    barrier = shown.floors[0].barrier_s
    total = sum(floor.busy_s for floor in shown.floors)
    # a step waits for its own busiest core, which is not the same core in every step
    assert slowest + barrier <= shown.time_per_step.value * (1 + 1e-12)
    assert shown.time_per_step.value <= (total + barrier) * (1 + 1e-12)
    assert max(floor.share for floor in shown.floors) == 1


def test_a_core_without_events_waits_at_the_barrier_and_has_no_second_time():
    (floor,) = floors({name: [[0]] for name in NAMES}, [0], [[0]])
    assert (floor.binds, floor.margin, floor.share, floor.busy_s) == ("barrier", 0, 0, 0)
