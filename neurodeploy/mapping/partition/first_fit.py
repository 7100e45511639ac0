"""First fit over all resources of a core at once.

Cores are filled one after the other in the order of the network, the neurons of a population in that of `order_of`. The next
slice of a population is the longest that fits the remaining room of the core, by exact counts. The destination cores of a
neuron depend on how its targets are split, so rounds repeat with the destinations of the previous round until they agree.
Where sources can share input axons, everything is done twice: with discrete axons alone, and with all kinds.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.assignment_usage import Kinds, note_kinds, output_axon_use, overfull
from neurodeploy.mapping.partition.order import longest_fitting_prefix, order_of, placing_limits
from neurodeploy.mapping.place.pins import PinGroups, pin_groups, slots_of
from neurodeploy.mapping.refusals import STAGE, not_placed, overfills, too_many
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.resources.axons import with_discrete_axons
from neurodeploy.resources.core_usage import CoreUsage, core_usage, projections_into
from neurodeploy.resources.limits import exceeded, fullness
from neurodeploy.resources.output_axons import OutputAxonUse, alone, upper_bound
from neurodeploy.resources.population_axons import population_axon_formats

__all__ = ["first_fit_of"]

Ints = NDArray[np.int64]
ROUNDS = 12
"""Most rounds until the destinations of a round equal those of the previous one."""
MORE_ROUNDS, RESERVE = 3, 8
"""Rounds after these, which leave one in RESERVE output axons of a core free. On large maps every round moves the borders of the
cores, and with them the neurons that reach one core more than expected."""
TIMES, BEYOND = 2, 64
"""Cores counted for a network that fits no board: this multiple of the available cores, plus this number."""
NO_LIMIT = 1 << 60
"""Stands for a missing limit on cores."""


def first_fit_of(
    quantized: Quantized, target: Target, options: MappingOptions, time_limit: TimeLimit, *, stop_early: bool
) -> Mapping:
    """Return first fit, with shared input axons where these take no more cores than discrete ones alone.

    `stop_early`: stop counting at the first core beyond those that may be used. Raises DiagnosticError (ND301-ND310, ND401,
    ND402) and OutOfTimeError.
    """
    shared = any(item.connectivity.shares_weights for item in quantized.projections)
    if not shared or not (population_axon_formats(target) or target.counting.convolution):
        return _first_fit(_Task.of(quantized, target, options, time_limit, stop_early=stop_early))
    discrete = with_discrete_axons(target)
    try:
        first = _first_fit(_Task.of(quantized, discrete, options, time_limit, stop_early=True))
    except DiagnosticError:
        return _first_fit(_Task.of(quantized, target, options, time_limit, stop_early=stop_early))
    try:
        return _first_fit(_Task.of(quantized, target, options, time_limit, stop_early=True, most=first.n_cores))
    except DiagnosticError:
        return first.model_copy(update={"target": target, "shared_axons": False})


class _Task(NamedTuple):
    """The neurons to place and their limits: constant over all rounds."""

    quantized: Quantized
    target: Target
    options: MappingOptions
    time_limit: TimeLimit
    groups: PinGroups
    group_cores: Ints
    """(pin groups,) most cores of each pin group."""
    most: int
    """Most cores of all."""
    into: dict[str, list[QuantizedProjection]]
    """Population -> projections that end in it."""
    orders: dict[str, Ints]
    """Population -> (size,) order in which its neurons fill cores."""
    known: dict[tuple[str, int, int], dict[str, int]]
    """(population, start, stop) of slices counted in an empty core -> their figures, for later rounds: only output axons differ."""

    @classmethod
    def of(
        cls,
        quantized: Quantized,
        target: Target,
        options: MappingOptions,
        time_limit: TimeLimit,
        *,
        stop_early: bool,
        most: int = NO_LIMIT,
    ) -> _Task:
        """Return the task of a network: populations of each pin group on their own cores."""
        groups, into = pin_groups(quantized, target, options), projections_into(quantized)
        usable = groups.open.sum(axis=1)
        orders = {item.name: order_of(quantized, target, item, into[item.name]) for item in quantized.populations}
        group_cores = usable if stop_early else TIMES * usable + BEYOND
        return cls(
            quantized=quantized,
            target=target,
            options=options,
            time_limit=time_limit,
            groups=groups,
            group_cores=group_cores,
            most=most,
            into=into,
            orders=orders,
            known={},
        )


def _first_fit(task: _Task) -> Mapping:
    """First fit, in rounds until no core has more output axons than expected."""
    quantized, target, groups = task.quantized, task.target, task.groups
    expected = {item.name: alone(np.zeros(item.size, dtype=np.int64)) for item in quantized.populations}
    by_group = sorted(quantized.populations, key=lambda item: groups.of[item.name])
    tried: list[int] = []
    for _ in range(ROUNDS + MORE_ROUNDS):
        fill = _Fill(task, expected, reserve=len(tried) >= ROUNDS)
        proofs = [proof for item in by_group if (proof := fill.place(item)) is not None]
        refused = _refused(task, fill)
        if (proofs or refused) and len(tried) >= ROUNDS:  # with a reserve they prove nothing
            break
        if proofs:
            raise DiagnosticError(STAGE, tuple(proofs) if not tried else (not_placed(quantized, tried, proofs[0]),))
        if refused and fill.full_group is not None:
            raise DiagnosticError(STAGE, refused)
        core_group = np.array(fill.group_of_core, dtype=np.int64)
        core_ids = slots_of(core_group, groups)
        actual = output_axon_use(quantized, target, fill.core_of, core_ids, fill.kinds)
        tried.append(fill.core + 1)
        if not overfull(target, fill.core_of, actual):
            if refused:
                raise DiagnosticError(STAGE, refused)
            return _mapping(task, fill, core_ids, core_group)
        expected = {name: upper_bound(use, expected[name] if len(tried) > 1 else None) for name, use in actual.items()}
    raise DiagnosticError(STAGE, (not_placed(quantized, tried, None),))


def _mapping(task: _Task, fill: _Fill, core_ids: Ints | None, core_group: Ints) -> Mapping:
    """The mapping of a fill; without pins and avoided cores, core k is physical core k."""
    plain = not task.options.pins and not task.options.avoid_cores
    where: dict[str, Any] = {} if plain else {"core_ids": core_ids, "pin_group": core_group}
    return Mapping(
        quantized=task.quantized, target=task.target, n_cores=fill.core + 1, core_of=dict(fill.core_of), **where
    )


def _refused(task: _Task, fill: _Fill) -> tuple[Diagnostic, ...]:
    """ND401 for every pin group that takes more cores than it has; if none does, for the one that is full."""
    usable, full = task.groups.open.sum(axis=1), fill.full_group
    short = [group for group, count in sorted(fill.cores_of_group.items()) if count > usable[group]]
    groups = short or ([full] if full is not None else [])
    return tuple(
        too_many(
            task.quantized,
            task.target,
            task.options,
            task.groups,
            group,
            fill.cores_of_group[group],
            more=group == full,
        )
        for group in groups
    )


class _Fill:
    """Cores being filled in one round."""

    def __init__(self, task: _Task, expected: dict[str, OutputAxonUse], *, reserve: bool = False) -> None:
        """`expected`: population -> output axons that its neurons are expected to take; `reserve`: leave some free."""
        self.task, self.expected, self.limits = task, expected, placing_limits(task.target)
        if reserve and (most := self.limits.get("output_axons")) is not None:
            self.limits["output_axons"] = most._replace(value=most.value - most.value // RESERVE)
        self.group_of_core, self.cores_of_group = list[int](), Counter[int]()
        self.full_group: int | None = None
        self.content, self.hint = CoreUsage(), dict[str, int]()
        self.kinds: Kinds = {}
        self.core_of = {item.name: np.zeros(item.size, dtype=np.int32) for item in task.quantized.populations}
        self.placed, self.total = 0, sum(item.size for item in task.quantized.populations)

    @property
    def core(self) -> int:
        """The core that is being filled."""
        return len(self.group_of_core) - 1

    def open_core(self, group: int) -> bool:
        """Begin a core of a pin group; return whether it may be used."""
        self.group_of_core.append(group)
        self.cores_of_group[group] += 1
        self.content = CoreUsage()
        if self.cores_of_group[group] > self.task.group_cores[group] or len(self.group_of_core) > self.task.most:
            self.full_group = group
        return self.full_group is None

    def with_slice(self, content: CoreUsage, population: QuantizedPopulation, start: int, stop: int) -> CoreUsage:
        """Use of a core that holds `content` after neurons [start, stop) of a population's order are added."""
        neurons = np.sort(self.task.orders[population.name][start:stop])
        into, expected = self.task.into[population.name], self.expected[population.name]
        return content + core_usage(self.task.target, population, into, neurons, expected, content.rows)

    def longest(self, population: QuantizedPopulation, start: int) -> tuple[int, CoreUsage]:
        """(largest stop for which [start, stop) fits the core, use of the core then); `start` if nothing fits."""
        fitting: dict[int, CoreUsage | None] = {start: self.content}

        def filled(stop: int) -> float:
            use, figures = self.counted(population, start, stop)
            share = fullness(figures, self.limits)
            if share <= 1:
                fitting[stop] = use
            return share

        before = fullness(self.content.figures(), self.limits)
        longest_fitting_prefix(start, population.size, filled, self.hint.get(population.name, 64), before)
        stop = max(fitting)
        return stop, fitting[stop] or self.with_slice(self.content, population, start, stop)

    def counted(
        self, population: QuantizedPopulation, start: int, stop: int
    ) -> tuple[CoreUsage | None, dict[str, int]]:
        """(use of the core with a slice, None if an earlier round counted it; its figures)."""
        key, empty = (population.name, start, stop), not self.content.rows
        figures = self.task.known.get(key) if empty else None
        if figures is not None:
            sent = self.expected[population.name].of(self.task.orders[population.name][start:stop])
            return None, {**figures, "output_axons": sent}
        use = self.with_slice(self.content, population, start, stop)
        figures = use.figures()
        if empty:
            self.task.known[key] = figures
        return use, figures

    def place(self, population: QuantizedPopulation) -> Diagnostic | None:
        """Place a whole population; return a proof if one neuron fits no empty core."""
        group, start = self.task.groups.of[population.name], 0
        if not self.group_of_core or (self.group_of_core[-1] != group and population.size):
            self.open_core(group)
        fresh = self.content.compartments == 0
        while start < population.size and self.full_group is None:
            self.task.time_limit.report("first fit", self.placed, self.total)
            stop, content = self.longest(population, start)
            if stop > start:
                self.content = content
                note_kinds(self.kinds, self.core, self.content)
                self.core_of[population.name][self.task.orders[population.name][start:stop]] = self.core
                self.hint[population.name], self.placed = stop - start, self.placed + stop - start
            elif fresh:
                return self.proof(population, start)
            start = stop
            if start < population.size:
                # a core holds one slice of a population: two are stored as one, but counted as two
                fresh = self.open_core(group)
        return None

    def proof(self, population: QuantizedPopulation, place: int) -> Diagnostic:
        """Return the finding of a neuron, at a place of its population's order, that overfills an empty core."""
        figures = self.with_slice(CoreUsage(), population, place, place + 1).figures()
        neuron = int(self.task.orders[population.name][place])
        return overfills(population.name, neuron, figures, self.limits, exceeded(figures, self.limits)[0])
