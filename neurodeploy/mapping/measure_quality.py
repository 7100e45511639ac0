"""Verb: account, what a finished program's mapping is worth against what no mapping could undercut. Changes nothing.

Everything is counted from the program's tables. Shell bound of spikes x hops: with the traffic of core i to its partners
sorted from the heaviest, 1/2 sum_i sum_r S_i(r) d(r), where d(r) is the way to the r-th nearest place of an endless mesh
(the places of the own tile at 0, 4 tiles at 1, 8 at 2, ...), and, beyond the cores of a chip, the way between chips. Ways
between chips count as columns + rows of the mesh, one more than the longest way on a chip plus one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import EventCost
from neurodeploy.mapping.compiled import swapping
from neurodeploy.mapping.place.anneal import CoreTraffic
from neurodeploy.mapping.place.traffic import board_of, core_traffic, summed
from neurodeploy.mapping.quality import MappingQuality
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.program import Program
from neurodeploy.resources.limits import core_limits

__all__ = ["account"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def _rows_of(program: Program) -> Ints:
    return np.repeat(np.arange(program.tables.n_cores), np.diff(program.tables.compartment_ptr))


def _rate_by_row(program: Program, rates: dict[str, Any]) -> Floats:
    tables = program.tables
    found = np.ones(tables.n_rows)
    for index, item in enumerate(program.populations):
        if item.name in rates:
            mine = tables.population == index
            found[mine] = np.asarray(rates[item.name], dtype=np.float64)[tables.neuron[mine]]
    return found


def _shells(n: int, in_tile: int, in_chip: int, far: int) -> Ints:
    """(n - 1,) least ways to n - 1 other cores, ascending."""
    ways, ring = np.zeros(min(in_tile - 1, n - 1), dtype=np.int64), 0
    while ways.size < n - 1:
        ring += 1
        ways = np.r_[ways, np.full(4 * ring * in_tile, min(ring, far))]
    ways = ways[: n - 1]
    ways[in_chip - 1 :] = far
    return ways


def _shell_bound(talk: CoreTraffic, ways: Ints) -> float:
    bound = 0.0
    for core in range(talk.ptr.size - 1):
        heaviest = -np.sort(-talk.traffic[talk.ptr[core] : talk.ptr[core + 1]])
        bound += float(heaviest @ ways[: heaviest.size])
    return 0.5 * bound


def _full_by(program: Program) -> dict[str, int]:
    limits, use = core_limits(program.target), use_of_program(program)
    names = [name for name in use if limits[name].value > 0 and name not in ("fan_in", "words_per_axon")]
    shares = np.stack([use[name] / limits[name].value for name in names])
    counts = np.bincount(shares.argmax(axis=0), minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


def _seconds(event: EventCost | None) -> float:
    return 0.0 if event is None or event.time is None else float(event.time.value)


def _imbalance(program: Program, rate: Floats) -> float | None:
    """Work of a step by core: updates, spikes, messages and list entries at the target's nominal times."""
    target, tables = program.target, program.tables
    profile = target.energy.get(target.energy_nominal or "")
    if profile is None:
        return None
    n, core = tables.n_cores, _rows_of(program)
    source = np.repeat(np.arange(tables.n_rows), np.diff(tables.out_axon_ptr))
    axon = tables.in_axon_ptr[tables.out_core] + tables.out_in_axon
    lists = tables.in_axon_list[axon] + tables.list_ptr[tables.out_core]
    entries = tables.entry_ptr[tables.segment_ptr[lists + 1]] - tables.entry_ptr[tables.segment_ptr[lists]]
    time = summed(core, rate * _seconds(profile.spike) + _seconds(profile.access) + _seconds(profile.update), n)
    time += summed(core[source], rate[source] * _seconds(profile.message_out), n)
    time += summed(
        tables.out_core, rate[source] * (_seconds(profile.message_in) + entries * _seconds(profile.synop_sparse)), n
    )
    return float(time.max() / time.mean()) if time.size and time.mean() else None


def _chip_traffic(chip: Ints, talk: CoreTraffic) -> tuple[float, float]:
    """(messages between chips, those of the pair of chips that say most)."""
    core = np.repeat(np.arange(chip.size), np.diff(talk.ptr))
    a, b = chip[core].astype(np.int64), chip[talk.to].astype(np.int64)
    apart = a < b
    if not apart.any():
        return 0.0, 0.0
    n = int(chip.max()) + 1
    both = summed((a * n + b)[apart], talk.traffic[apart], n * n)
    return float(both.sum()), float(both.max())


def _ways(slot: Ints, talk: CoreTraffic, board: Any) -> float:
    a = slot[np.repeat(np.arange(slot.size), np.diff(talk.ptr))]
    b = slot[talk.to]
    near = np.abs(board.column[a] - board.column[b]) + np.abs(board.row[a] - board.row[b])
    apart = board.chip[a] != board.chip[b]
    return 0.5 * float((talk.traffic * (near + apart * (board.shape[4] - near))).sum())


def account(program: Program, lower_bounds: dict[str, int], rates: dict[str, Any] | None = None) -> MappingQuality:
    """Return cores and traffic of a program's mapping against their bounds; `rates`: population -> (size,) spikes."""
    tables, target = program.tables, program.target
    rate, home = _rate_by_row(program, rates or {}), _rows_of(program)
    source = np.repeat(np.arange(tables.n_rows), np.diff(tables.out_axon_ptr))
    to = tables.out_core.astype(np.int64)
    talk = core_traffic(home, source, to, rate[source], tables.n_cores)
    board = board_of(target, np.ones((1, target.cores)))
    slot = tables.core_id.astype(np.int64)
    chip, in_chip, in_tile = slot // int(target.chip.cores.value), int(board.shape[3]), int(board.shape[2])
    traffic = summed(np.searchsorted(_keys(talk), home[source] * tables.n_cores + to), rate[source], talk.out_to.size)
    links = swapping.link_loads(board, slot, talk.out_ptr, talk.out_to, traffic)
    between, busiest = _chip_traffic(chip, talk)
    return MappingQuality(
        cores=tables.n_cores,
        chips=int(np.unique(chip).size),
        lower_bounds=lower_bounds,
        axon_bound=_axon_bound(program),
        full_by=_full_by(program),
        messages=float(talk.traffic.sum()) / 2,
        spikes_hops=_ways(slot, talk, board),
        row_by_row=_ways(np.sort(slot), talk, board),
        shell_bound=_shell_bound(talk, _shells(tables.n_cores, in_tile, in_chip, int(board.shape[4]))),
        heaviest_link=float(links.max(initial=0.0)),
        between_chips=between,
        busiest_chip_link=busiest,
        imbalance=_imbalance(program, rate),
    )


def _keys(talk: CoreTraffic) -> Ints:
    """Sender * cores + receiver of every entry of the out table, ascending."""
    n = int(talk.out_ptr.size) - 1
    sender: Ints = np.repeat(np.arange(n), np.diff(talk.out_ptr))
    return sender * n + talk.out_to


def _axon_bound(program: Program) -> int:
    limits, use = core_limits(program.target), use_of_program(program)
    names = [name for name in ("input_axons", "output_axons") if name in limits]
    return max((-(-int(use[name].sum()) // limits[name].value) for name in names), default=1)
