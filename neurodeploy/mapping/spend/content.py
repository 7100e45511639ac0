"""What one core of a program does in a mean step, row by row, so that the work of a part of the core can be told."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.costs.counting import KINDS, routes_of
from neurodeploy.costs.expected import Rates, learned_by_row, rate_of_sources
from neurodeploy.hardware.figure import value_of
from neurodeploy.hardware.target import EnergyProfile
from neurodeploy.program.program import Program

__all__ = ["CoreContent", "Workload", "content_of", "workload_of"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


class Workload(NamedTuple):
    """Seconds of a mean step by row and by input axon of all cores, under one profile."""

    program: Program
    send: Array
    """(n_rows,) updates, spikes and messages sent."""
    learn: Array
    """(n_rows,) updates of plastic synapses."""
    arrive: Array
    """(in_axon rows,) messages in a step at each row of the input axon table."""
    message_in_s: float
    """Time of one message that arrives."""
    synop_s: Array
    """(formats,) time of one entry by its format."""


class CoreContent(NamedTuple):
    """One core: its rows, and its entries by row."""

    send: Array
    """(rows,) seconds."""
    learn: Array
    """(rows,) seconds."""
    read: Array
    """(rows,) seconds for entries of each row."""
    row: Ints
    """(entries,) row of the core."""
    axon: Ints
    """(entries,) input axon of the core, from 0."""
    receive: Array
    """(axons,) seconds for the messages that arrive at each input axon."""


def workload_of(program: Program, rates: Rates, profile: EnergyProfile) -> Workload:
    """Return the work of a mean step of a `program` under a `profile`. `rates`: as of costs.expected."""
    tables, routes = program.tables, routes_of(program)
    rate = rate_of_sources(program, routes, rates)
    fan_out, own = np.diff(routes.ptr), rate[: tables.n_rows]
    per_neuron = np.array([item.compartments_per_neuron for item in program.populations], dtype=np.int64)
    update = value_of(profile.access.time) + value_of(profile.update.time)
    send = per_neuron[tables.population] * update + own * (
        value_of(profile.spike.time) + fan_out[: tables.n_rows] * value_of(profile.message_out.time)
    )
    axon = np.concatenate([tables.out_in_axon, *(item.in_axon for item in program.inputs)]).astype(np.int64)
    place = tables.in_axon_ptr[routes.to_core] + axon
    arrive = np.bincount(place, np.repeat(rate, fan_out), tables.in_axon_list.size).astype(np.float64)
    times = [value_of(getattr(profile, f"synop_{name}").time) for name in ("dense", "sparse", "shared")]
    synop = np.array([times[KINDS[item.encoding]] for item in program.formats])
    learn = learned_by_row(program) * value_of(profile.synapse_update.time)
    return Workload(program, send, learn, arrive, value_of(profile.message_in.time), synop)


def content_of(work: Workload, core: int) -> CoreContent:
    """Return the work of one core."""
    tables: Any = work.program.tables
    rows = slice(int(tables.compartment_ptr[core]), int(tables.compartment_ptr[core + 1]))
    axons = slice(int(tables.in_axon_ptr[core]), int(tables.in_axon_ptr[core + 1]))
    lists = tables.list_ptr[core] + tables.in_axon_list[axons].astype(np.int64)
    first, stop = tables.segment_ptr[lists], tables.segment_ptr[lists + 1]
    segment: Ints = places_of(first, stop - first)
    owner: Ints = np.repeat(np.arange(int(lists.size)), stop - first)
    start = tables.entry_ptr[segment]
    length = tables.entry_ptr[segment + 1] - start
    entry: Ints = places_of(start, length)
    axon: Ints = np.repeat(owner, length)
    row = tables.in_axon_base[axons].astype(np.int64)[axon] + tables.entry_target[entry]
    seconds = work.synop_s[np.repeat(tables.segment_format[segment], length)] if work.synop_s.size else np.zeros(0)
    arrive = work.arrive[axons]
    size = rows.stop - rows.start
    read = np.bincount(row, seconds * arrive[axon], size).astype(np.float64)
    return CoreContent(work.send[rows], work.learn[rows], read, row, axon, arrive * work.message_in_s)
