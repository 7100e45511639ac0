"""Whether the synapses of a program are those of its network, pair by pair and delay by delay.

Writing all of them out takes longer than compiling, so this is done for programs of up to MOST synapses; beyond, what the
other checks of `neurodeploy.program.validate` guarantee has to do: right populations, right ranges, nothing twice.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.connectivity import synapses_of, target_size
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.network import Projection
from neurodeploy.network.operations import Chain, Dense, OneToOne, Operation, Sparse
from neurodeploy.program.program import Program
from neurodeploy.program.synapse_tables import Wire, wires_of

__all__ = ["wiring_faults"]

Ints = NDArray[np.int64]
MOST = 1 << 18


def wiring_faults(program: Program) -> list[str]:
    """Return the projections whose synapses in the tables are not those of the network."""
    network, found = program.network, list[str]()
    sizes = [_most(item.operation, network.source_size(item.source)) for item in network.projections]
    if max(sum(sizes), _reached(program)) > MOST:
        return []
    wires: dict[str, list[Wire]] = {item.name: [] for item in network.projections}
    for wire in wires_of(program):
        wires[wire.projection].append(wire)
    for item in network.projections:
        told = _fault(item, network.source_size(item.source), wires[item.name])
        found += [f"tables hold synapses of projection '{item.name}' {told}"] if told else []
    return found


def _most(operation: Operation, n_source: int) -> int:
    """Synapses that writing an operation out takes at most."""
    if isinstance(operation, (Dense, Sparse)):
        return int(operation.weights.size)
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
    """List entries over all axons."""
    t = program.tables
    core = np.repeat(np.arange(t.n_cores), np.diff(t.in_axon_ptr))
    lists = t.list_ptr[core] + t.in_axon_list
    return int((t.entry_ptr[t.segment_ptr[lists + 1]] - t.entry_ptr[t.segment_ptr[lists]]).sum())


def _fault(projection: Projection, n_source: int, wires: list[Wire]) -> str | None:
    wanted = synapses_of(projection, n_source)
    n_post = 1 + max([int(wanted.post.max(initial=0)), *(int(wire.post.max(initial=0)) for wire in wires)])
    none: Ints = np.zeros(0, dtype=np.int64)
    held = np.concatenate([none, *(wire.pre * n_post + wire.post for wire in wires)])
    delay = np.concatenate([none, *(wire.delay_steps for wire in wires)])
    real = np.concatenate([none != 0, *(wire.mantissas != 0 for wire in wires)])
    if np.unique(held).size != held.size:
        return "that are there twice"
    key = wanted.pre * n_post + wanted.post
    order, at = np.argsort(key), np.searchsorted(np.sort(key), held)
    known = np.r_[np.sort(key), -1][at] == held
    if bool((real & ~known).any()):
        return "that the network lacks"
    if int(known.sum()) != key.size:
        return "that lack some of the network's"
    if bool((wanted.delay_steps[order][at[known]] != delay[known]).any()):
        return "with delays that the network does not have"
    return None
