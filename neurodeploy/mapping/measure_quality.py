"""Measures the quality of a program's mapping, from the program's tables alone.

Shell bound of spikes x hops: with the traffic of core i to its partners sorted from the heaviest, 1/2 sum_i sum_r S_i(r)
d(r), where d(r) is the distance to the r-th nearest slot of an infinite mesh (slots of the same tile at distance 0, 4 tiles
at 1, 8 at 2, ...) and, beyond the cores of a chip, the distance between chips. A message between chips takes as many hops as
the mesh has columns and rows together, two more than the longest distance on a chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import EventCost
from neurodeploy.mapping.kernels.board import Board, CoreTraffic
from neurodeploy.mapping.kernels.calls import link_loads
from neurodeploy.mapping.place.traffic import board_of, core_traffic, summed
from neurodeploy.mapping.quality import MappingQuality
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.program import Program
from neurodeploy.resources.limits import core_limits

__all__ = ["measure_quality"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def measure_quality(
    program: Program, lower_bounds: dict[str, int], rates: Mapping[str, NDArray[Any]] | None = None
) -> MappingQuality:
    """Return the cores and the traffic of a program's mapping.

    `lower_bounds`: resource -> fewest cores. `rates`: population -> (size,) spikes of each neuron, in any unit; populations
    without count 1 for each neuron.
    """
    tables, target = program.tables, program.target
    rate, core = _rate_of_rows(program, rates or {}), _core_of_rows(program)
    source = np.repeat(np.arange(tables.n_rows), np.diff(tables.out_axon_ptr))
    to = tables.out_core.astype(np.int64)
    traffic = core_traffic(core, source, to, rate[source], tables.n_cores)
    board, slot = board_of(target, np.ones((1, target.cores), dtype=bool)), tables.core_id.astype(np.int64)
    messages = summed(
        np.searchsorted(_keys(traffic), core[source] * tables.n_cores + to), rate[source], traffic.out_to.size
    )
    links = link_loads(board, slot, traffic.out_ptr, traffic.out_to, messages)
    chip = board.chip[slot]
    between, busiest = _chip_traffic(chip, traffic)
    return MappingQuality(
        cores=tables.n_cores,
        chips=int(np.unique(chip).size),
        lower_bounds=lower_bounds,
        axon_bound=_axon_bound(program),
        full_by=_full_by(program),
        messages=float(traffic.traffic.sum()) / 2,
        spikes_hops=_spikes_hops(slot, traffic, board),
        row_by_row=_spikes_hops(np.sort(slot), traffic, board),
        shell_bound=_shell_bound(traffic, _least_distances(tables.n_cores, board)),
        heaviest_link=float(links.max(initial=0.0)),
        between_chips=between,
        busiest_chip_link=busiest,
        imbalance=_imbalance(program, rate),
    )


def _core_of_rows(program: Program) -> Ints:
    """(rows,) logical core of every row of the tables."""
    return np.repeat(np.arange(program.tables.n_cores), np.diff(program.tables.compartment_ptr))


def _rate_of_rows(program: Program, rates: Mapping[str, NDArray[Any]]) -> Floats:
    """(rows,) spikes of the neuron of every row of the tables."""
    tables = program.tables
    found = np.ones(tables.n_rows)
    for index, item in enumerate(program.populations):
        if item.name in rates:
            mine = tables.population == index
            found[mine] = np.asarray(rates[item.name], dtype=np.float64)[tables.neuron[mine]]
    return found


def _keys(traffic: CoreTraffic) -> Ints:
    """Sender * cores + receiver of every destination of every core, ascending."""
    n = int(traffic.out_ptr.size) - 1
    sender: Ints = np.repeat(np.arange(n), np.diff(traffic.out_ptr))
    return sender * n + traffic.out_to


def _least_distances(n: int, board: Board) -> Ints:
    """(n - 1,) least hops from a core to n - 1 others, ascending."""
    _, _, in_tile, in_chip, far = board.shape.tolist()
    hops, ring = np.zeros(min(in_tile - 1, n - 1), dtype=np.int64), 0
    while hops.size < n - 1:
        ring += 1
        hops = np.r_[hops, np.full(4 * ring * in_tile, min(ring, far))]
    hops = hops[: n - 1]
    hops[in_chip - 1 :] = far
    return hops


def _shell_bound(traffic: CoreTraffic, hops: Ints) -> float:
    """The shell bound, with `hops` (cores - 1,) as in `_least_distances`."""
    bound = 0.0
    for core in range(traffic.ptr.size - 1):
        heaviest = -np.sort(-traffic.traffic[traffic.ptr[core] : traffic.ptr[core + 1]])
        bound += float(heaviest @ hops[: heaviest.size])
    return 0.5 * bound


def _spikes_hops(slot: Ints, traffic: CoreTraffic, board: Board) -> float:
    """Messages times hops of cores in `slot` (cores,)."""
    a = slot[np.repeat(np.arange(slot.size), np.diff(traffic.ptr))]
    b = slot[traffic.to]
    on_chip = np.abs(board.column[a] - board.column[b]) + np.abs(board.row[a] - board.row[b])
    apart = board.chip[a] != board.chip[b]
    return 0.5 * float((traffic.traffic * (on_chip + apart * (board.shape[4] - on_chip))).sum())


def _chip_traffic(chip: Ints, traffic: CoreTraffic) -> tuple[float, float]:
    """(messages between chips, those of the two chips that exchange most)."""
    core = np.repeat(np.arange(chip.size), np.diff(traffic.ptr))
    a, b = chip[core].astype(np.int64), chip[traffic.to].astype(np.int64)
    apart = a < b
    if not apart.any():
        return 0.0, 0.0
    n = int(chip.max()) + 1
    both = summed((a * n + b)[apart], traffic.traffic[apart], n * n)
    return float(both.sum()), float(both.max())


def _axon_bound(program: Program) -> int:
    """Fewest cores for all input axons and all output axons of a program."""
    limits, use = core_limits(program.target), use_of_program(program)
    names = [name for name in ("input_axons", "output_axons") if name in limits]
    return max((-(-int(use[name].sum()) // limits[name].value) for name in names), default=1)


def _full_by(program: Program) -> dict[str, int]:
    """Resource -> number of cores in which it is the most used resource."""
    limits, use = core_limits(program.target), use_of_program(program)
    names = [name for name in use if limits[name].value > 0 and name not in ("fan_in", "words_per_axon")]
    shares = np.stack([use[name] / limits[name].value for name in names])
    counts = np.bincount(shares.argmax(axis=0), minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


def _imbalance(program: Program, rate: Floats) -> float | None:
    """Time of the busiest core over the mean: updates, spikes, messages and list entries of a step, at nominal times."""
    target, tables = program.target, program.tables
    profile = target.energy.get(target.energy_nominal or "")
    if profile is None:
        return None
    n, core = tables.n_cores, _core_of_rows(program)
    source = np.repeat(np.arange(tables.n_rows), np.diff(tables.out_axon_ptr))
    axon = tables.in_axon_ptr[tables.out_core] + tables.out_in_axon
    lists = tables.in_axon_list[axon] + tables.list_ptr[tables.out_core]
    entries = tables.entry_ptr[tables.segment_ptr[lists + 1]] - tables.entry_ptr[tables.segment_ptr[lists]]
    each = _seconds(profile.message_in) + entries * _seconds(profile.synop_sparse)
    time = summed(core, rate * _seconds(profile.spike) + _seconds(profile.access) + _seconds(profile.update), n)
    time += summed(core[source], rate[source] * _seconds(profile.message_out), n)
    time += summed(tables.out_core, rate[source] * each, n)
    return float(time.max() / time.mean()) if time.size and time.mean() else None


def _seconds(event: EventCost | None) -> float:
    return 0.0 if event is None or event.time is None else float(event.time.value)
