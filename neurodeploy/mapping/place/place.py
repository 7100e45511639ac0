"""Placement: the physical core of each logical core. Moves no neuron between cores and changes no encoding."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.encode import encoded
from neurodeploy.mapping.kernels.board import CoreTraffic
from neurodeploy.mapping.mapping import CorePairs, Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.assignment_usage import output_axon_use
from neurodeploy.mapping.place.pins import pin_groups
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.resources.axons import Kind, output_axons_of
from neurodeploy.resources.encoding import EncodedSegment
from neurodeploy.resources.limits import core_limits

__all__ = ["place"]

Ints = NDArray[np.int64]
PAIRS = 1 << 22
"""Pairs of a source and a core that are summed at a time, about."""
SWAPS = (0, 400, 4_000, 16_000)
"""Swaps proposed per core, by level. In measurements, more swaps than the last value saved less than 1 % of the hops."""


def place(
    mapping: Mapping, *, seed: int = 0, options: MappingOptions | None = None, time_limit: TimeLimit | None = None
) -> Mapping:
    """Return the mapping with a physical core for each logical core.

    Without options, or at level 0, seed 0 places row by row and other seeds shuffle the cores within each chip. At higher
    levels cores are placed by their traffic, weighted by `options.rates`. A core is never moved to a chip where the output
    axons of any core would exceed their limit.
    """
    if options is not None and options.level > 0:
        time_limit = (time_limit or TimeLimit()).within(options.time_limit_s)
        mapping = mapping if mapping.pairs is not None else encoded(mapping)
        core_ids = _by_traffic(mapping, options, mapping.segments or (), time_limit)
    elif mapping.core_ids is not None:
        core_ids = mapping.core_ids
    else:
        core_ids = _in_order(mapping.n_cores, mapping.target, seed)
    return mapping.model_copy(update={"core_ids": core_ids, "placement_seed": seed})


def _in_order(n_cores: int, target: Target, seed: int) -> Ints:
    """Row by row for seed 0; other seeds shuffle the cores within each chip, so every neuron stays on its chip."""
    ids = np.arange(n_cores, dtype=np.int64)
    if seed == 0:
        return ids
    per_chip, rng = int(target.chip.cores.value), np.random.default_rng(seed)
    for first in range(0, n_cores, per_chip):
        ids[first : first + per_chip] = first + rng.permutation(per_chip)[: len(ids[first : first + per_chip])]
    return ids


def _by_traffic(
    mapping: Mapping, options: MappingOptions, segments: tuple[EncodedSegment, ...], time_limit: TimeLimit
) -> Ints:
    """Physical cores that bring cores with much traffic between them close together."""
    target, n_cores = mapping.target, mapping.n_cores
    start = mapping.core_ids if mapping.core_ids is not None else np.arange(n_cores, dtype=np.int64)
    if np.unique(start // int(target.chip.cores_per_tile.value)).size < 2:
        return start
    from neurodeploy.mapping.place.traffic import board_of, place_cores  # not needed at level 0

    per_chip = int(target.chip.cores.value)
    traffic, out = _traffic_of(mapping, options, segments, start // per_chip)
    zone = mapping.pin_group if mapping.pin_group is not None else np.zeros(n_cores, dtype=np.int64)
    limit = core_limits(target).get("output_axons")
    open_slots = pin_groups(mapping.quantized, target, options).open
    if mapping.pairs is not None:  # on a board of a thousand chips, a core finds no better place on an empty one
        open_slots = open_slots & np.isin(np.arange(target.cores) // per_chip, start // per_chip)
    board = board_of(target, open_slots)
    most = limit.value if limit is not None else 1 << 60
    return place_cores(
        traffic, board, start, zone, out, most, SWAPS[options.level], options.placement_seed, time_limit
    ).slot


def _traffic_of(
    mapping: Mapping, options: MappingOptions, segments: tuple[EncodedSegment, ...], chip: Ints
) -> tuple[CoreTraffic, NDArray[np.float64]]:
    """(traffic between cores, (cores,) output axons of each core); `chip` (cores,) for which these are counted."""
    from neurodeploy.mapping.place.traffic import core_traffic, summed

    target, n_cores = mapping.target, mapping.n_cores
    names = [item.name for item in mapping.quantized.populations]
    home = np.concatenate([mapping.core_of[name] for name in names]).astype(np.int64)
    one = {item.name: np.ones(item.size) for item in mapping.quantized.populations}
    rate = np.concatenate([np.asarray(options.rates.get(name, one[name]), dtype=np.float64) for name in names])
    if mapping.pairs is not None and not segments:
        return _traffic_of_pairs(mapping, mapping.pairs, home, rate, chip)
    neuron, to = _output_axons(mapping, segments)
    traffic = core_traffic(home, neuron, to, rate[neuron], n_cores)
    kinds = dict[str, dict[int, Kind]]()
    for item in segments:
        kinds.setdefault(item.source, {})[item.core] = item.kind
    on_chip = output_axon_use(
        mapping.quantized, target, dict(mapping.core_of), np.zeros(n_cores, dtype=np.int64), kinds
    )
    # counted neuron by neuron, axons to another chip are never underestimated
    out = summed(home[neuron], chip[home[neuron]] != chip[to], n_cores)
    return traffic, out + sum(on_chip[name].by_core(mapping.core_of[name], n_cores) for name in names)


def _traffic_of_pairs(
    mapping: Mapping, pairs: CorePairs, home: Ints, rate: NDArray[np.float64], chip: Ints
) -> tuple[CoreTraffic, NDArray[np.float64]]:
    """As `_traffic_of`, from the sources of each core, some cores at a time; `home` and `rate` (neurons,)."""
    from neurodeploy.mapping.place.traffic import summed, summed_traffic

    n_cores, keys, counts, messages = mapping.n_cores, list[Ints](), list[Ints](), list[NDArray[np.float64]]()
    edges = np.searchsorted(pairs.ptr, np.arange(0, int(pairs.ptr[-1]) + PAIRS, PAIRS), "left").clip(0, n_cores)
    for first, last in pairwise(edges.tolist()):
        to: Ints = np.repeat(np.arange(first, last, dtype=np.int64), np.diff(pairs.ptr[first : last + 1]))
        source = pairs.source[pairs.ptr[first] : pairs.ptr[last]]
        sent = source < home.size
        key, place = np.unique(home[source[sent]] * n_cores + to[sent], return_inverse=True)
        keys.append(key)
        counts.append(np.bincount(place.ravel(), minlength=key.size))
        messages.append(summed(place.ravel(), rate[source[sent]], key.size))
    key, count = (
        np.concatenate([np.zeros(0, dtype=np.int64), *keys]),
        np.concatenate([np.zeros(0, dtype=np.int64), *counts]),
    )
    order = np.argsort(key, kind="stable")
    key, count, sums = key[order], count[order], np.concatenate([np.zeros(0), *messages])[order]
    here, there = (output_axons_of(mapping.target, "discrete", other_chip=other) for other in (False, True))
    price = np.where(chip[key // n_cores] == chip[key % n_cores], here, there)
    return summed_traffic(key, count, sums, n_cores), summed(key // n_cores, price * count, n_cores)


def _output_axons(mapping: Mapping, segments: tuple[EncodedSegment, ...]) -> tuple[Ints, Ints]:
    """(neuron, destination core) of every output axon, neurons numbered over all populations."""
    n_cores, sizes = mapping.n_cores, [item.size for item in mapping.quantized.populations]
    first = dict(zip(mapping.core_of, (int(n) for n in np.r_[0, np.cumsum(sizes)]), strict=False))
    sent = [item for item in segments if item.source in first]
    if not sent:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    neuron = np.concatenate([first[item.source] + item.sources for item in sent])
    core = np.repeat([item.core for item in sent], [item.sources.size for item in sent])
    key = distinct(neuron * n_cores + core, sum(sizes) * n_cores)
    return key // n_cores, key % n_cores
