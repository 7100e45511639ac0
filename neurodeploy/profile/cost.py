"""Energy and time of a run under one energy profile, and estimates over all profiles of a target.

Per step t, with c a core:
  energy = sum_c [compartments * access + active * update + spikes * spike + out * message_out + in * message_in + synops * synop]
           + hops * hop;
  time   = barrier(tiles) + max( max_c [compartments * access + active * update + spikes * spike + out * message_out],
                                 max_c [in * message_in + synops * synop] ).
Source: the closed form that reproduces SANA-FE 2.2.9 within 0.21 % of energy; its time is a lower estimate under heavy
many-to-many traffic. All figures come from the profile: an event without a figure costs nothing in that profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.figure import Figure, FigureTable
from neurodeploy.hardware.target import EnergyProfile, Target
from neurodeploy.profile.counting import Counts, Hops, counts, occupied_tiles, population_rows, travelled
from neurodeploy.profile.profile import Estimate
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording

__all__ = ["Cost", "Totals", "cost_under", "estimates", "static_energy", "tally"]

Array = NDArray[np.float64]


class Cost(NamedTuple):
    """Sum over all samples."""

    energy_j: float
    time_s: float
    barrier_s: float
    """Synchronisation time, included in the total time."""
    uncounted_j: float = 0.0
    """The part of the energy due to active compartments that were assumed because the backend did not count them."""


def _value(figure: Figure | None) -> float:
    return figure.value if figure else 0.0


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


def _active(recording: Recording, part: Counts, rows: Array) -> Array:
    """Active updates of a range of steps; if they were not counted, all updates, as an upper estimate."""
    if recording.active_updates is None:
        return np.broadcast_to(rows, part.spikes.shape)
    samples, steps, n_cores = recording.active_updates.shape
    return recording.active_updates.reshape(samples * steps, n_cores)[part.first : part.first + part.spikes.shape[0]]


def tally(program: Program, recording: Recording, profiles: Iterable[EnergyProfile]) -> tuple[Totals, list[float]]:
    """Return the events, and for each profile the time in seconds of the busiest core, summed over all steps."""
    rows, names = population_rows(program).astype(np.float64), Counts._fields[1:]
    chosen, sums, steps = list(profiles), dict.fromkeys(names, 0.0), 0
    length = recording.n_steps - recording.first_step + 1
    busy = [0.0 for _ in chosen]
    for part in counts(program, recording):
        steps += part.spikes.shape[0]
        for name in names:
            sums[name] += float(getattr(part, name).sum(dtype=np.float64))
        active = _active(recording, part, rows)
        for number, profile in enumerate(chosen):
            for seconds in _by_sample(_busiest(part, rows, active, profile), part.first, length):
                busy[number] += seconds
    counted = recording.active_updates
    active_sum = None if counted is None else float(counted.sum(dtype=np.float64))
    return Totals(steps, float(rows.sum()) * steps, active_sum, **sums), busy


def _busiest(part: Counts, rows: Array, active: Array, profile: EnergyProfile) -> Array:
    """The longest send or receive time of a core in each step."""
    send = rows * _value(profile.access.time) + active * _value(profile.update.time)
    send = send + part.spikes * _value(profile.spike.time) + part.messages_out * _value(profile.message_out.time)
    receive = part.messages_in * _value(profile.message_in.time)
    for name in ("synop_dense", "synop_sparse", "synop_shared"):
        receive = receive + getattr(part, name.replace("synop", "synops")) * _value(getattr(profile, name).time)
    return np.maximum(send.max(axis=1, initial=0), receive.max(axis=1, initial=0))


def _by_sample(seconds: Array, first: int, length: int) -> list[float]:
    """Sums over the steps of each sample, which do not depend on the samples that are counted together."""
    whole = first % length == 0 and seconds.size % length == 0
    return seconds.reshape((-1, length) if whole else (1, -1)).sum(axis=1).tolist()


def cost_under(program: Program, totals: Totals, hops: Hops, profile: EnergyProfile, busy_s: float) -> Cost:
    """Return energy and time of a whole recording under one profile (see the module)."""
    active = totals.updates if totals.active is None else totals.active
    events = [
        (totals.updates, profile.access),
        (active, profile.update),
        (totals.spikes, profile.spike),
        (totals.messages_out, profile.message_out),
        (totals.messages_in, profile.message_in),
        (totals.synops_dense, profile.synop_dense),
        (totals.synops_sparse, profile.synop_sparse),
        (totals.synops_shared, profile.synop_shared),
    ]
    energy = sum(count * _value(event.energy) for count, event in events) + _hop_energy(hops, profile)
    barrier = _interpolate(profile.barrier, max(occupied_tiles(program).values(), default=1)) * totals.steps
    idle = 0.0 if totals.active is not None else active * _value(profile.update.energy)
    return Cost(energy, busy_s + barrier, barrier, idle)


def _hop_energy(hops: Hops, profile: EnergyProfile) -> float:
    return hops.horizontal * _value(profile.hop_horizontal.energy) + hops.vertical * _value(profile.hop_vertical.energy)


def estimates(program: Program, recording: Recording) -> tuple[Totals, tuple[Estimate, Estimate] | None]:
    """Return the events, and (energy, time) per inference over the profiles of the target; None if it has none.

    Nominal is the target's nominal profile; low and high are the extremes of all profiles, the nominal one widened by its
    published error. Over several chips the barrier lies between the on-chip one and the measured one of the board.
    """
    target = program.target
    totals, busy = tally(program, recording, target.energy.values())
    if target.energy_nominal is None or not recording.n_samples:
        return totals, None
    hops = travelled(program, recording)
    costs = {
        name: cost_under(program, totals, hops, profile, seconds)
        for (name, profile), seconds in zip(target.energy.items(), busy, strict=True)
    }
    nominal, profile = costs[target.energy_nominal], target.energy[target.energy_nominal]
    source = f"{target.file} energy." + ", energy.".join(target.energy)
    chips = len(occupied_tiles(program))
    across = _value(target.barrier_chips) * totals.steps if chips > 1 else 0.0
    energy = _widened(
        [bound for c in costs.values() for bound in (c.energy_j, c.energy_j - c.uncounted_j)],
        nominal.energy_j,
        _value(profile.published_energy_error),
        "J",
        source,
        recording.n_samples,
    )
    times = [c.time_s for c in costs.values()]
    slowest = max([*times, *(c.time_s - c.barrier_s + across for c in costs.values())]) if chips > 1 else max(times)
    time = _widened(
        [*times, slowest],
        nominal.time_s,
        _value(profile.published_time_error),
        "s",
        source,
        recording.n_samples,
    )
    return totals, (energy, time)


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
