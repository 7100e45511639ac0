"""Verb: search, a cut of fewer cores than first fit where levels above 1 ask for it. Counts with the mapper's own kernels.

What comes out keeps every limit by those counts; the caller's recount of the program shares no state with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.compiled import grouping
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.search.hypergraph import neuron_slices, rules_of, wires_of
from neurodeploy.mapping.partition.search.kernels import COMP, IN, OUT, Loads, Rules, Search, Wires
from neurodeploy.mapping.partition.search.refine import Mapped, effort_of, refine, relieved, sequential, settled
from neurodeploy.mapping.partition.search.starts import by_position, starts_of
from neurodeploy.mapping.place.pins import PinGroups, pin_groups
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.quantize.quantized import Quantized

__all__ = ["cut_of", "first_fit", "search"]

SPARE = 1.25
"""Cores to work with, in parts of those that first fit took: room to spread out before cores are emptied."""
FILLED = (0.98, 0.95, 0.9)
"""Shares of the output axons that are filled. Of thousands of full cores some one would find nowhere to move a neuron to;
where that happens all are filled less."""


def _zone_of_neurons(quantized: Quantized, zones: PinGroups) -> NDArray[np.int32]:
    sizes = [item.size for item in quantized.populations]
    return np.repeat([zones.of[item.name] for item in quantized.populations], sizes).astype(np.int32)


def cut_of(quantized: Quantized, target: Target, mapped: Mapped, zones: PinGroups) -> Mapping | None:
    """Return the cut of an assignment, its cores on slots of their chips; None if a chip or zone has too few."""
    places = neuron_slices(quantized)
    core_zone = np.zeros(mapped.n_cores, dtype=np.int64)
    core_zone[mapped.core] = _zone_of_neurons(quantized, zones)
    chip_of, slots = (
        np.arange(target.cores) // int(target.chip.cores.value),
        np.full(mapped.n_cores, -1, dtype=np.int64),
    )
    for zone in range(len(zones.open)):
        for chip in np.unique(mapped.chip):
            mine = np.flatnonzero((core_zone == zone) & (mapped.chip == chip))
            free = np.flatnonzero(zones.open[zone] & (chip_of == chip))
            if mine.size > free.size:
                return None
            slots[mine] = free[: mine.size]
    core_of = {name: mapped.core[place] for name, place in places.items()}
    return Mapping(
        quantized=quantized,
        target=target,
        n_cores=mapped.n_cores,
        core_of=core_of,
        core_ids=slots,
        zone=core_zone,
    )


def _chips(target: Target, zones: PinGroups, most: int) -> NDArray[np.int32]:
    """Chips of the cores that there are, as many as are worth having."""
    usable = np.flatnonzero(zones.open.any(axis=0))
    return (usable[:most] // int(target.chip.cores.value)).astype(np.int32)


def search(
    quantized: Quantized, target: Target, options: MappingOptions, first: Mapping | None, watch: TimeLimit
) -> Mapping | None:
    """Return a cut, never of more cores than `first`; None if none was found. One zone only: pins are first fit's."""
    zones = pin_groups(quantized, target, options)
    if len(zones.open) > 1 or sum(item.size for item in quantized.populations) == 0:
        return first
    wires, rules = wires_of(quantized, target), rules_of(quantized, target)
    most = int(zones.open.any(axis=0).sum()) if first is None else int(first.n_cores * SPARE) + 8
    effort = effort_of(options.level, wires.in_row.size, watch)
    begin_with: Any = None
    if first is not None:
        begin_with = np.concatenate([first.core_of[item.name] for item in quantized.populations])
    chips = _chips(target, zones, most)
    orders = starts_of(wires, options, chips.size)
    mapped = refine(wires, rules, chips, effort, options.seed, orders, begin_with)
    found = cut_of(quantized, target, mapped, zones) if mapped is not None else None
    return first if found is None or (first is not None and found.n_cores > first.n_cores) else found


def _with_room(wires: Wires, rules: Rules, chips: Any, order: NDArray[np.int64]) -> Mapped | None:
    """Fill cores in an order, a little less each time it does not end well; what overfills a core is moved."""

    def mended(loads: Loads, moves: Search) -> bool:
        on_average = loads.load[:, loads.size > 0].mean(axis=1)
        return bool((on_average <= rules.limit).all()) and relieved(wires, rules, loads, moves, TimeLimit())

    for share in FILLED:
        held_back = rules._replace(limit=rules.limit.copy())
        held_back.limit[OUT] = int(share * rules.limit[OUT])
        loads, _, good = sequential(wires, held_back, chips, order, mended)
        if good:
            return settled(rules, loads)
    return None


def first_fit(quantized: Quantized, target: Target, options: MappingOptions) -> Mapping | None:
    """Return first fit in the order of the network (pinned populations last); None if the board is too small for it.

    Above level 0 neurons first go by their positions, or without these in compact groups; the order of the network counts
    where it takes fewer cores.
    """
    zones = pin_groups(quantized, target, options)
    zone = _zone_of_neurons(quantized, zones)
    wires, rules = wires_of(quantized, target, zone), rules_of(quantized, target)
    chips, best = _chips(target, zones, wires.population.size), None
    if options.level > 0:
        groups = (
            by_position(quantized, options)
            if options.positions
            else grouping.grouped(wires, int(rules.limit[IN]), int(rules.limit[COMP]))
        )
        grouped = groups[np.argsort(zone[groups], kind="stable")]
        best = _with_room(wires, rules, chips, grouped)
    room = chips if best is None else chips[: best.n_cores - 1]  # a fill that needs more stops there
    if room.size:
        loads, _, good = sequential(wires, rules, room, np.argsort(zone, kind="stable").astype(np.int64))
        best = (settled(rules, loads) if good else None) or best
    return cut_of(quantized, target, best, zones) if best is not None else None
