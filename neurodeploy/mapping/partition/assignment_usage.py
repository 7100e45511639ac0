"""Core usage and output axons of an assignment of neurons to cores, counted from the synapses. Assigns nothing."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import FLAGGED, distinct
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.mapping import Mapping, planned_target
from neurodeploy.mapping.partition.order import placing_limits
from neurodeploy.network.connectivity import Connectivity, WindowConnectivity
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.axons import KINDS, Kind, output_axons_of
from neurodeploy.resources.compiled_lists import reached_cores
from neurodeploy.resources.convolution_axons import ATOMS
from neurodeploy.resources.core_usage import CoreUsage, core_usage, projections_into
from neurodeploy.resources.limits import core_limits, exceeded
from neurodeploy.resources.output_axons import OutputAxonUse, alone
from neurodeploy.resources.population_axons import population_axon_formats

__all__ = ["Kinds", "keeps_limits", "note_kinds", "output_axon_use", "overfull", "pairs_of"]

Ints = NDArray[np.int64]
Kinds = dict[str, dict[int, Kind]]
"""Source population -> destination core -> kind of the input axons that its spikes arrive at."""


def pairs_of(quantized: Quantized, core_of: dict[str, NDArray[np.int32]], n_cores: int) -> dict[str, Ints]:
    """Return by population the distinct keys neuron * n_cores + destination core of its output axons, ascending."""
    pairs: dict[str, list[Ints]] = {name: [] for name in core_of}
    for projection in quantized.projections:
        if projection.source not in core_of:
            continue
        cores, bound = core_of[projection.target], core_of[projection.source].size * n_cores
        pairs[projection.source] += _pairs(projection.connectivity, cores, n_cores, bound)
    none = np.zeros(0, dtype=np.int64)
    return {
        name: keys[0] if len(keys) == 1 else distinct(np.concatenate([none, *keys]), core_of[name].size * n_cores)
        for name, keys in pairs.items()
    }


def _pairs(connectivity: Connectivity, cores: NDArray[np.int32], n_cores: int, bound: int) -> list[Ints]:
    """Keys as in `pairs_of` of one projection, distinct in each array; `cores`: (targets,); `bound` is above all keys."""
    if isinstance(connectivity, WindowConnectivity) and bound <= FLAGGED:
        marked = reached_cores(connectivity, cores, n_cores)
        if marked is not None:
            return [marked]
    return [
        distinct(
            part.source.astype(np.int64) * n_cores + cores[start : start + part.ptr.size - 1][part.rows],
            bound,
        )
        for start, part in connectivity.batches()
    ]


def note_kinds(kinds: Kinds, core: int, usage: CoreUsage) -> None:
    """Record in `kinds` the kinds of input axons of a core; adding neurons to a core may change them."""
    for source, same in usage.segments.items():
        kinds.setdefault(source, {})[core] = same[0].kind if len(same) == 1 else "discrete"


def output_axon_use(
    quantized: Quantized,
    target: Target,
    core_of: dict[str, NDArray[np.int32]],
    slots: Ints | None = None,
    kinds: Kinds | None = None,
) -> dict[str, OutputAxonUse]:
    """Return the output axons of every population.

    Each neuron takes as many output axons for each destination core as the kind of axon there costs, and more for a core
    on another chip. Neurons share them where the rule set allows it and none of their axons is discrete.

    `slots`: (n_cores,) physical core of each logical core, None: core k is physical core k; only its chip matters, which
    placement preserves. `kinds`: kind of the input axons by source population and core; discrete by default.
    """
    n_cores = 1 + max((int(c.max(initial=0)) for c in core_of.values()), default=0)
    chip = (np.arange(n_cores) if slots is None else slots) // int(target.chip.cores.value)
    price = np.array(
        [[output_axons_of(target, kind, other_chip=there) for kind in KINDS] for there in (False, True)], dtype=np.int64
    )
    found: dict[str, OutputAxonUse] = {}
    for name, keys in pairs_of(quantized, core_of, n_cores).items():
        cores, source, destination = core_of[name], keys // n_cores, keys % n_cores
        into = (kinds or {}).get(name, {})
        kind = np.array([KINDS.index(into.get(core, "discrete")) for core in range(n_cores)])[destination]
        cost = price[(chip[cores[source]] != chip[destination]).astype(np.int64), kind]
        output_axons = alone(np.bincount(source, cost, cores.size).astype(np.int64))
        own = np.zeros(cores.size, dtype=bool)
        own[source[kind == KINDS.index("discrete")]] = True
        group = _groups(quantized, target, name, cores.size) if not own.all() else None
        found[name] = (
            output_axons
            if group is None
            else _shared(output_axons, np.where(own, -1, group), source, destination, cost)
        )
    return found


def _groups(quantized: Quantized, target: Target, source: str, size: int) -> Ints | None:
    """(size,) group of neurons that share input axons; None if the rules share no output axons, or windows differ in shape."""
    shapes = {
        window.input_shape
        for window in (item.connectivity for item in quantized.projections if item.source == source)
        if isinstance(window, WindowConnectivity)
    }
    formats, convolution = population_axon_formats(target), target.counting.convolution is not None
    if len(shapes) != 1 or not (convolution or (formats and target.counting.shared_output_axons)):
        return None
    atoms = ATOMS if convolution else formats[0].atoms
    plane, number = prod(next(iter(shapes))[1:]), np.arange(size)
    return number // plane // atoms * plane + number % plane


def _shared(output_axons: OutputAxonUse, group: Ints, source: Ints, destination: Ints, cost: Ints) -> OutputAxonUse:
    """Output axons where a group takes, for each destination, the most that one of its neurons takes."""
    mine = group[source] >= 0
    n_groups, n_cores = int(group.max(initial=-1)) + 1, int(destination.max(initial=0)) + 1
    key, place = np.unique(group[source[mine]] * n_cores + destination[mine], return_inverse=True)
    largest: Ints = np.zeros(key.size, dtype=np.int64)
    np.maximum.at(largest, place, cost[mine])
    return OutputAxonUse(output_axons.each, group, np.bincount(key // n_cores, largest, n_groups).astype(np.int64))


def overfull(target: Target, core_of: dict[str, NDArray[np.int32]], output_axons: dict[str, OutputAxonUse]) -> bool:
    """Return whether the output axons of a core exceed their limit."""
    limit = core_limits(target).get("output_axons")
    if limit is None:
        return False
    n_cores = 1 + max(int(c.max(initial=0)) for c in core_of.values())
    total = sum((output_axons[name].by_core(cores, n_cores) for name, cores in core_of.items()), np.zeros(n_cores))
    return bool(total.max(initial=0) > limit.value)


def keeps_limits(mapping: Mapping) -> bool:
    """Return whether no core of an assignment exceeds a limit."""
    limits, kinds = placing_limits(mapping.target), dict[str, dict[int, Kind]]()
    target = planned_target(mapping)
    into = projections_into(mapping.quantized)
    usages: list[CoreUsage] = [CoreUsage() for _ in range(mapping.n_cores)]
    for population in mapping.quantized.populations:
        core, unsent = mapping.core_of[population.name], alone(np.zeros(population.size, dtype=np.int64))
        order = np.argsort(core, kind="stable")
        for neurons in np.split(order, np.flatnonzero(np.diff(core[order])) + 1):
            if not neurons.size:
                continue
            number = int(core[neurons[0]])
            more = core_usage(target, population, into[population.name], neurons, unsent, usages[number].rows)
            usages[number] += more
            if exceeded(usages[number].figures(), limits):
                return False
    for number, usage in enumerate(usages):
        note_kinds(kinds, number, usage)
    output_axons = output_axon_use(mapping.quantized, target, dict(mapping.core_of), mapping.core_ids, kinds)
    return not overfull(target, dict(mapping.core_of), output_axons)
