"""Proofs that a neuron fits no core under any mapping. Fixes are computed elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.network.connectivity import WindowConnectivity
from neurodeploy.network.plasticity import Trace
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.resources.convolution_axons import most_atoms
from neurodeploy.resources.core_usage import projections_into
from neurodeploy.resources.learning import axons_each, learning_bits, rule_key, source_traces
from neurodeploy.resources.limits import CODES, Limit, core_limits
from neurodeploy.resources.synapse_memory import delay_bits_for, segment_words

__all__ = ["check"]

Ints = NDArray[np.int64]
BATCH = 1 << 22
"""Synapses whose sources are compared at a time, about."""
_SAYS = {
    "input_axons": "{n} has {found:,} distinct sources, and a neuron cannot be split across cores",
    "synapse_memory": "the synapses of {n} alone exceed the synapse memory of a core",
    "output_axons": "the targets of {n} fill at least {found:,} cores, and each uses an output axon",
    "fan_in": "{n} has more synapses than the target allows",
    "accumulators": "{n} alone, with its delays, needs more accumulators than a core has",
    "compartments": "{n} alone needs more compartments than a core has",
    "synapse_formats": "the synapses of {n} need more formats than a core holds",
    "words_per_axon": "a list of {n} alone is longer than an axon can hold",
    "source_traces": "the rules of {n} read more traces of sources than a core configures",
}


def _ranges(neurons: Ints) -> str:
    """Neurons as ranges: "neurons 0..4, 7"."""
    if neurons.size == 1:
        return f"neuron {neurons[0]}"
    breaks = np.flatnonzero(np.diff(neurons) > 1)
    starts, stops = np.r_[neurons[0], neurons[breaks + 1]], np.r_[neurons[breaks], neurons[-1]]
    parts = [f"{a}..{b}" if b > a else f"{a}" for a, b in zip(starts, stops, strict=True)]
    shown = ", ".join(parts[:5]) + (f" and {len(parts) - 5} more ranges" if len(parts) > 5 else "")
    return f"neurons {shown} ({neurons.size} in all)"


def _per_neuron(target: Target, population: QuantizedPopulation, into: list[QuantizedProjection]) -> dict[str, Ints]:
    """Use of a core that holds a single neuron, for every neuron."""
    size = population.size
    used = {
        name: np.zeros(size, dtype=np.int64) for name in ("input_axons", "synapse_memory", "fan_in", "words_per_axon")
    }
    delay_bits: Ints = np.zeros(size, dtype=np.int64)
    by_source: dict[str, list[QuantizedProjection]] = {}
    for projection in into:
        by_source.setdefault(projection.source, []).append(projection)
    for projection in into:
        count, longest = projection.connectivity.fan_in, projection.connectivity.longest_delay
        widths = np.array(
            [delay_bits_for(target, step) for step in range(int(longest.max(initial=0)) + 1)], dtype=np.int64
        )
        bits: Ints = widths[longest]
        delay_bits = np.maximum(delay_bits, bits)
        style = projection.weight_format.weight_bits
        style += learning_bits(target, projection.plasticity, style)
        one = np.array(
            [int(segment_words(target.counting, 1, style, int(b), 0)) for b in range(int(bits.max(initial=0)) + 1)]
        )
        lists = _least_lists(target, projection, alone=len(by_source[projection.source]) == 1)
        used["synapse_memory"] += lists * one[bits]
        used["words_per_axon"] = np.maximum(used["words_per_axon"], np.where(count > 0, one[bits], 0))
        used["fan_in"] += count
    atoms = most_atoms(target)
    for same in by_source.values():
        shared = atoms if len(same) == 1 and same[0].connectivity.shares_weights else 1
        used["input_axons"] += -(-_distinct(same, size) // shared)
        plastic = [item for item in same if axons_each(target, item.plasticity) > 1]
        if plastic:
            used["input_axons"] += (axons_each(target, plastic[0].plasticity) - 1) * _distinct(plastic, size)
    used["synapse_formats"] = _formats(into, size)
    used["source_traces"] = _traces(into, size)
    used["compartments"] = np.full(size, population.compartments_per_neuron)
    used["accumulators"] = used["compartments"] << delay_bits
    return used


def _least_lists(target: Target, projection: QuantizedProjection, *, alone: bool) -> Ints:
    """(n_target,) number of lists of a core that holds one neuron: one for each source, or for each weight if sources
    share lists.
    """
    window = projection.connectivity
    count = window.fan_in
    if target.precision.shared_base is None or not alone or not isinstance(window, WindowConnectivity):
        return count
    there = [row[present > 0] for row, present in zip(window.kernel, window.present, strict=True)]
    channel: Ints = np.arange(count.size) // (count.size // len(there))
    whole = np.array([row.size for row in there], dtype=np.int64)[channel]
    unlike = np.array([np.unique(row).size for row in there], dtype=np.int64)[channel]
    return np.where(count == whole, unlike, np.minimum(count, 1))  # at an edge, an arbitrary part of the kernel remains


def _formats(into: list[QuantizedProjection], size: int) -> Ints:
    """Lower bound of the distinct weight formats of each neuron; encodings and delays can only add formats."""
    by_style: dict[str, NDArray[np.bool_]] = {}
    for projection in into:
        key = projection.weight_format.model_dump_json() + rule_key(projection.plasticity)
        by_style[key] = by_style.get(key, np.zeros(size, dtype=bool)) | (projection.connectivity.fan_in > 0)
    return sum((flags.astype(np.int64) for flags in by_style.values()), np.zeros(size, dtype=np.int64))


def _traces(into: list[QuantizedProjection], size: int) -> Ints:
    """(size,) distinct traces of sources that the rules of each neuron's synapses read."""
    found: dict[Trace, NDArray[np.bool_]] = {}
    for projection in into:
        for trace in source_traces(projection.plasticity):
            found[trace] = found.get(trace, np.zeros(size, dtype=bool)) | (projection.connectivity.fan_in > 0)
    return sum((flags.astype(np.int64) for flags in found.values()), np.zeros(size, dtype=np.int64))


