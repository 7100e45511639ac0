"""Lower bounds on the cores that any mapping needs, by resource. Maps nothing.

LB_r = ceil(demand_r / capacity_r), with demands that no mapping can undercut: compartments as they are; synapse memory with
every entry filled completely, and each distinct number of a kernel stored once where lists can be shared; axons with at most
as many targets per destination core as a core has compartments, and as many sources per axon as a population axon has atoms;
those of plastic synapses take more.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.hardware.target import Target
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.convolution_axons import most_atoms
from neurodeploy.resources.learning import axons_each, learning_bits
from neurodeploy.resources.limits import core_limits

__all__ = ["lower_bounds", "synapse_cores"]


def synapse_cores(quantized: Quantized, target: Target, weight_bits: dict[str, int]) -> float:
    """Return a lower bound on the cores that synapses fill, as a fraction.

    `weight_bits`: projection -> stored bits, for those that differ from the quantized ones.
    """
    limit = core_limits(target).get("synapse_memory")
    if limit is None:
        return 0.0
    bits = sum(_least_bits(target, item, weight_bits.get(item.name)) for item in quantized.projections)
    return bits / (limit.value * target.counting.word.value)


def _least_bits(target: Target, projection: QuantizedProjection, weight_bits: int | None = None) -> float:
    """Lower bound on the bits of a projection's synapses: no index, full entries, no padding."""
    rules = target.counting
    bits = weight_bits or projection.weight_format.weight_bits
    bits += learning_bits(target, projection.plasticity, bits)
    per_entry = bits + rules.entry_prefix.value / rules.synapses_per_entry.value
    shared = target.precision.shared_base is not None
    return (projection.connectivity.distinct_weights if shared else projection.connectivity.n_synapses) * per_entry


def lower_bounds(quantized: Quantized, target: Target) -> dict[str, int]:
    """Return the lower bound on cores, by resource; at least 1 where there are neurons."""
    limits, bounds = core_limits(target), dict[str, int]()
    compartments = sum(item.size * item.compartments_per_neuron for item in quantized.populations)
    if "compartments" in limits:
        bounds["compartments"] = -(-compartments // limits["compartments"].value)
    if "synapse_memory" in limits:
        bits = sum(_least_bits(target, item) for item in quantized.projections)
        capacity = limits["synapse_memory"].value * target.counting.word.value
        bounds["synapse_memory"] = int(np.ceil(bits / capacity))
    in_core = max(limits["compartments"].value, 1) if "compartments" in limits else None
    for resource, inputs_too in (("input_axons", True), ("output_axons", False)):
        if resource in limits and in_core:
            least = _least_axons(quantized, target, in_core, inputs_too)
            bounds[resource] = int(np.ceil(least / limits[resource].value))
    return bounds


def _least_axons(quantized: Quantized, target: Target, in_core: int, inputs_too: bool) -> int:
    """Lower bound on axons: a source reaches at most `in_core` neurons of a core, and shares an axon if it can."""
    inputs = {item.name for item in quantized.network.inputs}
    shares = inputs_too or target.counting.shared_output_axons or target.counting.convolution is not None
    atoms = most_atoms(target) if shares else 1
    total, by_source = 0, dict[str, np.ndarray]()
    windows = {item.source for item in quantized.projections if item.connectivity.shares_weights}
    for projection in quantized.projections:
        fan_out = projection.connectivity.fan_out
        known = by_source.get(projection.source)
        by_source[projection.source] = fan_out if known is None else np.maximum(known, fan_out)
    for source, fan_out in by_source.items():
        if inputs_too or source not in inputs:
            total += -(-int((-(-fan_out // in_core)).sum()) // (atoms if source in windows else 1))
    return total + (_least_extra(quantized, target, in_core) if inputs_too else 0)


def _least_extra(quantized: Quantized, target: Target, in_core: int) -> int:
    """Lower bound on the input axons that plastic synapses take in addition."""
    by_source, more = dict[str, np.ndarray](), 0
    for projection in quantized.projections:
        each = axons_each(target, projection.plasticity)
        if each > 1:
            known, fan_out, more = by_source.get(projection.source), projection.connectivity.fan_out, each - 1
            by_source[projection.source] = fan_out if known is None else np.maximum(known, fan_out)
    return more * sum(int((-(-fan_out // in_core)).sum()) for fan_out in by_source.values())
