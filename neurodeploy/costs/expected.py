"""Costs of a mean step, from the rates of neurons and input lines instead of a recording.

The events of a step are the expected ones: each source counts with its spikes per step. Energy and the time of each core are then
those of the mean step; the time of the busiest core is at most the mean over steps of a recording with these rates, where
another core may be the busiest in each step. Not known from rates, and taken as their upper bounds: active compartments are all,
and plastic synapses all learn in each epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.costs.cost import Busy, CoreCosts, Totals, costs_of
from neurodeploy.costs.counting import Counts, Hops, Routes, hops_of, population_rows, routes_of
from neurodeploy.costs.floor import CoreTimes, core_times
from neurodeploy.program.plastic import plastic_synapses
from neurodeploy.program.program import Program

__all__ = ["ExpectedStep", "expected_costs", "expected_step", "learned_by_row", "rate_of_sources"]

Array = NDArray[np.float64]
Rates = Mapping[str, NDArray[Any]]
FULL = 1.0
"""Spikes in a step of sources without a given rate: every one spikes, which is the most that it can."""


class ExpectedStep(NamedTuple):
    """The events of a mean step, and the times of the cores under each profile of the target."""

    totals: Totals
    hops: Hops
    busy: list[Busy]
    """In the order of the profiles."""


def rate_of_sources(program: Program, routes: Routes, rates: Rates) -> Array:
    """Return (sources,) spikes per step of every source of the routes: neurons by row of the tables, then input lines.

    `rates`: population or input -> (size,) spikes per step. Without an entry, each of its sources spikes in every step.
    """
    found = np.full(routes.ptr.size - 1, FULL)
    for item in program.populations:
        if item.name in rates:
            found[routes.first[item.name]] = np.asarray(rates[item.name], dtype=np.float64)
    for line in program.inputs:
        if line.name in rates:
            start = routes.first[line.name]
            found[start : start + line.ptr.size - 1] = np.asarray(rates[line.name], dtype=np.float64)
    return found


def expected_step(program: Program, rates: Rates) -> ExpectedStep:
    """Return the events of a mean step of a `program` and the times of its cores. `rates`: as of rate_of_sources."""
    routes = routes_of(program)
    rate = rate_of_sources(program, routes, rates)
    rows = population_rows(program).astype(np.float64)
    part = _counts(program, routes, rate)
    names = Counts._fields[1:]
    sums = {name: float(getattr(part, name).sum()) for name in names}
    busy = list[Busy]()
    for profile in program.target.energy.values():
        times = core_times(part, rows, rows[None, :], profile)
        busy.append(Busy(times.busy.max(axis=1, initial=0)[0], CoreTimes(*(item[0] for item in times))))
    totals = Totals(1, float(rows.sum()), float(rows.sum()), **sums)
    return ExpectedStep(totals, hops_of(program, rate[: program.tables.n_rows]), busy)


def expected_costs(program: Program, step: ExpectedStep) -> CoreCosts | None:
    """Return energy and time of a mean step with their intervals; None if the target has no nominal energy profile."""
    if program.target.energy_nominal is None:
        return None
    return costs_of(program, step.totals, step.hops, step.busy, 1, program.target)


def _counts(program: Program, routes: Routes, rate: Array) -> Counts:
    """Expected events of one step, each (1, n_cores)."""
    n_rows, n_cores = program.tables.n_rows, program.tables.n_cores
    fan_out = np.diff(routes.ptr)
    arriving = np.repeat(rate, fan_out)

    def by_core(core: NDArray[Any], weight: Array) -> Any:
        return np.bincount(core, weight, n_cores).astype(np.float64)[None, :]

    synops = [by_core(routes.to_core, arriving * kind) for kind in routes.entries]
    own = rate[:n_rows]
    spikes, out = by_core(routes.core, own), by_core(routes.core, own * fan_out[:n_rows])
    return Counts(
        0,
        spikes,
        out,
        by_core(routes.to_core, arriving),
        *synops,
        synapse_updates=by_core(routes.core, learned_by_row(program)),
    )


def learned_by_row(program: Program) -> Array:
    """Return (n_rows,) plastic synapses of every row of the tables, over the steps of their epoch: updates in a step at most."""
    found = np.zeros(program.tables.n_rows)
    for item in plastic_synapses(program).values():
        row = program.table_rows[item.projection.target][item.listed.post]
        found += np.bincount(row, minlength=found.size) / item.rule.epoch_steps
    return found
