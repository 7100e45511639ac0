"""Energy of inferences from the number of spikes of each neuron, without their steps.

Apart from the updates of compartments, which depend on the number of steps only, every event follows from a spike: its
messages, the lists that they touch, their hops. So spikes that were only counted, over any number of samples, are enough for
the energy of all of them. Two things need more. Messages of the last step of a sample arrive after its end; `profile` leaves
out their arrival and this module counts it. Updates of plastic synapses depend on the steps of spikes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.costs.cost import Totals, energy_bounds
from neurodeploy.costs.counting import Hops, population_rows, routes_of, tiles_of
from neurodeploy.costs.estimate import Estimate
from neurodeploy.program.program import Program

__all__ = ["SpikeCosts", "energy_of_spikes", "spike_costs"]

Floats = NDArray[np.float64]
EVENTS = ("spikes", "messages_out", "messages_in", "synops_dense", "synops_sparse", "synops_shared")
HOPS = ("horizontal", "vertical", "between_chips")


class SpikeCosts(NamedTuple):
    """What one spike of each neuron, and of each line of an input, causes on the cores."""

    program: Program
    updates: float
    """Compartments that are updated in every step."""
    events: dict[str, Floats]
    """Population or input -> (9, size): events in the order of EVENTS, then hops in that of HOPS."""


def spike_costs(program: Program) -> SpikeCosts | None:
    """Return what the spikes of a program cause; None if its target has no public energies, or if synapses learn."""
    plastic = any(item.plasticity is not None for item in program.network.projections)
    if program.target.energy_nominal is None or plastic:
        return None
    sources, tables = routes_of(program), program.tables
    count = np.diff(sources.ptr).astype(np.float64)
    n_sources, n_neurons = count.size, sources.core.size
    neuron = np.arange(n_sources) < n_neurons
    source = np.repeat(np.arange(n_sources), np.diff(sources.ptr))
    synops = [_summed(source, kind, n_sources) for kind in sources.entries]
    chip, column, row = tiles_of(program)
    sender = np.repeat(np.arange(n_neurons), np.diff(tables.out_axon_ptr))
    near = chip[sources.core[sender]] == chip[tables.out_core]
    apart = [np.abs(axis[sources.core[sender]] - axis[tables.out_core]) * near for axis in (column, row)]
    hops = [_summed(sender, number, n_sources) for number in (*apart, ~near)]
    table = np.stack([neuron.astype(np.float64), count * neuron, count, *synops, *hops])
    events = {item.name: table[:, sources.first[item.name]] for item in program.populations}
    for item in program.inputs:
        first = sources.first[item.name]
        events[item.name] = table[:, first : first + item.ptr.size - 1]
    return SpikeCosts(program, float(population_rows(program).sum()), events)


def _summed(source: NDArray[Any], numbers: NDArray[Any], n_sources: int) -> Floats:
    """Sums by source."""
    return np.bincount(source, numbers, n_sources).astype(np.float64)


def energy_of_spikes(costs: SpikeCosts, spikes: Mapping[str, NDArray[Any]], steps: int) -> Estimate | None:
    """Return the energy of all inferences together, in J, at boundary "cores"; None if a part has no public figure.

    `costs`: of the program. `spikes`: population or input -> (size,) spikes of each neuron or line, over all samples.
    `steps`: of all samples together. Active compartments are not counted: the low bound assumes none, the others all.
    """
    found = sum((costs.events[name] @ counts for name, counts in spikes.items()), np.zeros(len(EVENTS) + len(HOPS)))
    numbers = dict(zip((*EVENTS, *HOPS), map(float, found), strict=True))
    hops = Hops(*(numbers.pop(name) for name in HOPS))
    totals = Totals(steps=steps, updates=costs.updates * steps, active=None, synapse_updates=0.0, **numbers)
    return energy_bounds(costs.program, totals, hops)
