"""Plastic projections of a program: their synapses, and where the core tables hold them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Network, Pes, Projection, SumOfProducts
from neurodeploy.network.connectivity import SynapseList, synapses_of
from neurodeploy.network.plasticity_shapes import by_synapse
from neurodeploy.program.program import Program
from neurodeploy.program.synapse_tables import reached_entries
from neurodeploy.program.tables import SynapseFormat

__all__ = ["PlasticSynapses", "plastic_projections", "plastic_synapses", "reached_pairs", "starting_values"]

Ints = NDArray[np.int64]
Array = NDArray[Any]


class PlasticSynapses(NamedTuple):
    """The synapses of a plastic projection, by source and then by target, (n,) each."""

    projection: Projection
    rule: SumOfProducts | Pes
    listed: SynapseList
    """The synapses with the weights of the network."""
    entry: Ints
    """Entry of the core tables that stores each. Dense lists also have entries that are no synapses."""
    style: SynapseFormat
    """Format of the entries; exponent and sign mode are those of all."""


def plastic_projections(network: Network) -> tuple[Projection, ...]:
    """Return the projections of `network` that learn, in its order."""
    return tuple(item for item in network.projections if item.plasticity is not None)


def plastic_synapses(program: Program) -> dict[str, PlasticSynapses]:
    """Return plastic projection -> its synapses in the tables of a sound `program`; without those that have no synapse."""
    stored = {item.projection for item in program.formats}
    return {item.name: _synapses(program, item) for item in plastic_projections(program.network) if item.name in stored}


def starting_values(program: Program, found: PlasticSynapses) -> dict[str, Ints]:
    """Return w in mantissas, d and t of each synapse before it learns anything, (n,) each.

    `found`: a plastic projection of a sound `program`.
    """
    values = {"w": program.tables.entry_mantissa[found.entry].astype(np.int64)}
    for name, field in (("d", "delay"), ("t", "tag")):
        values[name] = by_synapse(found.projection, found.listed, getattr(found.rule, field, 0))
    return values


def _synapses(program: Program, projection: Projection) -> PlasticSynapses:
    if projection.plasticity is None:
        raise RuntimeError("only plastic projections are asked for")
    listed = synapses_of(projection, program.network.source_size(projection.source))
    numbers = [k for k, item in enumerate(program.formats) if item.projection == projection.name]
    source, target, entry = reached_pairs(program, projection)
    order = np.argsort(source * listed.n_target + target, kind="stable")
    key = (source * listed.n_target + target)[order]
    at = np.searchsorted(key, listed.pre * listed.n_target + listed.post)
    return PlasticSynapses(projection, projection.plasticity, listed, entry[order][at], program.formats[numbers[0]])


def reached_pairs(program: Program, projection: Projection) -> tuple[Ints, Ints, Ints]:
    """Return (source, target neuron, entry) of every entry that a `projection` of a sound `program` reaches, (n,) each."""
    formats = [k for k, item in enumerate(program.formats) if item.projection == projection.name]
    reached = reached_entries(program, projection.source)
    mine = np.isin(reached.style, formats)
    target = program.tables.neuron[reached.post_row[mine]].astype(np.int64)
    return reached.pre[mine], target, reached.entry[mine]
