"""Placement: the physical core of each logical core. Moves no neuron between cores and changes no encoding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.encode import encoded
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.assignment_usage import output_axon_use
from neurodeploy.mapping.place.pins import pin_groups
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.resources.axons import Kind
from neurodeploy.resources.encoding import EncodedSegment
from neurodeploy.resources.limits import core_limits

__all__ = ["place"]

Ints = NDArray[np.int64]
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
        mapping = encoded(mapping)
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
    from neurodeploy.mapping.place.traffic import board_of, core_traffic, place_cores, summed  # not needed at level 0

    names = [item.name for item in mapping.quantized.populations]
    home = np.concatenate([mapping.core_of[name] for name in names]).astype(np.int64)
    one = {item.name: np.ones(item.size) for item in mapping.quantized.populations}
    rate = np.concatenate([np.asarray(options.rates.get(name, one[name]), dtype=np.float64) for name in names])
    neuron, to = _output_axons(mapping, segments)
    traffic = core_traffic(home, neuron, to, rate[neuron], n_cores)
    chip, kinds = start // int(target.chip.cores.value), dict[str, dict[int, Kind]]()
    for item in segments:
        kinds.setdefault(item.source, {})[item.core] = item.kind
    on_chip = output_axon_use(mapping.quantized, target, dict(mapping.core_of), np.zeros_like(start), kinds)
    # counted neuron by neuron, axons to another chip are never underestimated
    out = summed(home[neuron], chip[home[neuron]] != chip[to], n_cores)
    out = out + sum(on_chip[name].by_core(mapping.core_of[name], n_cores) for name in names)
    zone = mapping.pin_group if mapping.pin_group is not None else np.zeros(n_cores, dtype=np.int64)
    limit = core_limits(target).get("output_axons")
    board = board_of(target, pin_groups(mapping.quantized, target, options).open)
    most = limit.value if limit is not None else 1 << 60
    return place_cores(
        traffic, board, start, zone, out, most, SWAPS[options.level], options.placement_seed, time_limit
    ).slot


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
