"""Criticality of what was tried: shares of all faults, by kind, layer, bit and core, with intervals.

Strata are the groups from which faults are drawn. A row that holds whole groups weights them by their size; a row of one bit
is a part of a group of which each fault was as likely to be drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from neurodeploy.campaign.nouns import Criterion, FaultRow, Outcome, Worst
from neurodeploy.campaign.statistics import Counted, Share, joint_share, share_of
from neurodeploy.program.fault import Fault

__all__ = ["Judge", "Tried", "bit_name", "kind_of", "layer_of", "rows_by", "total", "worst_of"]

MOST_WORST = 10


@dataclass(frozen=True, slots=True)
class Tried:
    """A fault that was tried, with what came of it."""

    fault: Fault
    group: int
    """Number of the group from which it was drawn."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Judge:
    """When a fault is critical."""

    criterion: Criterion
    n_samples: int
    right: int
    """Right answers without a fault."""

    def critical(self, outcome: Outcome) -> bool:
        """Return whether the fault of an `outcome` is critical."""
        if self.criterion == "spikes":
            return outcome.outputs > 0
        return outcome.answers > 0 if self.criterion == "answer" else outcome.right < self.right


def layer_of(fault: Fault) -> str:
    """Return the name of what a `fault` lies in: population, projection, input, core or chip."""
    named = fault.population or fault.projection or fault.input
    if named is not None:
        return named
    return f"core {fault.core}" if fault.core is not None else f"chip {fault.chip}"


def kind_of(fault: Fault) -> str:
    """Return the kind of a `fault`: its place with the field, what happens, and when."""
    place = fault.where if fault.field is None else f"{fault.where} {fault.field}"
    when = {"always": "", "from": " from a step on", "at": " in one step", "random": " at random"}[fault.when]
    return f"{place} {fault.what.replace('_', ' ')}{when}"


def bit_name(fault: Fault) -> str | None:
    """Return layer, field and bit of a `fault`; None if it is not in a bit."""
    return None if fault.bit is None else f"{layer_of(fault)} {fault.field} {fault.bit}"


class _Row(NamedTuple):
    """Faults of one group in one row."""

    drawn: list[Tried]
    population: int


def rows_by(
    tried: Iterable[Tried],
    judge: Judge,
    confidence: float,
    key: Callable[[Fault], str | None],
    sizes: Callable[[int, str], int],
    names: Sequence[tuple[str, int]] = (),
) -> tuple[FaultRow, ...]:
    """Return one row for each name, in the order of `names`, then as met.

    `tried`, `judge`, `confidence`: what came out, when it is critical, and of the intervals. `key`: name of the row of a fault,
    None for none. `sizes`: faults of a group (by its number) in a row. `names`: (row, group) of every part
    that has faults, drawn or not.
    """
    parts = dict[str, dict[int, list[Tried]]]()
    for name, group in names:
        parts.setdefault(name, {}).setdefault(group, [])
    for item in tried:
        name = key(item.fault)
        if name is not None:
            parts.setdefault(name, {}).setdefault(item.group, []).append(item)
    return tuple(
        _row(name, {g: _Row(rows, sizes(g, name)) for g, rows in groups.items()}, judge, confidence)
        for name, groups in parts.items()
    )


def _row(name: str, groups: Mapping[int, _Row], judge: Judge, confidence: float) -> FaultRow:
    drawn = [item for row in groups.values() for item in row.drawn]
    critical = _share(groups, lambda item: float(judge.critical(item.outcome)), confidence)
    masked = _share(groups, lambda item: float(item.outcome.outputs == 0), confidence)
    wrong = _mean(groups, lambda item: item.outcome.answers / judge.n_samples)
    return FaultRow(
        name=name,
        n_faults=sum(row.population for row in groups.values()),
        n_drawn=len(drawn),
        n_critical=sum(judge.critical(item.outcome) for item in drawn),
        critical=critical,
        masked=masked,
        wrong=wrong,
    )


def _share(groups: Mapping[int, _Row], hit: Callable[[Tried], float], confidence: float) -> Share | None:
    """Share over the groups."""
    parts = [Counted(sum(map(hit, row.drawn)), len(row.drawn), row.population) for row in groups.values()]
    return _joint(parts, confidence)


def _joint(parts: Sequence[Counted], confidence: float) -> Share | None:
    """Share over groups, each weighted by its size.

    Where no fault of a group was drawn, all are taken as one: draws of groups are about in proportion to their sizes.
    """
    if all(item.drawn for item in parts if item.population):
        return joint_share(parts, confidence)
    hits, drawn, whole = (sum(column) for column in zip(*parts, strict=True))
    return share_of(hits, int(drawn), int(whole), confidence)


def _mean(groups: Mapping[int, _Row], value: Callable[[Tried], float]) -> float | None:
    """Mean over the groups, weighted by their size."""
    rows = [row for row in groups.values() if row.drawn]
    if not rows:
        return None
    weights = [row.population for row in rows]
    means = [sum(map(value, row.drawn)) / len(row.drawn) for row in rows]
    return sum(w * m for w, m in zip(weights, means, strict=True)) / max(sum(weights), 1)


def total(
    tried: Sequence[Tried], sizes: Sequence[int], hit: Callable[[Outcome], bool], confidence: float
) -> Share | None:
    """Return the share of all faults whose outcome is a `hit`; None if none was tried.

    `tried`: what came out. `sizes`: faults of each group. `confidence`: of the interval.
    """
    hits, drawn = [0] * len(sizes), [0] * len(sizes)
    for item in tried:
        drawn[item.group] += 1
        hits[item.group] += hit(item.outcome)
    return _joint([Counted(h, d, n) for h, d, n in zip(hits, drawn, sizes, strict=True)], confidence)


def worst_of(tried: Iterable[Tried]) -> tuple[Worst, ...]:
    """Return the faults of `tried` that change most answers, and of these most outputs first."""
    order = sorted(tried, key=lambda item: (-item.outcome.answers, -item.outcome.outputs, item.outcome.number))
    found = [item for item in order[:MOST_WORST] if item.outcome.outputs]
    return tuple(Worst(fault=item.fault, answers=item.outcome.answers, outputs=item.outcome.outputs) for item in found)
