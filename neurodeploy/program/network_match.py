"""Comparison of a program's synapses with those of its network, pair by pair and delay by delay.

Writing out all synapses takes longer than compiling, so only programs of up to MOST synapses are compared. Larger ones rely
on the other checks of `neurodeploy.program.validate`: populations and ranges are valid, and no synapse occurs twice.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import all_different
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.coordinates import target_size
from neurodeploy.network.network import Projection
from neurodeploy.network.operations import Chain, Dense, OneToOne, Operation, Sparse
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.procedural.sizes import most_synapses
from neurodeploy.program.core_ranges import core_ranges, with_cores
from neurodeploy.program.program import Program
from neurodeploy.program.synapse_tables import SynapseTable, synapse_tables_of

__all__ = ["synapse_mismatches"]

Ints = NDArray[np.int64]
MOST = 1 << 18
"""Synapses of a network, or list entries of a program, up to which the two are compared."""


def synapse_mismatches(program: Program) -> list[str]:
    """Return one sentence for each projection whose synapses in the tables differ from those of the network."""
    network, found = program.network, list[str]()
    sizes = [_most(item.operation, network.source_size(item.source)) for item in network.projections]
    if max(sum(sizes), _reached(program)) > MOST:
        return []
    stored: dict[str, list[SynapseTable]] = {item.name: [] for item in network.projections}
    for table in synapse_tables_of(program):
        stored[table.projection].append(table)
    for item in network.projections:
        fault = _fault(item, network.source_size(item.source), stored[item.name])
        found += [f"tables hold synapses of projection '{item.name}' {fault}"] if fault else []
    return found


def _most(operation: Operation, n_source: int) -> int:
    """Upper bound on the synapses of an operation, written out."""
    if isinstance(operation, (Dense, Sparse)):
        return int(operation.weights.size)
    if isinstance(operation, PROCEDURAL):
        return most_synapses(operation)
    if isinstance(operation, OneToOne):
        return n_source
    if isinstance(operation, Chain):
        total = 0
        for step in operation.operations:
            size = target_size(step, n_source)
            total, n_source = total + n_source * size, size
        return total
    window = window_of(operation)
    return prod(output_shape(window)) * prod(window.weights.shape[1:])


def _reached(program: Program) -> int:
    """List entries, summed over all input axons; a lower bound above `MOST` if there are more."""
    total = 0
    for cores in core_ranges(program.tables):
        t = with_cores(program, cores).tables
        lists = np.repeat(t.list_ptr[:-1], np.diff(t.in_axon_ptr)) + t.in_axon_list
        total += int((t.entry_ptr[t.segment_ptr[lists + 1]] - t.entry_ptr[t.segment_ptr[lists]]).sum())
        if total > MOST:
            break
    return total


def _fault(projection: Projection, n_source: int, tables: list[SynapseTable]) -> str | None:
    """Fault of the stored synapses of a projection, as the end of a sentence; None for the right synapses."""
    wanted = synapses_of(projection, n_source)
    n_post = 1 + max([int(wanted.post.max(initial=0)), *(int(table.post.max(initial=0)) for table in tables)])
    none: Ints = np.zeros(0, dtype=np.int64)
    stored = np.concatenate([none, *(table.pre * n_post + table.post for table in tables)])
    delay = np.concatenate([none, *(table.delay_steps for table in tables)])
    real = np.concatenate([none != 0, *(table.mantissas != 0 for table in tables)])
    if not all_different(stored):
        return "more than once"
    key = wanted.pre * n_post + wanted.post
    order, at = np.argsort(key), np.searchsorted(np.sort(key), stored)
    expected = np.r_[np.sort(key), -1][at] == stored
    if bool((real & ~expected).any()):
        return "that do not exist in the network"
    if int(expected.sum()) != key.size:
        return "but miss some of the network's"
    if bool((wanted.delay_steps[order][at[expected]] != delay[expected]).any()):
        return "with delays that differ from the network's"
    return None
