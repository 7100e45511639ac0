"""Cores spent on a goal, with findings where that ends early or gains nothing."""

from __future__ import annotations

import time
from typing import NamedTuple

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.spend.spend import Spent, spend_cores
from neurodeploy.mapping.spend.trade import Trade, TradePoint
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["SpentOrNot", "in_words", "spent_or_not"]

FIX_S = 10.0
"""Default time for the trials of fixes: searches that took longer are not repeated with more cores."""
MORE = (2, 4)
"""Multiples of the cores allowed that are tried as fixes."""


class SpentOrNot(NamedTuple):
    """The mapping for a goal, and what is to be said of it."""

    mapping: Mapping
    trade: Trade | None
    """None: the target has no published times, so nothing was tried."""
    findings: tuple[Diagnostic, ...]


def spent_or_not(
    mapping: Mapping, options: MappingOptions, time_limit: TimeLimit, fix_time_s: float | None = None
) -> SpentOrNot:
    """Return the mapping that suits the goal of `options` best, with ND408 if cores ran out, ND409 if they gain nothing.

    `mapping`: placed, with fewest cores. `fix_time_s`: time for the trials of fixes; None: the default.
    """
    target = mapping.target
    if target.energy_nominal is None:
        return SpentOrNot(mapping, None, (_no_figures(target, options),))
    began = time.monotonic()
    spent = spend_cores(mapping, options, time_limit)
    took, allowed = time.monotonic() - began, FIX_S if fix_time_s is None else fix_time_s
    trials = took < allowed and spent.ended_by == "cores" and options.max_cores is not None
    found = list[Diagnostic]()
    none_left = len(spent.trade.points) == 1 and spent.ended_by == "cores"
    if none_left or (spent.ended_by == "cores" and 0 < spent.trade.chosen == len(spent.trade.points) - 1):
        found.append(_ran_out(spent, mapping, options, time_limit, trials=trials))
    if spent.trade.chosen == 0 and not none_left:
        found.append(_nothing(spent, target))
    return SpentOrNot(spent.mapping, spent.trade, tuple(found))


def in_words(point: TradePoint) -> str:
    """Return the cores and the modelled step of a mapping, in words."""
    return f"{point.cores:,} cores, {1e6 * point.time_per_step.value:,.4g} us and {1e6 * point.energy_j:,.4g} uJ a step"


def _no_figures(target: Target, options: MappingOptions) -> Diagnostic:
    message = f"{target.file} has no published times and energies of events, so the step cannot be modelled for {options.optimize}"
    return finding("ND409", about("target", target.name), message)


def _ran_out(
    spent: Spent, mapping: Mapping, options: MappingOptions, time_limit: TimeLimit, *, trials: bool
) -> Diagnostic:
    """ND408, with what more cores give."""
    usable = mapping.target.cores - len(options.avoid_cores)
    allowed = min(options.max_cores or usable, usable)
    limited = options.max_cores is not None and options.max_cores < usable
    whose = "--max-cores" if limited else mapping.target.board or "one chip"
    message = f"{options.optimize} ended at {allowed:,} cores ({whose}): {in_words(spent.trade.best)}"
    if mapping.n_cores >= allowed:
        message = (
            f"the mapping takes {mapping.n_cores:,} cores and {allowed:,} are allowed ({whose}): none is left to spend"
        )
    fixes = _more_cores(spent.trade.best, mapping, options, time_limit, usable) if limited and trials else []
    where = about("target", mapping.target.name)
    return finding("ND408", where, message, fixes=fixes or ([] if limited else _boards(mapping.target)))


def _more_cores(
    best: TradePoint, mapping: Mapping, options: MappingOptions, time_limit: TimeLimit, usable: int
) -> list[str]:
    """Most cores to allow that were tried, with the step that they give."""
    found = list[str]()
    for times in MORE:
        most = min(times * max(options.max_cores or 1, mapping.n_cores), usable)
        more = options.model_copy(update={"max_cores": most})
        point = spend_cores(mapping, more, time_limit).trade.best
        if point.cores > best.cores:
            found.append(f"--max-cores {most}: {in_words(point)}")
        if most == usable:
            break
    return found


def _boards(target: Target) -> list[str]:
    """The next larger board."""
    chips = -(-target.cores // int(target.chip.cores.value))
    larger = [(int(board.chips.value), name) for name, board in target.boards.items() if board.chips.value > chips]
    return [f"--board {min(larger)[1]}, {min(larger)[0]} chips"] if larger else []


def _nothing(spent: Spent, target: Target) -> Diagnostic:
    """ND409: no mapping that was tried is better, or the sources disagree."""
    trade, where = spent.trade, about("target", target.name)
    quickest = min(trade.points, key=lambda item: item.time_per_step.value)
    if trade.goal == "latency":
        core = trade.fewest.bottleneck
        message = f"no cut shortens the step of {in_words(trade.fewest)}: core {core.core} spends it on {core.binds}"
        return finding("ND409", where, message)
    thriftiest = min(trade.points, key=lambda item: item.energy_j)
    other = [f"--optimize latency: {in_words(quickest)}"] if quickest != trade.fewest else []
    if thriftiest == trade.fewest:
        message = f"no mapping that was tried takes less energy than {in_words(trade.fewest)}"
        return finding("ND409", where, message, fixes=other)
    message = (
        f"published figures disagree whether {in_words(thriftiest)} takes less energy than {in_words(trade.fewest)}"
    )
    return finding("ND409", where, message, fixes=other)
