"""The hypergraph of a quantized network: its synapses as the flat arrays that the kernels of the mapper read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.kernels.calls import by_target
from neurodeploy.mapping.kernels.structs import Hypergraph
from neurodeploy.network.connectivity import SynapseList
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized

__all__ = ["delay_classes", "delay_classes_of", "explicit_projections", "hypergraph_of", "neuron_slices"]

Ints = NDArray[np.int64]


def explicit_projections(quantized: Quantized) -> list[tuple[QuantizedProjection, SynapseList]]:
    """Projections whose synapses are listed one by one, with their synapses; the search covers no others."""
    every = ((item, item.connectivity) for item in quantized.projections)
    return [(item, synapses) for item, synapses in every if isinstance(synapses, SynapseList)]


def neuron_slices(quantized: Quantized) -> dict[str, slice]:
    """Population -> its place in the numbering of all neurons."""
    first = np.r_[0, np.cumsum([item.size for item in quantized.populations])]
    return {item.name: slice(int(a), int(a) + item.size) for item, a in zip(quantized.populations, first, strict=False)}


def delay_classes(quantized: Quantized, target: Target) -> tuple[list[int], NDArray[np.uint8]]:
    """(legal delay widths in use in bits, ascending; (longest delay + 1,) class of each delay in steps)."""
    every = explicit_projections(quantized)
    return delay_classes_of(
        max((int(synapses.longest_delay.max(initial=0)) for _, synapses in every), default=0), target
    )


def delay_classes_of(longest: int, target: Target) -> tuple[list[int], NDArray[np.uint8]]:
    """As `delay_classes`, where the longest delay is known."""
    legal = sorted(int(bits) for bits in target.precision.delay_bits.values)
    classes = [next((i for i, b in enumerate(legal) if (1 << b) > d), len(legal) - 1) for d in range(longest + 1)]
    return legal[: max(classes) + 1], np.array(classes, dtype=np.uint8)


def hypergraph_of(
    quantized: Quantized,
    target: Target,
    pin_group: NDArray[np.integer] | None = None,
    source_weight: NDArray[np.floating] | None = None,
) -> Hypergraph:
    """Return the synapses of all explicit projections.

    `pin_group` (neurons,): neurons of different groups share no core; None: one group. `source_weight` (sources,): cost of a
    (source, core) pair; None: 1 each.
    """
    n = sum(item.size for item in quantized.populations)
    n_sources = n + sum(item.size for item in quantized.network.inputs)
    rows, (_, classes) = _rows(quantized), delay_classes(quantized, target)
    delayed = [classes[synapses.delay_steps] for _, synapses in explicit_projections(quantized) if classes.size > 1]
    per_synapse = np.concatenate(delayed) if delayed else np.zeros(0, dtype=np.uint8)
    in_ptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows.out_target, minlength=n), out=in_ptr[1:])
    in_row, in_delay = by_target(rows.out_ptr, rows.out_target, per_synapse, in_ptr)
    sizes = [item.size for item in quantized.populations]
    return Hypergraph(
        row_source=rows.source,
        row_projection=rows.projection,
        source_ptr=np.r_[0, np.cumsum(np.bincount(rows.source, minlength=n_sources))].astype(np.int64),
        source_row=np.argsort(rows.source, kind="stable").astype(np.int32),
        in_ptr=in_ptr,
        in_row=in_row,
        in_delay=in_delay,
        out_ptr=rows.out_ptr,
        out_target=rows.out_target,
        population=np.repeat(np.arange(len(sizes)), sizes).astype(np.int32),
        pin_group=np.zeros(n, dtype=np.int32) if pin_group is None else np.asarray(pin_group, dtype=np.int32),
        source_weight=np.ones(n_sources) if source_weight is None else np.asarray(source_weight, dtype=np.float64),
    )


class _Rows(NamedTuple):
    """Rows with a synapse, by projection and source: see `Hypergraph`."""

    source: NDArray[np.int32]
    projection: NDArray[np.int32]
    out_ptr: Ints
    out_target: NDArray[np.int32]


def _rows(quantized: Quantized) -> _Rows:
    projections, places, firsts = explicit_projections(quantized), neuron_slices(quantized), _first_of_source(quantized)
    source, number, fan_out = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    targets = [np.zeros(0, dtype=np.int32)]
    for index, (item, synapses) in enumerate(projections):
        synapses_of_source = synapses.fan_out
        used = np.flatnonzero(synapses_of_source)
        source.append(firsts[item.source] + used)
        number.append(np.full(used.size, index))
        fan_out.append(synapses_of_source[used])
        targets.append(synapses.targets + np.int32(places[item.target].start))
    return _Rows(
        source=np.concatenate(source).astype(np.int32),
        projection=np.concatenate(number).astype(np.int32),
        out_ptr=np.r_[0, np.cumsum(np.concatenate(fan_out))].astype(np.int64),
        out_target=np.concatenate(targets),
    )


def _first_of_source(quantized: Quantized) -> dict[str, int]:
    """Population or input -> number of its first neuron or line; lines are numbered after all neurons."""
    firsts = {name: place.start for name, place in neuron_slices(quantized).items()}
    number = sum(item.size for item in quantized.populations)
    for item in quantized.network.inputs:
        firsts[item.name], number = number, number + item.size
    return firsts
