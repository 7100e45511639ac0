"""The energy that one program saves against another in a mean step, over every published figure."""

from __future__ import annotations

from neurodeploy.costs.cost import barrier_of, events_of
from neurodeploy.costs.counting import occupied_tiles
from neurodeploy.costs.expected import ExpectedStep
from neurodeploy.hardware.figure import high_of, low_of
from neurodeploy.program.program import Program

__all__ = ["saved_energy"]


def saved_energy(before: tuple[Program, ExpectedStep], after: tuple[Program, ExpectedStep]) -> tuple[float, float]:
    """Return the least and the most energy that `after` saves against `before` in a step, in J; below 0 it takes more.

    Both are programs of one network and target, with their mean steps. Each figure takes every value of its interval, the same in
    both programs: an interval of the difference is narrower than the difference of intervals. Static power of the chips in use is
    included where it is public.
    """
    target, ends = before[0].target, list[float]()
    chips = [len(occupied_tiles(program)) for program, _ in (before, after)]
    for number, profile in enumerate(target.energy.values()):
        bills = [events_of(step.totals, step.hops, profile) for _, step in (before, after)]
        low = high = 0.0
        for (_, one, figure), (_, other, _) in zip(*bills, strict=True):
            saved = ((one - other) * low_of(figure), (one - other) * high_of(figure))
            low, high = low + min(saved), high + max(saved)
        busy = [float(step.busy[number].busiest_s) + barrier_of(program, profile) for program, step in (before, after)]
        powers = (0.0,) if target.static_power is None else (target.static_power.low, target.static_power.high)
        static = [watts * (chips[0] * busy[0] - chips[1] * busy[1]) for watts in powers]
        ends += [low + min(static), high + max(static)]
    return min(ends, default=0.0), max(ends, default=0.0)