def _least_destinations(quantized: Quantized, compartments: Limit) -> dict[str, Ints]:
    """Minimum number of cores that each neuron's spikes must reach, by population, because its targets fill that many."""
    sizes = {item.name: item for item in quantized.populations}
    reach: dict[tuple[str, str], Ints] = {}
    for projection in quantized.projections:
        if projection.source in sizes:
            key, fan_out = (projection.source, projection.target), projection.connectivity.fan_out
            reach[key] = np.maximum(fan_out, reach.get(key, 0))
    total = {name: np.zeros(item.size, dtype=np.int64) for name, item in sizes.items()}
    for (source, target), fan_out in reach.items():
        total[source] += fan_out * sizes[target].compartments_per_neuron
    return {name: -(-values // compartments.value) for name, values in total.items()}


def _distinct(same: list[QuantizedProjection], size: int) -> Ints:
    """Distinct sources of each neuron over projections from one source, some neurons at a time."""
    if len(same) == 1:
        return same[0].connectivity.fan_in
    n_source, found = same[0].connectivity.n_source, np.zeros(size, dtype=np.int64)
    mean = sum(item.connectivity.n_synapses for item in same) / max(size, 1)
    step = max(int(BATCH / max(mean, 1.0)), 1)
    for start in range(0, size, step):
        neurons = np.arange(start, min(start + step, size))
        parts = [item.connectivity.into(neurons) for item in same]
        pairs = distinct(np.concatenate([part.rows * n_source + part.source for part in parts]))
        found[neurons] = np.bincount(pairs // n_source, minlength=neurons.size)
    return found


def _findings_of(name: str, used: dict[str, Ints], limits: dict[str, Limit]) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for resource, values in used.items():
        limit = limits.get(resource)
        over = np.flatnonzero(values > limit.value) if limit else np.zeros(0, dtype=np.int64)
        if limit is None or not over.size:
            continue
        worst = int(values[over].max())
        message = _SAYS[resource].format(
            n="each neuron" if over.size == values.size > 1 else _ranges(over), found=worst
        )
        found.append(
            finding(
                CODES[resource],
                about("population", name),
                message,
                found=worst,
                limit=limit.value,
                unit=limit.unit,
                limit_source=limit.citation,
                resource=resource,
            )
        )
    return found


def check(quantized: Quantized, target: Target) -> tuple[Diagnostic, ...]:
    """Return every proof that a neuron fits no core of the target, by population (ND301-ND305, ND308-ND311)."""
    limits, into = core_limits(target), projections_into(quantized)
    found: list[Diagnostic] = []
    reach = _least_destinations(quantized, limits["compartments"]) if "compartments" in limits else {}
    for population in quantized.populations:
        used = _per_neuron(target, population, into[population.name])
        if population.name in reach:
            used["output_axons"] = reach[population.name]
        found += _findings_of(population.name, used, limits)
    return tuple(found)
