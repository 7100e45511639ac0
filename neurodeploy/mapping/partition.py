"""Verb: partition, which neurons share a core: first fit over all resources at once. Counts nothing itself.

Cores are filled one after the other in the order of the network, populations in the order that `order_of` gives; the next
slice of a population is the longest that fits beside what the core holds, found by exact counts. How many cores a neuron's
spikes go to follows from how its receivers were split, so rounds repeat with the destinations of the round before until they
agree. Where sources can share input axons all of this is done twice: with discrete axons alone, and with all kinds.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.demand import Demand, Projection, add, demand_of, empty, projections_into
from neurodeploy.check.limits import CODES, Limit, exceeded, fullness
from neurodeploy.check.populations import reaches_of
from neurodeploy.check.sends import Sends, alone, widened
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding, raise_errors
from neurodeploy.mapping.bounds import lower_bounds
from neurodeploy.mapping.counted import Kinds, keeps_limits, note_kinds, overfull, sends_of
from neurodeploy.mapping.cut import Cut, discrete
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.order import furthest, order_of, placing_limits
from neurodeploy.mapping.slots import Zones, slots_of, zones_of
from neurodeploy.mapping.validate import option_findings
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.target.target import Target

__all__ = ["partition"]

STAGE = "partition"
ROUNDS = 12
SEARCHED = 2
"""The level from which on neurons are moved."""
COMPILED, LARGE = 8_000_000, 32_000_000
"""Synapses above which first fit is left to compiled kernels, which take a minute and more to compile, once; and above which
slices are not counted one by one if these find no cut."""
Ints = NDArray[np.int64]


class _Fill:
    """First fit in one round."""

    def __init__(
        self,
        quantized: Quantized,
        target: Target,
        into: dict[str, list[Projection]],
        orders: dict[str, Ints],
        sends: dict[str, Sends],
        last_core: int | None,
        zones: Zones,
    ) -> None:
        self.last_core, self.zones, self.zone_of_core = last_core, zones, list[int]()
        self.target, self.into, self.orders, self.sends = target, into, orders, sends
        self.limits = placing_limits(target)
        self.held, self.core, self.hint = empty(), 0, dict[str, int]()
        self.kinds: Kinds = {}
        self.core_of = {item.name: np.zeros(item.size, dtype=np.int32) for item in quantized.populations}

    @property
    def too_many(self) -> bool:
        """Whether filling stopped because the target has no further core."""
        return self.last_core is not None and self.core >= self.last_core

    def with_slice(self, held: Demand, population: QuantizedPopulation, start: int, stop: int) -> Demand:
        """Use of a core after a slice is added."""
        neurons = np.sort(self.orders[population.name][start:stop])
        into, sends = self.into[population.name], self.sends[population.name]
        return add(held, demand_of(self.target, population, into, neurons, sends, held.rows))

    def longest(self, population: QuantizedPopulation, start: int) -> tuple[int, Demand]:
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
        zone = self.zones.of[population.name]
        if self.zone_of_core and self.zone_of_core[-1] != zone and self.held.compartments:
            self.core, self.held = self.core + 1, empty()
        self.zone_of_core[self.core :] = [zone]
        start, fresh = 0, self.held.compartments == 0
        while start < population.size:
            stop, held = self.longest(population, start)
            if stop > start:
                self.held = held
                note_kinds(self.kinds, self.core, self.held)
                self.core_of[population.name][self.orders[population.name][start:stop]] = self.core
                self.hint[population.name] = stop - start
            elif fresh:
                return self.proof(population, start)
            start = stop
            if (
                start < population.size
            ):  # a core holds one slice of a population: two are stored as one, and counted as two
                self.core, self.held, fresh = self.core + 1, empty(), True
                self.zone_of_core.append(zone)
                if self.too_many:
                    return None
        return None

    def proof(self, population: QuantizedPopulation, neuron: int) -> Diagnostic:
        """Finding of a neuron that overfills an empty core."""
        figures = self.with_slice(empty(), population, neuron, neuron + 1).figures()
        name = exceeded(figures, self.limits)[0]
        neuron = int(self.orders[population.name][neuron])
        limit: Limit = self.limits[name]
        return finding(
            CODES[name],
            f"population '{population.name}'",
            f"neuron {neuron} alone overfills an empty core",
            found=figures[name],
            limit=limit.value,
            unit=limit.unit,
            limit_source=limit.citation,
        )


def partition(
    quantized: Quantized, target: Target, *, stop_early: bool = False, options: MappingOptions | None = None
) -> Cut:
    """Return a cut in which no core exceeds any limit of the target; `stop_early` does not count cores beyond its last.

    Without options this is first fit. The search of higher levels moves neurons where all synapses are written out, and cuts
    chains of convolutions into tiles. Raises DiagnosticError: ND301-ND310 (the proof: a neuron fits no core), ND401 (more
    cores than the target has), ND402 (not placed by this mapper), or what is wrong with the options (ND101, ND403-ND405).
    """
    options = options or MappingOptions(level=0)
    raise_errors(STAGE, option_findings(quantized, target, options))
    written = not any(item.shares for item in quantized.projections)
    synapses = sum(item.n_synapses for item in quantized.projections) if written else 0
    first, error = None, None
    try:
        if synapses > COMPILED or (written and options.positions and options.level > 0):
            first = _compiled_fit(quantized, target, options, alone=synapses > LARGE)
        first = first or _first_fit(quantized, target, options, stop_early=stop_early)
    except DiagnosticError as found:
        error = found
    if options.level >= SEARCHED and not _settled(quantized, target, first if written else None, error):
        first = (_searched if written else _tiled)(quantized, target, options, first)
    if error is not None and first is None:
        raise error
    return cast(Cut, first)


def _settled(quantized: Quantized, target: Target, first: Cut | None, error: DiagnosticError | None) -> bool:
    """Whether no search can help: first fit reaches a bound, a bound is above the target, or a neuron fits no core."""
    bound = max(lower_bounds(quantized, target).values(), default=0)
    proof = error is not None and error.diagnostics[0].code not in ("ND401", "ND402")
    return proof or bound > target.cores or (first is not None and first.n_cores <= max(bound, 1))


def _kept(found: Cut | None, target: Target) -> Cut | None:
    """A cut of the kernels, which follow neither the length of single lists nor run-lengths; None if it breaks a limit."""
    unseen = "words_per_axon" in placing_limits(target) or target.counting.skip_bits is not None
    return None if found is None or (unseen and not keeps_limits(found, target)) else found


# the kernels of a search are compiled when they are needed, so its modules are imported then


def _compiled_fit(quantized: Quantized, target: Target, options: MappingOptions, *, alone: bool) -> Cut | None:
    """First fit by compiled kernels; None if there is no such cut, which is an error where no other first fit is to follow."""
    least, found = max(lower_bounds(quantized, target).values(), default=0), None
    if least <= target.cores:
        from neurodeploy.mapping.search import first_fit

        found = _kept(first_fit(quantized, target, options), target)
    if found is None and alone:
        usable = int(zones_of(quantized, target, options).open.any(axis=0).sum())
        proven = least > target.cores
        why = _too_many(quantized, target, least, usable) if proven else _not_placed(quantized, [], None)
        raise DiagnosticError(STAGE, (why,))
    return found


def _searched(quantized: Quantized, target: Target, options: MappingOptions, first: Cut | None) -> Cut | None:
    from neurodeploy.mapping.search import search

    return _kept(search(quantized, target, options, first), target) or first


def _tiled(quantized: Quantized, target: Target, options: MappingOptions, first: Cut | None) -> Cut | None:
    from neurodeploy.mapping.tiled import tiled

    return tiled(quantized, target, options, first)


def _first_fit(quantized: Quantized, target: Target, options: MappingOptions, *, stop_early: bool) -> Cut:
    """First fit, with axons that sources share where these take no more cores than discrete ones alone."""
    if not reaches_of(target) or not any(item.shares for item in quantized.projections):
        return _filled(quantized, target, options, stop_early=stop_early)
    try:
        first = _filled(quantized, discrete(target), options, stop_early=stop_early)
    except DiagnosticError:
        return _filled(quantized, target, options, stop_early=stop_early)
    try:
        return _filled(quantized, target, options, stop_early=stop_early, most=first.n_cores)
    except DiagnosticError:
        return first.model_copy(update={"shared_axons": False})


def _filled(
    quantized: Quantized, target: Target, options: MappingOptions, *, stop_early: bool, most: int | None = None
) -> Cut:
    """First fit in the order of the network, pinned populations on cores of their own; `most`: cores that are of interest."""
    zones = zones_of(quantized, target, options)
    into, usable = projections_into(quantized), int(zones.open.any(axis=0).sum())
    last_core = min(usable, most) if most is not None else usable if stop_early else None
    orders = {item.name: order_of(quantized, target, item, into[item.name]) for item in quantized.populations}
    sends = {item.name: alone(np.zeros(item.size, dtype=np.int64)) for item in quantized.populations}
    tried: list[int] = []
    least = max(lower_bounds(quantized, target).values(), default=0) if stop_early else 0
    if least > target.cores:
        raise DiagnosticError(STAGE, (_too_many(quantized, target, least, usable),))
    for _ in range(ROUNDS):
        fill = _Fill(quantized, target, into, orders, sends, last_core, zones)
        by_zone = sorted(quantized.populations, key=lambda item: zones.of[item.name])
        proofs = [proof for item in by_zone if (proof := fill.place(item)) is not None]
        if proofs:
            raise DiagnosticError(STAGE, tuple(proofs) if not tried else (_not_placed(quantized, tried, proofs[0]),))
        if fill.too_many:
            raise DiagnosticError(STAGE, (_too_many(quantized, target, fill.core + 1, usable),))
        core_zone = np.array(fill.zone_of_core)
        slots = slots_of(core_zone, zones)
        actual = sends_of(quantized, target, fill.core_of, slots, fill.kinds)
        tried.append(fill.core + 1)
        if not overfull(target, fill.core_of, actual):
            if slots is None:
                raise DiagnosticError(STAGE, (_too_many(quantized, target, fill.core + 1, usable),))
            plain = not options.pins and not options.avoid_cores
            where: dict[str, Any] = {} if plain else {"slots": slots, "zone": core_zone}
            return Cut(quantized=quantized, n_cores=fill.core + 1, core_of=dict(fill.core_of), **where)
        sends = {name: widened(actual[name], sends[name] if len(tried) > 1 else None) for name in actual}
    raise DiagnosticError(STAGE, (_not_placed(quantized, tried, None),))


def _not_placed(quantized: Quantized, tried: list[int], proof: Diagnostic | None) -> Diagnostic:
    if not tried:
        message = "not placed by this mapper: compiled first fit found no cut that keeps every limit"
        return finding("ND402", f"network '{quantized.network.name}'", message)
    why = f"; in the last, {proof.where}: {proof.message}" if proof else ""
    rounds = (
        f"{len(tried)} rounds ({tried[0]} to {tried[-1]} cores)" if len(tried) > 1 else f"1 round ({tried[0]} cores)"
    )
    message = f"not placed by this mapper: first fit in {rounds} kept overfilling output axons{why}"
    return finding("ND402", f"network '{quantized.network.name}'", message)


def _too_many(quantized: Quantized, target: Target, n_cores: int, usable: int) -> Diagnostic:
    bounds = lower_bounds(quantized, target)
    resource = max(bounds, key=lambda name: bounds[name])
    proven = bounds[resource] > usable
    place = f"board '{target.board}'" if target.board else "one chip"
    verdict = (
        f"proven not to fit: {resource} alone needs {bounds[resource]:,} cores at least"
        if proven
        else f"this mapper needs that many; {resource} proves only {bounds[resource]:,}"
    )
    verdict += f"; {target.cores - usable:,} of its cores are to be avoided" if usable < target.cores else ""
    return finding(
        "ND401",
        f"network '{quantized.network.name}'",
        f"needs more cores than {place} of target '{target.name}' has ({verdict})",
        found=n_cores,
        limit=usable,
        unit="core",
        limit_source=f"{target.file} chip.cores: {target.chip.cores.source}",
    )
