"""Energy and time of a run under one energy profile, and estimates over all profiles of a target.

Per step t, with c a core:
  energy = sum_c [compartments * access + active * update + spikes * spike + out * message_out + in * message_in + synops * synop]
           + learned * synapse_update + hops * hop;
  time   = barrier(tiles) + max_c [ max(compartments * access + active * update + spikes * spike + out * message_out,
                                        in * message_in + synops * synop) + learned * synapse_update ].
Source: the closed form that reproduces SANA-FE 2.2.9 within 0.21 % of energy; its time is a lower estimate under heavy
many-to-many traffic. All figures come from the profile: an event without a figure costs nothing in that profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.costs.counting import Counts, Hops, counts, occupied_tiles, population_rows, travelled
from neurodeploy.costs.estimate import CoreFloor, CostPart, Estimate
from neurodeploy.costs.floor import CoreTimes, core_times, floors_of
from neurodeploy.hardware.figure import CostFigure, FigureTable, high_of, low_of, value_of
from neurodeploy.hardware.target import EnergyProfile, Target
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording

__all__ = [
    "Busy",
    "CoreCosts",
    "Cost",
    "Totals",
    "barrier_of",
    "cost_under",
    "costs_of",
    "energy_bounds",
    "estimates",
    "events_of",
    "static_energy",
    "tally",
]

Array = NDArray[np.float64]
UPDATES, LEARNING = "updates of compartments", "updates of plastic synapses"


class Cost(NamedTuple):
    """Sum over all samples."""

    energy_j: float
    time_s: float
    barrier_s: float
    """Synchronisation time, included in the total time."""
    uncounted_j: float
    """The part of the energy due to active compartments that were assumed because the backend did not count them."""
    low_j: float
    """Energy with the least published value of every figure."""
    high_j: float
    """Energy with the largest published value of every figure."""


def _interpolate(table: FigureTable | None, x: float) -> float:
    if table is None:
        return 0.0
    xs, ys = zip(*table.points, strict=True)
    if x <= xs[-1] or len(xs) < 2:
        return float(np.interp(x, xs, ys))
    return float(ys[-1] + (x - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2]))


class Totals(NamedTuple):
    """Events of a whole recording, all samples together."""

    steps: int
    """Steps of all samples."""
    updates: float
    """Compartment updates, active or not."""
    active: float | None
    """None: not counted."""
    spikes: float
    messages_out: float
    messages_in: float
    synops_dense: float
    synops_sparse: float
    synops_shared: float
    synapse_updates: float


def _active(recording: Recording, part: Counts, rows: Array) -> Array:
    """Active updates of a range of steps; if they were not counted, all updates, as an upper estimate."""
    if recording.active_updates is None:
        return np.broadcast_to(rows, part.spikes.shape)
    samples, steps, n_cores = recording.active_updates.shape
    return recording.active_updates.reshape(samples * steps, n_cores)[part.first : part.first + part.spikes.shape[0]]


class Busy(NamedTuple):
    """Time of the cores under one profile, without the barrier, summed over all steps."""

    busiest_s: Array
    """Of the busiest core of each step, ()."""
    cores: CoreTimes
    """Of each core."""


def tally(program: Program, recording: Recording, profiles: Iterable[EnergyProfile]) -> tuple[Totals, list[Busy]]:
    """Return the events of a `recording` of a `program`, and for each of the `profiles` the time of the cores."""
    rows, names = population_rows(program).astype(np.float64), Counts._fields[1:]
    chosen, sums, steps = list(profiles), dict.fromkeys(names, 0.0), 0
    busy = [Busy(np.zeros(()), CoreTimes(*np.zeros((5, rows.size)))) for _ in chosen]
    for part in counts(program, recording):
        steps += part.spikes.shape[0]
        for name in names:
            sums[name] += float(getattr(part, name).sum(dtype=np.float64))
        active = _active(recording, part, rows)
        for number, profile in enumerate(chosen):
            times = core_times(part, rows, active, profile)
            more = (times.busy.max(axis=1, initial=0), *times)
            before = (busy[number].busiest_s, *busy[number].cores)
            found = [_added(a, b) for a, b in zip(before, more, strict=True)]
            busy[number] = Busy(found[0], CoreTimes(*found[1:]))
    counted = recording.active_updates
    active_sum = None if counted is None else float(counted.sum(dtype=np.float64))
    return Totals(steps, float(rows.sum()) * steps, active_sum, **sums), busy


def _added(before: Array, seconds: Array) -> Array:
    """`before` and the sum over steps (the first axis), one after the other, so that steps may be counted apart."""
    return np.add.accumulate(np.concatenate([before[None], seconds]), axis=0)[-1]


Event = tuple[str, float, CostFigure | None]


def events_of(totals: Totals, hops: Hops, profile: EnergyProfile) -> list[Event]:
    """Return (part of the bill, number of events, energy of one) of everything that takes energy.

    `totals`, `hops`: events of a program. `profile`: of their energies; profiles give the same events in the same order.
    """
    active = totals.updates if totals.active is None else totals.active
    learned = [(LEARNING, totals.synapse_updates, profile.synapse_update.energy)] if totals.synapse_updates else []
    return [
        (UPDATES, totals.updates, profile.access.energy),
        (UPDATES, active, profile.update.energy),
        ("spikes", totals.spikes, profile.spike.energy),
        ("messages between cores", totals.messages_out, profile.message_out.energy),
        ("messages between cores", totals.messages_in, profile.message_in.energy),
        ("synaptic operations", totals.synops_dense, profile.synop_dense.energy),
        ("synaptic operations", totals.synops_sparse, profile.synop_sparse.energy),
        ("synaptic operations", totals.synops_shared, profile.synop_shared.energy),
        ("hops in the mesh", hops.horizontal, profile.hop_horizontal.energy),
        ("hops in the mesh", hops.vertical, profile.hop_vertical.energy),
        *learned,
    ]


def cost_under(program: Program, totals: Totals, hops: Hops, profile: EnergyProfile, busy_s: float) -> Cost:
    """Return energy and time of a whole recording under one profile (see the module).

    `totals`, `hops`: events of the recording of `program`. `busy_s`: time of the busiest cores, summed over all steps.
    """
    events = events_of(totals, hops, profile)
    barrier = barrier_of(program, profile) * totals.steps
    uncounted = 0.0 if totals.active is not None else totals.updates * value_of(profile.update.energy)
    return Cost(
        energy_j=sum(number * value_of(figure) for _, number, figure in events),
        time_s=busy_s + barrier,
        barrier_s=barrier,
        uncounted_j=uncounted,
        low_j=sum(number * low_of(figure) for _, number, figure in events),
        high_j=sum(number * high_of(figure) for _, number, figure in events),
    )


def barrier_of(program: Program, profile: EnergyProfile) -> float:
    """Return the time of the barrier of one step, in s, for the tiles that a `program` occupies, under a `profile`."""
    return _interpolate(profile.barrier, max(occupied_tiles(program).values(), default=1))


class CoreCosts(NamedTuple):
    """What the cores of a program cost, for one inference."""

    energy: Estimate
    time: Estimate
    parts: tuple[CostPart, ...]
    """Parts of the energy; their nominal values add up to it."""
    floors: tuple[CoreFloor, ...]
    """Of every core, under the nominal profile."""


def estimates(program: Program, recording: Recording, priced: Target | None = None) -> tuple[Totals, CoreCosts | None]:
    """Return the events, and the costs per inference over the energy profiles of a target; None if it has none.

    Nominal is the target's nominal profile; low and high are the extremes of all profiles, the nominal one widened by its
    published error. Over several chips the barrier lies between the on-chip one and the measured one of the board.

    `priced`: the target whose profiles are used; default: that of the `program`.
    """
    target = priced or program.target
    totals, busy = tally(program, recording, target.energy.values())
    if target.energy_nominal is None or not recording.n_samples:
        return totals, None
    return totals, costs_of(program, totals, travelled(program, recording), busy, recording.n_samples, target)


def costs_of(program: Program, totals: Totals, hops: Hops, busy: list[Busy], n: int, target: Target) -> CoreCosts:
    """Return the costs of each of `n` inferences, as `estimates` does, from the events of all.

    `totals`, `hops`: events of `program`. `busy`: times of its cores under each profile of `target`, which has a nominal one.
    """
    costs = {
        name: cost_under(program, totals, hops, profile, float(item.busiest_s))
        for (name, profile), item in zip(target.energy.items(), busy, strict=True)
    }
    name = target.energy_nominal or ""
    nominal, profile = costs[name], target.energy[name]
    source, energy = _source(target), _energy(target, name, costs, n)
    chips = len(occupied_tiles(program))
    across = value_of(target.barrier_chips) * totals.steps if chips > 1 else 0.0
    times = [c.time_s for c in costs.values()]
    times += [c.time_s - c.barrier_s + across for c in costs.values()] if chips > 1 else []
    time = _widened(times, nominal.time_s, value_of(profile.published_time_error), "s", source, n)
    cores = dict(zip(target.energy, busy, strict=True))[name].cores
    floors = floors_of(cores, totals.steps, barrier_of(program, profile)) if totals.steps else ()
    return CoreCosts(energy, time, _parts(target, totals, hops, n), floors)


def energy_bounds(program: Program, totals: Totals, hops: Hops) -> Estimate | None:
    """Return the energy of all samples together, in J, over the energy profiles of the target of a `program`, as estimates
    finds that of one inference; None if it has no profile. `totals`, `hops`: events of the samples.
    """
    target = program.target
    if target.energy_nominal is None:
        return None
    costs = {name: cost_under(program, totals, hops, profile, 0.0) for name, profile in target.energy.items()}
    return _energy(target, target.energy_nominal, costs, 1)


def _source(target: Target) -> str:
    return f"{target.file} energy." + ", energy.".join(target.energy)


def _energy(target: Target, nominal: str, costs: dict[str, Cost], n: int) -> Estimate:
    """The energy of each of `n` inferences, from that of all under each profile."""
    bounds = [bound for c in costs.values() for bound in (c.high_j, c.low_j - c.uncounted_j)]
    error = value_of(target.energy[nominal].published_energy_error)
    return _widened(bounds, costs[nominal].energy_j, error, "J", _source(target), n)


def _parts(target: Target, totals: Totals, hops: Hops, n: int) -> tuple[CostPart, ...]:
    """The energy by kind of event; low and high are the extremes over the profiles, without their published error."""
    sums: dict[str, list[tuple[float, float, float]]] = {}
    for profile in target.energy.values():
        by_part: dict[str, tuple[float, float, float]] = {}
        for part, number, figure in events_of(totals, hops, profile):
            low, value, high = by_part.get(part, (0.0, 0.0, 0.0))
            least = 0.0 if totals.active is None and figure is profile.update.energy else low_of(figure)
            by_part[part] = low + number * least, value + number * value_of(figure), high + number * high_of(figure)
        for part, found in by_part.items():
            sums.setdefault(part, []).append(found)
    nominal, source = list(target.energy).index(target.energy_nominal or ""), _source(target)
    return tuple(
        CostPart(
            name=part,
            estimate=Estimate(
                value=found[nominal][1] / n,
                low=min(item[0] for item in found) / n,
                high=max(item[2] for item in found) / n,
                unit="J",
                kind="modelled",
                source=source,
            ),
        )
        for part, found in sums.items()
    )


def _widened(values: list[float], nominal: float, error: float, unit: str, source: str, n: int) -> Estimate:
    low, high = min([*values, nominal * (1 - error)]), max([*values, nominal * (1 + error)])
    return Estimate(value=nominal / n, low=low / n, high=high / n, unit=unit, kind="modelled", source=source)


def static_energy(target: Target, chips: int, time: Estimate) -> Estimate | None:
    """Return static power of the occupied chips times the time of an inference; None if the power is unknown."""
    power = target.static_power
    if power is None:
        return None
    middle = 0.5 * (power.low + power.high) * chips
    return Estimate(
        value=middle * time.value,
        low=power.low * chips * time.low,
        high=power.high * chips * time.high,
        unit="J",
        kind="modelled",
        source=f"{target.file} static_power: {power.source}",
    )
