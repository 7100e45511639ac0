"""Verb: what a cut takes of every core, counted from its synapses. Cuts nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.demand import Demand, Projection, add, demand_of, empty, projections_into
from neurodeploy.check.limits import core_limits, exceeded
from neurodeploy.mapping.cut import Cut
from neurodeploy.mapping.order import placing_limits
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.quantize.wiring import parts
from neurodeploy.target.target import Target

__all__ = ["destinations_of", "keeps_limits", "overfull", "pairs_of"]

Ints = NDArray[np.int64]


def pairs_of(quantized: Quantized, core_of: dict[str, NDArray[np.int32]], n_cores: int) -> dict[str, Ints]:
    """Return by population the distinct neuron * n_cores + destination core of its output axons, ascending."""
    pairs: dict[str, list[Ints]] = {name: [np.zeros(0, dtype=np.int64)] for name in core_of}
    for projection in quantized.projections:
        if projection.source not in core_of:
            continue
        cores, bound = core_of[projection.target], core_of[projection.source].size * n_cores
        for start, part in parts(projection):
            key = part.source.astype(np.int64) * n_cores + cores[start : start + part.ptr.size - 1][part.rows]
            pairs[projection.source].append(_unique(key, bound))
    return {name: np.unique(np.concatenate(keys)) for name, keys in pairs.items()}


def destinations_of(
    quantized: Quantized, target: Target, core_of: dict[str, NDArray[np.int32]], slots: Ints | None = None
) -> dict[str, Ints]:
    """Return output axons of every neuron: one per destination core, one more for a core on another chip.

    Logical core k is taken to lie on the chip of `slots` [k], or on chip k // cores per chip; placement sees to it.
    """
    n_cores = 1 + max((int(c.max(initial=0)) for c in core_of.values()), default=0)
    chip = (np.arange(n_cores) if slots is None else slots) // int(target.chip.cores.value)
    found: dict[str, Ints] = {}
    for name, keys in pairs_of(quantized, core_of, n_cores).items():
        cores, source, destination = core_of[name], keys // n_cores, keys % n_cores
        found[name] = np.bincount(source, minlength=cores.size)
        found[name] += np.bincount(source[chip[cores[source]] != chip[destination]], minlength=cores.size)
    return found


def _unique(keys: Ints, bound: int) -> Ints:
    if bound > 50_000_000:
        return np.unique(keys)
    seen = np.zeros(bound, dtype=bool)
    seen[keys] = True
    return np.flatnonzero(seen)


def overfull(
    quantized: Quantized, target: Target, core_of: dict[str, NDArray[np.int32]], destinations: dict[str, Ints]
) -> bool:
    """Return whether a core has more output axons than there are."""
    limit = core_limits(target).get("output_axons")
    if limit is None:
        return False
    total = np.zeros(1 + max(int(c.max(initial=0)) for c in core_of.values()))
    for name, cores in core_of.items():
        total += np.bincount(cores, destinations[name], total.size)
    return bool(total.max(initial=0) > limit.value)


def keeps_limits(cut: Cut, target: Target) -> bool:
    """Return whether no core of a cut exceeds a limit."""
    limits = placing_limits(target)
    into: dict[str, list[Projection]] = projections_into(cut.quantized)
    held: list[Demand] = [empty() for _ in range(cut.n_cores)]
    destinations = destinations_of(cut.quantized, target, dict(cut.core_of), cut.slots)
    for population in cut.quantized.populations:
        core, sent = cut.core_of[population.name], destinations[population.name]
        order = np.argsort(core, kind="stable")
        for neurons in np.split(order, np.flatnonzero(np.diff(core[order])) + 1):
            if not neurons.size:
                continue
            number = int(core[neurons[0]])
            more = demand_of(target, population, into[population.name], neurons, sent, held[number].rows)
            held[number] = add(held[number], more)
            if exceeded(held[number].figures(), limits):
                return False
    return True
