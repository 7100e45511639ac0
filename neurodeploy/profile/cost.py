"""Verb: energy and time of a run under one energy profile, and the estimates over all profiles of a target.

Per step t, with c a core:
  energy = sum_c [compartments * access + active * update + spikes * spike + out * message_out + in * message_in + synops * synop]
           + hops * hop;
  time   = barrier(tiles) + max( max_c [compartments * access + active * update + spikes * spike + out * message_out],
                                 max_c [in * message_in + synops * synop] ).
Source: the closed form that reproduces SANA-FE 2.2.9 within 0.21 % of energy; its time is a lower estimate under heavy
many-to-many traffic. Nothing here knows a figure of a chip: an event without a figure costs nothing in that profile.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.profile.counting import Hops, occupied_tiles, population_rows, travelled
from neurodeploy.profile.profile import Estimate
from neurodeploy.program.program import Program
from neurodeploy.runtime.recording import Counters, Recording
from neurodeploy.target.figure import Figure, FigureTable
from neurodeploy.target.target import EnergyProfile, Target

__all__ = ["Cost", "cost_under", "estimates", "static_energy"]

Array = NDArray[np.float64]


class Cost(NamedTuple):
    """Of all samples together."""

    energy_j: float
    time_s: float
    barrier_s: float
    """The part of the time that is synchronisation."""


def _value(figure: Figure | None) -> float:
    return figure.value if figure else 0.0


def _interpolate(table: FigureTable | None, x: float) -> float:
    if table is None:
        return 0.0
    xs, ys = zip(*table.points, strict=True)
    if x <= xs[-1] or len(xs) < 2:
        return float(np.interp(x, xs, ys))
    return float(ys[-1] + (x - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2]))


def cost_under(program: Program, recording: Recording, counters: Counters, profile: EnergyProfile) -> Cost:
    """Return energy and time of a whole recording under one profile (see the module)."""
    rows = population_rows(program).astype(np.float64)
    sent = [
        (rows, profile.access),
        (counters.active_updates, profile.update),
        (counters.spikes, profile.spike),
        (counters.messages_out, profile.message_out),
    ]
    received = [
        (counters.messages_in, profile.message_in),
        (counters.synops_dense, profile.synop_dense),
        (counters.synops_sparse, profile.synop_sparse),
        (counters.synops_shared, profile.synop_shared),
    ]
    shape = counters.spikes.shape
    energy = sum(
        float(np.broadcast_to(count, shape).sum(dtype=np.float64)) * _value(event.energy)
        for count, event in sent + received
    )
    energy += _hop_energy(travelled(program, recording), profile)
    send = sum((np.asarray(count) * _value(event.time) for count, event in sent), np.zeros(shape))
    receive = sum((np.asarray(count) * _value(event.time) for count, event in received), np.zeros(shape))
    busiest = np.maximum(send.max(axis=2), receive.max(axis=2)) if shape[2] else np.zeros(shape[:2])
    barrier = _interpolate(profile.barrier, max(occupied_tiles(program).values(), default=1)) * busiest.size
    return Cost(energy, float(busiest.sum()) + barrier, barrier)


def _hop_energy(hops: Hops, profile: EnergyProfile) -> float:
    return hops.horizontal * _value(profile.hop_horizontal.energy) + hops.vertical * _value(profile.hop_vertical.energy)


def estimates(program: Program, recording: Recording, counters: Counters) -> tuple[Estimate, Estimate] | None:
    """Return (energy, time) per inference over the profiles of the target; None if it has none.

    Nominal is the target's nominal profile; low and high are the extremes of all profiles, the nominal one widened by its
    published error. Over several chips the barrier lies between the on-chip one and the measured one of the board.
    """
    target = program.target
    if target.energy_nominal is None:
        return None
    costs = {name: cost_under(program, recording, counters, profile) for name, profile in target.energy.items()}
    nominal, profile = costs[target.energy_nominal], target.energy[target.energy_nominal]
    source = f"{target.file} energy." + ", energy.".join(target.energy)
    chips = len(occupied_tiles(program))
    across = _value(target.barrier_chips) * recording.n_samples * recording.n_steps if chips > 1 else 0.0
    energy = _widened(
        [c.energy_j for c in costs.values()],
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
    return energy, time


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
