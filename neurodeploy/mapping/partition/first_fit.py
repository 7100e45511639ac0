"""First fit over all resources at once: which neurons share a core. Counts nothing itself.

Cores are filled one after the other in the order of the network, populations in the order that `order_of` gives; the next
slice of a population is the longest that fits beside what the core holds, found by exact counts. How many cores a neuron's
spikes go to follows from how its receivers were split, so rounds repeat with the destinations of the round before until they
agree. Where sources can share input axons all of this is done twice: with discrete axons alone, and with all kinds.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.mapping import Mapping, without_population_axons
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.cut_usage import Kinds, note_kinds, output_axon_use, overfull
from neurodeploy.mapping.partition.order import furthest, order_of, placing_limits
from neurodeploy.mapping.place.pins import PinGroups, pin_groups, slots_of
from neurodeploy.mapping.refusals import STAGE, not_placed, too_many
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.resources.core_usage import CoreUsage, core_usage, projections_into
from neurodeploy.resources.limits import CODES, Limit, exceeded, fullness
from neurodeploy.resources.output_axons import OutputAxonUse, alone, upper_bound
from neurodeploy.resources.population_axons import population_axon_formats

__all__ = ["first_fit_of"]

ROUNDS = 12
TIMES, BEYOND = 2, 64
"""Cores that are counted of a network that fits no board: so many times those that there are, and so many more."""
Ints = NDArray[np.int64]
NONE = 1 << 60
"""Cores where there is no limit."""


class _Fill:
    """First fit in one round."""

    def __init__(
        self,
        quantized: Quantized,
        target: Target,
        into: dict[str, list[QuantizedProjection]],
        orders: dict[str, Ints],
        sends: dict[str, OutputAxonUse],
        most: tuple[Ints, int],
        zones: PinGroups,
        watch: TimeLimit,
    ) -> None:
        self.most, self.zones, self.zone_of_core, self.cores_of_zone = most, zones, list[int](), Counter[int]()
        self.target, self.into, self.orders, self.sends, self.watch = target, into, orders, sends, watch
        self.limits = placing_limits(target)
        self.held, self.hint = CoreUsage(), dict[str, int]()
        self.full_zone: int | None = None
        self.kinds: Kinds = {}
        self.core_of = {item.name: np.zeros(item.size, dtype=np.int32) for item in quantized.populations}
        self.placed, self.total = 0, sum(item.size for item in quantized.populations)

    @property
    def core(self) -> int:
        """The core that is open."""
        return len(self.zone_of_core) - 1

    def open(self, zone: int) -> bool:
        """Open a core of a zone; return whether there are cores left for it."""
        self.zone_of_core.append(zone)
        self.cores_of_zone[zone] += 1
        self.held = CoreUsage()
        if self.cores_of_zone[zone] > self.most[0][zone] or len(self.zone_of_core) > self.most[1]:
            self.full_zone = zone
        return self.full_zone is None

    def with_slice(self, held: CoreUsage, population: QuantizedPopulation, start: int, stop: int) -> CoreUsage:
        """Use of a core after a slice is added."""
        neurons = np.sort(self.orders[population.name][start:stop])
        into, sends = self.into[population.name], self.sends[population.name]
        return held + core_usage(self.target, population, into, neurons, sends, held.rows)

    def longest(self, population: QuantizedPopulation, start: int) -> tuple[int, CoreUsage]:
        """(the largest stop for which [start, stop) fits into the core that is open, its use then); `start` if nothing does."""
        best = start, self.held

        def filled(stop: int) -> float:
            nonlocal best
            use = self.with_slice(self.held, population, start, stop)
            share = fullness(use.figures(), self.limits)
            best = (stop, use) if share <= 1 and stop > best[0] else best
            return share

        before = fullness(self.held.figures(), self.limits)
        furthest(start, population.size, filled, self.hint.get(population.name, 64), before)
        return best

    def place(self, population: QuantizedPopulation) -> Diagnostic | None:
        """Place a whole population; return the proof if one neuron fits no empty core."""
        zone, start = self.zones.of[population.name], 0
        if not self.zone_of_core or (self.zone_of_core[-1] != zone and population.size):
            self.open(zone)
        fresh = self.held.compartments == 0
        while start < population.size and self.full_zone is None:
            self.watch.at("first fit", self.placed, self.total)
            stop, held = self.longest(population, start)
            if stop > start:
                self.held = held
                note_kinds(self.kinds, self.core, self.held)
                self.core_of[population.name][self.orders[population.name][start:stop]] = self.core
                self.hint[population.name], self.placed = stop - start, self.placed + stop - start
            elif fresh:
                return self.proof(population, start)
            start = stop
            if start < population.size:
                # a core holds one slice of a population: two are stored as one, and counted as two
                fresh = self.open(zone)
        return None

    def proof(self, population: QuantizedPopulation, neuron: int) -> Diagnostic:
        """Finding of a neuron that overfills an empty core."""
        figures = self.with_slice(CoreUsage(), population, neuron, neuron + 1).figures()
        name = exceeded(figures, self.limits)[0]
        neuron = int(self.orders[population.name][neuron])
        limit: Limit = self.limits[name]
        return finding(
            CODES[name],
            about("population", population.name),
            f"neuron {neuron} alone overfills an empty core",
            found=figures[name],
            limit=limit.value,
            unit=limit.unit,
            limit_source=limit.citation,
        )


def first_fit_of(
    quantized: Quantized, target: Target, options: MappingOptions, watch: TimeLimit, *, stop_early: bool
) -> Mapping:
    """Return first fit, with axons that sources share where these take no more cores than discrete ones alone.

    `stop_early`: no core is counted beyond the last that may be used. Raises DiagnosticError and OutOfTimeError.
    """
    if not population_axon_formats(target) or not any(
        item.connectivity.shares_weights for item in quantized.projections
    ):
        return _filled(quantized, target, options, watch, stop_early=stop_early)
    try:
        first = _filled(quantized, without_population_axons(target), options, watch, stop_early=True)
    except DiagnosticError:
        return _filled(quantized, target, options, watch, stop_early=stop_early)
    try:
        return _filled(quantized, target, options, watch, stop_early=True, most=first.n_cores)
    except DiagnosticError:
        return first.model_copy(update={"target": target, "shared_axons": False})


def _filled(
    quantized: Quantized,
    target: Target,
    options: MappingOptions,
    watch: TimeLimit,
    *,
    stop_early: bool,
    most: int | None = None,
) -> Mapping:
    """First fit in the order of the network, pinned populations on cores of their own; `most`: cores that are of interest."""
    zones = pin_groups(quantized, target, options)
    into, room = projections_into(quantized), zones.open.sum(axis=1)
    bound = (room if stop_early else TIMES * room + BEYOND), most if most is not None else NONE
    orders = {item.name: order_of(quantized, target, item, into[item.name]) for item in quantized.populations}
    sends = {item.name: alone(np.zeros(item.size, dtype=np.int64)) for item in quantized.populations}
    by_zone = sorted(quantized.populations, key=lambda item: zones.of[item.name])
    tried: list[int] = []
    for _ in range(ROUNDS):
        fill = _Fill(quantized, target, into, orders, sends, bound, zones, watch)
        proofs = [proof for item in by_zone if (proof := fill.place(item)) is not None]
        if proofs:
            raise DiagnosticError(STAGE, tuple(proofs) if not tried else (not_placed(quantized, tried, proofs[0]),))
        refused = _refused(quantized, target, options, fill)
        if refused and fill.full_zone is not None:
            raise DiagnosticError(STAGE, refused)
        core_zone = np.array(fill.zone_of_core, dtype=np.int64)
        slots = slots_of(core_zone, zones)
        actual = output_axon_use(quantized, target, fill.core_of, slots, fill.kinds)
        tried.append(fill.core + 1)
        if not overfull(target, fill.core_of, actual):
            if refused:
                raise DiagnosticError(STAGE, refused)
            plain = not options.pins and not options.avoid_cores
            where: dict[str, Any] = {} if plain else {"core_ids": slots, "zone": core_zone}
            return Mapping(
                quantized=quantized, target=target, n_cores=fill.core + 1, core_of=dict(fill.core_of), **where
            )
        sends = {name: upper_bound(actual[name], sends[name] if len(tried) > 1 else None) for name in actual}
    raise DiagnosticError(STAGE, (not_placed(quantized, tried, None),))


def _refused(quantized: Quantized, target: Target, options: MappingOptions, fill: _Fill) -> tuple[Diagnostic, ...]:
    """ND401 of every zone that takes more cores than it has; of the one that is full, if no zone does."""
    room, full = fill.zones.open.sum(axis=1), fill.full_zone
    short = [zone for zone, count in sorted(fill.cores_of_zone.items()) if count > room[zone]]
    return tuple(
        too_many(quantized, target, options, fill.zones, zone, fill.cores_of_zone[zone], more=zone == full)
        for zone in short or ([full] if full is not None else [])
    )
