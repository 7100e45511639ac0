"""A mapping that spends cores on the time or the energy of a step.

The busiest cores of a program set the pace of a step: it takes the barrier and the longest of the floors of its cores (see
costs.floor; after Yik et al., arXiv:2511.21549). They are cut, the cuts are placed and compiled, and the program is priced by the
model of the profile; then the busiest cores of that are cut, to a shorter step each time, until cores run out or no cut helps.
What a cut does to other cores, which send to both parts, is thus never guessed: each mapping in the table was compiled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.costs.cost import static_energy
from neurodeploy.costs.counting import occupied_tiles
from neurodeploy.costs.expected import ExpectedStep, expected_costs, expected_step
from neurodeploy.mapping.emit import emit_program
from neurodeploy.mapping.encode import encoded
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.place.pins import pin_groups, slots_of
from neurodeploy.mapping.place.place import place
from neurodeploy.mapping.spend.content import workload_of
from neurodeploy.mapping.spend.gain import saved_energy
from neurodeploy.mapping.spend.plan import SpareCores, applied, cut_until
from neurodeploy.mapping.spend.trade import RatesFrom, Trade, TradePoint
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.program.audit import over_limits, use_of_program
from neurodeploy.program.program import Program
from neurodeploy.resources.limits import core_limits

__all__ = ["Spent", "spend_cores"]

Ints = NDArray[np.int64]
SHORTER = 0.8
"""Next time of a step to reach, over that of the best mapping."""
FRUITLESS, MOST_ROUNDS, REPAIRS = 3, 40, 3
"""Rounds without a shorter step after which the search ends; most rounds; and rounds in which cores that exceed a limit, since
they send to more cores, are halved."""
EQUAL = 1.01
"""Mappings that take at most this multiple of the shortest step are equally quick: the one with fewest cores is chosen."""
STAGE = "cores for speed"


class _Tried(NamedTuple):
    """A mapping that was compiled, and its mean step."""

    mapping: Mapping
    program: Program
    step: ExpectedStep
    point: TradePoint


class Spent(NamedTuple):
    """The result of spending cores."""

    mapping: Mapping
    """The mapping that was chosen."""
    trade: Trade
    """All mappings that were tried."""
    ended_by: str
    """Why no more cores were spent: cores, no shorter step, or time."""


class _Search:
    """Mappings that were tried, from one with fewest cores."""

    def __init__(self, mapping: Mapping, options: MappingOptions, time_limit: TimeLimit) -> None:
        self.options, self.time_limit, self.start = options, time_limit, mapping
        groups = pin_groups(mapping.quantized, mapping.target, options)
        usable = int(groups.open.any(axis=0).sum())
        self.groups, self.most = groups, min(options.max_cores or usable, usable)
        target = mapping.target
        self.nominal = list(target.energy).index(target.energy_nominal or "")
        self.profile = target.energy[target.energy_nominal or ""]
        self.tried = [self.priced(mapping)]
        self.ended_by = ""

    def priced(self, mapping: Mapping) -> _Tried:
        """The program of a placed mapping, and its costs."""
        program = emit_program(mapping)
        step = expected_step(program, self.options.rates)
        return _Tried(mapping, program, step, _point(program, step))

    def cut(self, before: _Tried, wanted_s: float) -> _Tried | None:
        """The mapping after cuts to a step of `wanted_s`, halved further where it exceeds limits; None if there is none."""
        busy = before.step.busy[self.nominal].cores.busy
        work, forced, stuck = workload_of(before.program, self.options.rates, self.profile), None, False
        mapping, program = before.mapping, before.program
        for _ in range(1 + REPAIRS):
            plan = cut_until(work, busy, wanted_s, self.room(mapping), forced)
            stuck = stuck or plan.stuck
            if plan.short or not plan.added:
                self.ended_by = "cores" if plan.short or mapping.n_cores >= self.most else "no shorter step"
            placed = self.placed(mapping, *applied(mapping, work, plan)) if plan.added else None
            if placed is None:
                return None
            mapping, program = placed, emit_program(placed)
            if not over_limits(program):
                step = expected_step(program, self.options.rates)
                return _Tried(mapping, program, step, _point(program, step))
            work, wanted_s, forced = workload_of(program, self.options.rates, self.profile), np.inf, _overfull(program)
            busy = np.zeros(mapping.n_cores)
        return None

    def room(self, mapping: Mapping) -> SpareCores:
        """Cores that may be added to a mapping."""
        none = np.zeros(mapping.n_cores, dtype=np.int64)
        group = none if mapping.pin_group is None else np.asarray(mapping.pin_group, dtype=np.int64)
        usable = self.groups.open.sum(axis=1) - np.bincount(group, minlength=len(self.groups.open))
        return SpareCores(self.most - mapping.n_cores, usable.tolist(), group)

    def placed(self, before: Mapping, cut: Mapping, kept: dict[int, int]) -> Mapping | None:
        """A cut mapping, encoded and placed; None if a pin group has too few cores."""
        group = cut.pin_group if cut.pin_group is not None else np.zeros(cut.n_cores, dtype=np.int64)
        slots = slots_of(group, self.groups)
        if slots is None:
            return None
        by_core = [list[int]() for _ in range(before.n_cores)]
        for index, item in enumerate(before.segments or ()):
            by_core[item.core].append(index)
        known = {new: [(before.segments or ())[at] for at in by_core[old]] for new, old in kept.items()}
        plain = not self.options.pins and not self.options.avoid_cores
        ready = encoded(cut.model_copy(update={"core_ids": None if plain else slots}), known)
        return place(ready, seed=self.options.placement_seed, options=self.options, time_limit=self.time_limit)

    def run(self) -> None:
        """Cut the quickest mapping to a shorter and shorter step."""
        best, fruitless = self.tried[0], 0
        wanted = SHORTER * _busiest(best, self.nominal)
        current = best
        for _ in range(MOST_ROUNDS):
            if self.time_limit.stops(STAGE):
                self.ended_by = "time"
                return
            found = self.cut(current, wanted)
            if found is None:
                self.ended_by = self.ended_by or "no shorter step"
                return
            self.tried.append(found)
            current = found
            shorter = found.point.time_per_step.value < best.point.time_per_step.value
            best, fruitless = (found, 0) if shorter else (best, fruitless + 1)
            if fruitless >= FRUITLESS:
                self.ended_by = "no shorter step"
                return
            wanted = SHORTER * _busiest(found, self.nominal)
            self.time_limit.report(STAGE, found.mapping.n_cores, self.most)
        self.ended_by = "no shorter step"


def spend_cores(mapping: Mapping, options: MappingOptions, time_limit: TimeLimit | None = None) -> Spent:
    """Return the mapping that suits the goal of the options best, and every mapping that was tried.

    `mapping`: placed, on a target with a nominal energy profile; it has the fewest cores, and is returned if no other is better.
    For energy a mapping is better if every published figure agrees.
    """
    search = _Search(encoded(mapping), options, (time_limit or TimeLimit()).within(options.time_limit_s))
    if search.most > mapping.n_cores:
        search.run()
    else:
        search.ended_by = "cores"
    by_cores: dict[int, _Tried] = {}
    for item in search.tried:
        known = by_cores.get(item.point.cores)
        if known is None or item.point.time_per_step.value < known.point.time_per_step.value:
            by_cores[item.point.cores] = item
    tried = [by_cores[cores] for cores in sorted(by_cores)]
    chosen = _quickest(tried) if options.optimize == "latency" else _thriftiest(tried)
    gains = _gains(tried, chosen)
    trade = Trade(
        goal=options.optimize,
        points=tuple(item.point for item in tried),
        chosen=chosen,
        rates=_rates(mapping, options),
        energy_decided=gains[0] >= 0,
        gains=gains,
    )
    return Spent(tried[chosen].mapping, trade, search.ended_by)


def _gains(tried: list[_Tried], at: int) -> tuple[float, float]:
    """Least and most energy that a mapping saves against the one with fewest cores."""
    first, other = tried[0], tried[at]
    return (0.0, 0.0) if at == 0 else saved_energy((first.program, first.step), (other.program, other.step))


def _quickest(tried: list[_Tried]) -> int:
    """The mapping with fewest cores among those of the shortest step."""
    times = [item.point.time_per_step.value for item in tried]
    return next(index for index, time in enumerate(times) if time <= EQUAL * min(times))


def _thriftiest(tried: list[_Tried]) -> int:
    """The mapping of the least nominal energy among those that save energy by every published figure."""
    safe = [index for index in range(len(tried)) if _gains(tried, index)[0] >= 0]
    return min(safe, key=lambda index: (tried[index].point.energy_j, index))


def _rates(mapping: Mapping, options: MappingOptions) -> RatesFrom:
    names = [item.name for item in (*mapping.quantized.network.inputs, *mapping.quantized.populations)]
    given = sum(name in options.rates for name in names)
    return "given" if given == len(names) else "partly" if given else "full"


def _busiest(tried: _Tried, nominal: int) -> float:
    return float(tried.step.busy[nominal].busiest_s)


def _overfull(program: Program) -> Ints:
    """Cores that exceed a limit."""
    limits = core_limits(program.target)
    over = [values > limits[name].value for name, values in use_of_program(program).items()]
    return np.flatnonzero(np.any(over, axis=0))


def _point(program: Program, step: ExpectedStep) -> TradePoint:
    costs = expected_costs(program, step)
    if costs is None:
        raise RuntimeError("a target without an energy profile is refused before")
    chips = len(occupied_tiles(program))
    return TradePoint(
        cores=program.tables.n_cores,
        chips=chips,
        time_per_step=costs.time,
        dynamic=costs.energy,
        static=static_energy(program.target, chips, costs.time),
        messages=step.totals.messages_out,
        bottleneck=max(costs.floors, key=lambda item: item.busy_s),
    )
