"""The limits of a core and the words of every list, as the flat arrays that the kernels of the mapper read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.kernels.structs import (
    ACCUMULATORS,
    FORMATS,
    NO_LIMIT,
    PARAMETER_SETS,
    THRESHOLDS,
    CoreLimits,
)
from neurodeploy.mapping.partition.search.hypergraph import delay_classes_of, explicit_projections
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.learning import axons_each, learning_bits, rule_key
from neurodeploy.resources.limits import core_limits
from neurodeploy.resources.synapse_memory import dense_words, index_bits_for, segment_words

__all__ = ["kernel_limits", "limits_of"]

Ints = NDArray[np.int64]
AXES = ("compartments", "synapse_memory", "input_axons", "output_axons")
"""Limits in the order of `CoreLimits.limit`."""


def kernel_limits(quantized: Quantized, target: Target) -> CoreLimits:
    """Return the limits of a core of the target and the words of every list of the network's explicit projections."""
    return limits_of(quantized, target, [item for item, _ in explicit_projections(quantized)])


def limits_of(quantized: Quantized, target: Target, projections: list[QuantizedProjection]) -> CoreLimits:
    """Return the limits of a core of the target and the words of every list of some projections, in their order."""
    limits = {name: item.value for name, item in core_limits(target).items()}
    longest = [int(item.connectivity.longest_delay.max(initial=0)) for item in projections]
    levels, classes = delay_classes_of(max(longest, default=0), target)
    stored = [_stored_bits(target, item) for item in projections]
    bits = sorted(set(stored))
    tables = _word_tables(target, bits, levels, _widest(quantized, target))
    styles = [item.weight_format.model_dump_json() + rule_key(item.plasticity) for item in projections]
    numbers = {style: number for number, style in enumerate(sorted(set(styles)))}
    names = [item.name for item in quantized.populations]
    parameters = _parameter_classes(quantized)
    rare = _rare_limits(limits, parameters, len(projections), delayed=bool(levels[-1]))
    if rare[ACCUMULATORS] == NO_LIMIT and "accumulators" in limits:  # one for each compartment
        limits["compartments"] = min(limits.get("compartments", NO_LIMIT), limits["accumulators"])
    if "input_axons" in limits:  # the kernels count one for each source
        limits["input_axons"] //= max((axons_each(target, item.plasticity) for item in projections), default=1)
    parameters[rare[[PARAMETER_SETS, THRESHOLDS]] == NO_LIMIT] = -1
    return CoreLimits(
        limit=np.array([limits.get(name, NO_LIMIT) for name in AXES], dtype=np.int64),
        compartments=np.array([item.compartments_per_neuron for item in quantized.populations], dtype=np.int64),
        sparse_words=tables.sparse,
        dense_words=tables.dense,
        index_class=tables.index_class,
        weight_class=np.array([bits.index(width) for width in stored], dtype=np.int64),
        format_id=np.array([numbers[style] for style in styles], dtype=np.int64),
        target_population=np.array([names.index(item.target) for item in projections], dtype=np.int64),
        n_delay_classes=np.array([int(classes[steps]) + 1 for steps in longest], dtype=np.int64),
        delay_bits=np.array(levels, dtype=np.int64),
        index_bits=tables.index_bits,
        parameter_class=parameters,
        rare_limit=rare,
    )


def _stored_bits(target: Target, projection: QuantizedProjection) -> int:
    """Stored bits of a synapse without its delay and index."""
    bits = projection.weight_format.weight_bits
    return bits + learning_bits(target, projection.plasticity, bits)


def _widest(quantized: Quantized, target: Target) -> int:
    """Most neurons of one population in a core, plus one: a neuron is added before its core is found to be full."""
    limit = core_limits(target).get("compartments")
    sizes = [
        item.size if limit is None else min(item.size, limit.value // item.compartments_per_neuron)
        for item in quantized.populations
    ]
    return max(sizes, default=0) + 1


class _WordTables(NamedTuple):
    """Words of every list: see `CoreLimits`."""

    sparse: Ints
    dense: Ints
    index_class: Ints
    index_bits: Ints


def _word_tables(target: Target, bits: list[int], levels: list[int], widest: int) -> _WordTables:
    """Tables for weights of `bits`, delays of `levels` bits and lists of up to `widest` synapses."""
    rules = target.counting
    per_width = np.array([index_bits_for(target, width) for width in range(widest + 1)], dtype=np.int64)
    used, index_class = np.unique(per_width, return_inverse=True)
    sparse = np.zeros((len(bits), len(levels), used.size, widest + 1), dtype=np.int64)
    dense = np.zeros((len(bits), len(levels), widest + 1), dtype=np.int64)
    counts = np.arange(widest + 1)
    for style, weight_bits in enumerate(bits):
        for level, delay_bits in enumerate(levels):
            for place, index in enumerate(used.tolist()):
                sparse[style, level, place] = segment_words(rules, counts, weight_bits, delay_bits, index)
                mine = per_width == index
                dense[style, level, mine] = dense_words(rules, counts, weight_bits, delay_bits, index)[mine]
    return _WordTables(sparse, dense, index_class.ravel().astype(np.int64), used)


def _parameter_classes(quantized: Quantized) -> Ints:
    """(2, neurons) class of the parameter set and of the threshold of each neuron; -1: a neuron without threshold."""
    number, columns = dict[tuple[int, ...], int](), [np.zeros(0, dtype=np.int64)]
    for sets, set_of in (item.parameter_sets for item in quantized.populations):
        columns.append(np.array([number.setdefault(one, len(number)) for one in sets], dtype=np.int64)[set_of])
    thresholds = np.concatenate([np.where(item.spiking, item.vth_mant, -1) for item in quantized.populations])
    spiking, numbered = thresholds >= 0, np.full(thresholds.size, -1, dtype=np.int64)
    numbered[spiking] = np.unique(thresholds[spiking], return_inverse=True)[1]
    return np.stack([np.concatenate(columns), numbered])


def _rare_limits(limits: dict[str, int], parameters: Ints, n_projections: int, *, delayed: bool) -> Ints:
    """(4,) `CoreLimits.rare_limit`: NO_LIMIT where the whole network could not exceed a limit."""
    sets, thresholds = parameters.max(axis=1, initial=-1) + 1
    rare = np.full(4, NO_LIMIT, dtype=np.int64)
    for kind, name, binds in (
        (PARAMETER_SETS, "parameter_sets", sets > limits.get("parameter_sets", NO_LIMIT)),
        (THRESHOLDS, "threshold_sets", thresholds > limits.get("threshold_sets", NO_LIMIT)),
        (FORMATS, "synapse_formats", n_projections > limits.get("synapse_formats", NO_LIMIT)),
        (ACCUMULATORS, "accumulators", delayed),
    ):
        if binds:
            rare[kind] = limits.get(name, NO_LIMIT)
    return rare
