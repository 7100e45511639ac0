"""Verb: a quantized network and a target's limits as the flat arrays that the kernels of the mapper read. Moves nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.compiled import summing
from neurodeploy.mapping.partition.search.kernels import OVER, TRIES, Loads, Rules, Search, Wires
from neurodeploy.network.connectivity import SynapseList
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.limits import core_limits
from neurodeploy.resources.synapse_memory import dense_words, index_bits_for, segment_words

__all__ = ["NONE", "begin", "neuron_slices", "rules_of", "wires_of", "written"]

NONE = 1 << 60
"""Stands for a limit that the target does not have."""
TABLE = 1 << 25
"""Entries of (rows, cores) up to which a place is looked up instead of searched."""
Ints = NDArray[np.int64]


def written(quantized: Quantized) -> list[tuple[QuantizedProjection, SynapseList]]:
    """Return the projections whose synapses are a list: the search takes no others."""
    every = ((item, item.connectivity) for item in quantized.projections)
    return [(item, synapses) for item, synapses in every if isinstance(synapses, SynapseList)]


def neuron_slices(quantized: Quantized) -> dict[str, slice]:
    """Return the place of each population in the numbering of all neurons."""
    first = np.r_[0, np.cumsum([item.size for item in quantized.populations])]
    return {item.name: slice(int(a), int(a) + item.size) for item, a in zip(quantized.populations, first, strict=False)}


def _source_firsts(quantized: Quantized) -> dict[str, int]:
    """Number of the first neuron or line of each source; lines come after all neurons."""
    firsts = {name: place.start for name, place in neuron_slices(quantized).items()}
    number = sum(item.size for item in quantized.populations)
    for item in quantized.network.inputs:
        firsts[item.name], number = number, number + item.size
    return firsts


def _delay_levels(quantized: Quantized, target: Target) -> tuple[list[int], NDArray[np.uint8]]:
    """(legal widths in use, class of each delay in steps)."""
    longest = max((int(item.longest_delay.max(initial=0)) for _, item in written(quantized)), default=0)
    legal = sorted(int(bits) for bits in target.precision.delay_bits.values)
    classes = [next((i for i, b in enumerate(legal) if (1 << b) > d), len(legal) - 1) for d in range(longest + 1)]
    return legal[: max(classes) + 1], np.array(classes, dtype=np.uint8)


class _Rows(NamedTuple):
    source: Any
    projection: Any
    out_ptr: Any
    out_target: Any


def _rows(quantized: Quantized) -> _Rows:
    places, firsts = neuron_slices(quantized), _source_firsts(quantized)
    sources = [firsts[p.source] + np.arange(s.n_source) for p, s in written(quantized)]
    numbers = [np.full(s.n_source, i) for i, (_, s) in enumerate(written(quantized))]
    fan_out = [s.fan_out for _, s in written(quantized)]
    used = [np.flatnonzero(counts) for counts in fan_out]
    none: list[Any] = [np.zeros(0, dtype=np.int64)]
    targets = [np.zeros(0, dtype=np.int32)]
    targets += [s.targets + np.int32(places[p.target].start) for p, s in written(quantized)]
    return _Rows(
        np.concatenate(none + [s[u] for s, u in zip(sources, used, strict=True)]).astype(np.int32),
        np.concatenate(none + [s[u] for s, u in zip(numbers, used, strict=True)]).astype(np.int32),
        np.r_[0, np.cumsum(np.concatenate(none + [s[u] for s, u in zip(fan_out, used, strict=True)]))].astype(np.int64),
        np.concatenate(targets),
    )


def _by_target(rows: _Rows, classes: NDArray[np.uint8], n: int) -> tuple[Ints, NDArray[np.int32], NDArray[np.uint8]]:
    """(in_ptr, row of each synapse, delay class of each synapse) by target neuron."""
    ptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows.out_target, minlength=n), out=ptr[1:])
    row, delay = summing.transpose(rows.out_ptr, rows.out_target, classes, ptr)
    return ptr, row, delay


def wires_of(quantized: Quantized, target: Target, zone: Any = None, weight: Any = None) -> Wires:
    """Return the synapses; `zone` (n,) and `weight` (n + lines,) default to one zone and weights of 1."""
    n = sum(item.size for item in quantized.populations)
    n_sources = n + sum(item.size for item in quantized.network.inputs)
    rows, (_, classes) = _rows(quantized), _delay_levels(quantized, target)
    delayed = [classes[item.delay_steps] for _, item in written(quantized) if classes.size > 1]
    per_synapse = np.concatenate(delayed) if delayed else np.zeros(0, dtype=np.uint8)
    in_ptr, in_row, in_delay = _by_target(rows, per_synapse, n)
    order = np.argsort(rows.source, kind="stable")
    ptr = np.r_[0, np.cumsum(np.bincount(rows.source, minlength=n_sources))].astype(np.int64)
    return Wires(
        rows.source, rows.projection, ptr, order.astype(np.int32), in_ptr, in_row, in_delay,
        rows.out_ptr, rows.out_target,
        np.repeat(np.arange(len(quantized.populations)), [item.size for item in quantized.populations]).astype(np.int32),
        np.zeros(n, dtype=np.int32) if zone is None else np.asarray(zone, dtype=np.int32),
        np.ones(n_sources) if weight is None else np.asarray(weight, dtype=np.float64),
    )  # fmt: skip


def _widest(quantized: Quantized, target: Target) -> int:
    """Neurons of one population that a core holds at most."""
    limit = core_limits(target).get("compartments")
    sizes = [
        item.size if limit is None else min(item.size, limit.value // item.compartments_per_neuron)
        for item in quantized.populations
    ]
    return max(sizes, default=0) + 1  # a neuron is added before a full core is seen to be full


def _word_tables(target: Target, bits: list[int], levels: list[int], widest: int) -> tuple[Any, Any, Any, list[int]]:
    """(sparse, dense, index class of each width, index widths in use)."""
    rules = target.counting
    per_width = [index_bits_for(target, width) for width in range(widest + 1)]
    used = sorted(set(per_width))
    sparse = np.zeros((len(bits), len(levels), len(used), widest + 1), dtype=np.int64)
    dense = np.zeros((len(bits), len(levels), widest + 1), dtype=np.int64)
    counts = np.arange(widest + 1)
    for style, weight_bits in enumerate(bits):
        for level, delay_bits in enumerate(levels):
            for place, index in enumerate(used):
                sparse[style, level, place] = segment_words(rules, counts, weight_bits, delay_bits, index)
                mine = np.array(per_width) == index
                dense[style, level, mine] = dense_words(rules, counts, weight_bits, delay_bits, index)[mine]
    return sparse, dense, np.array([used.index(b) for b in per_width], dtype=np.int64), used


def _sets(quantized: Quantized, limits: dict[str, int]) -> tuple[Any, list[int]]:
    """((2, n) parameter set and threshold of each neuron, limits of those that can bind)."""
    found, bound, first, columns = list[Any](), list[int](), dict[tuple[int, ...], int](), list[Any]()
    for sets, of in (item.parameter_sets for item in quantized.populations):
        columns.append(np.array([first.setdefault(one, len(first)) for one in sets], dtype=np.int64)[of])
    rows = np.concatenate([*columns, np.zeros(0, dtype=np.int64)])
    thresholds = np.concatenate([np.where(item.spiking, item.vth_mant, -1) for item in quantized.populations])
    values = np.unique(thresholds[thresholds >= 0], return_inverse=True)[1]
    numbered = np.full(thresholds.size, -1, dtype=np.int64)
    numbered[thresholds >= 0] = values
    for name, classes in (("parameter_sets", rows), ("threshold_sets", numbered)):
        many = int(classes.max(initial=-1)) + 1
        binds = name in limits and many > limits[name]
        found.append(classes if binds else np.full(classes.size, -1))
        bound.append(limits[name] if binds else NONE)
    return np.stack(found).astype(np.int64), bound


def rules_of(quantized: Quantized, target: Target) -> Rules:
    """Return the limits of a core and the words of every list."""
    limits = {name: item.value for name, item in core_limits(target).items()}
    levels, classes = _delay_levels(quantized, target)
    bits = sorted({item.weight_format.weight_bits for item, _ in written(quantized)})
    sparse, dense, index_class, index_bits = _word_tables(target, bits, levels, _widest(quantized, target))
    looks = [item.weight_format.model_dump_json() for item, _ in written(quantized)]
    names, parameter = [item.name for item in quantized.populations], _sets(quantized, limits)
    n_formats = len(written(quantized))
    rare = [*parameter[1], limits.get("synapse_formats", NONE), limits.get("accumulators", NONE), NONE]
    rare[2] = rare[2] if n_formats > rare[2] else NONE
    rare[3] = rare[3] if levels[-1] else NONE
    kinds = ("compartments", "synapse_memory", "input_axons", "output_axons")
    each = [item.compartments_per_neuron for item in quantized.populations]
    if rare[3] == NONE and "accumulators" in limits:
        limits["compartments"] = min(limits.get("compartments", NONE), limits["accumulators"])
    return Rules(
        np.array([limits.get(name, NONE) for name in kinds], dtype=np.int64),
        np.array(each, dtype=np.int64),
        sparse, dense, index_class,
        np.array([bits.index(item.weight_format.weight_bits) for item, _ in written(quantized)], dtype=np.int64),
        np.array([sorted(set(looks)).index(look) for look in looks], dtype=np.int64),
        np.array([names.index(item.target) for item, _ in written(quantized)], dtype=np.int64),
        np.array([int(classes[int(item.longest_delay.max(initial=0))]) + 1 for _, item in written(quantized)], dtype=np.int64),
        np.array(levels, dtype=np.int64), np.array(index_bits, dtype=np.int64), parameter[0],
        np.array(rare, dtype=np.int64),
    )  # fmt: skip


def begin(wires: Wires, rules: Rules, chip: Any) -> tuple[Loads, Search]:
    """Return empty cores, one for each element of `chip` (ascending), and the scratch of a search."""
    n, cores, projections = wires.population.size, int(np.asarray(chip).size), int(rules.style.size)
    levels, indices = int(rules.delay_bits.size), int(rules.index_bits.size)
    room = np.minimum(np.diff(wires.out_ptr), cores)
    ptr = np.r_[0, np.cumsum(room)].astype(np.int64)
    many = int(rules.parameter.max(initial=-1)) + 1
    zeros = np.zeros
    spot = np.full((room.size, cores) if 1 < room.size * cores <= TABLE else (1, 1), -1, dtype=np.int16)
    loads = Loads(
        np.full(n, -1, dtype=np.int32), zeros((4, cores), dtype=np.int64),
        zeros((cores, rules.compartments.size), dtype=np.int32), zeros((cores, projections), dtype=np.int32),
        zeros((cores, projections, levels, indices), dtype=np.int64),
        zeros((cores, projections, levels if levels > 1 else 1), dtype=np.int32),
        ptr, zeros(room.size, dtype=np.int32), zeros(int(ptr[-1]), dtype=np.uint32), zeros(int(ptr[-1]), dtype=np.int32),
        spot,
        zeros(wires.source_ptr.size - 1, dtype=np.int64), zeros((2, cores, max(many, 1)), dtype=np.int32),
        np.full(cores, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32),
        zeros(cores, dtype=np.int32), np.asarray(chip, dtype=np.int32), np.full(cores, -1, dtype=np.int32),
        np.array([0.0, 0.0, OVER]), zeros((4, cores)), zeros(projections, dtype=np.int64),
    )  # fmt: skip
    journal = np.zeros((max(4 * n, 1024), 2), dtype=np.int64)
    whole = [zeros(cores, dtype=np.int64) for _ in range(4)]
    marks = np.full(cores, -1, dtype=np.int64)
    search = Search(
        zeros(cores), marks, journal, zeros(2, dtype=np.int64), zeros(1, dtype=np.int64),
        whole[0], whole[1], whole[2], whole[3], zeros(TRIES, dtype=np.int64), zeros(TRIES), zeros(n, dtype=np.int64),
    )  # fmt: skip
    return loads, search
