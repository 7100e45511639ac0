"""Judgement of networks against processors with memory, by the minimum size of the weights in bytes."""

from __future__ import annotations

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.feasibility.judgement import Use
from neurodeploy.hardware.feasibility_target import ProcessorTarget
from neurodeploy.hardware.files import cite_figure
from neurodeploy.network import Network
from neurodeploy.network.connectivity import synapses_of

__all__ = ["judge_processors"]

BITS_PER_BYTE = 8


def _synapses(network: Network) -> int:
    """Number of nonzero weights, with shared weights counted once per synapse: an upper bound of the stored weights."""
    return sum(synapses_of(item, network.source_size(item.source)).pre.size for item in network.projections)


def judge_processors(network: Network, target: ProcessorTarget) -> tuple[list[Diagnostic], list[Use]]:
    """Return a warning (ND350) if the weights alone exceed the memory of the cores, and the use of the memory."""
    limits, bits = target.limits, target.abilities.weight_bits
    whole = limits.cores.value * limits.core_memory.value
    source = f"{cite_figure(target.file, 'limits.core_memory', limits.core_memory)}; {limits.cores.value:g} cores"
    used = _synapses(network) * (bits.value if bits else BITS_PER_BYTE) / BITS_PER_BYTE
    unit, where = limits.core_memory.unit, about("network", network.name)
    use = Use(name="core_memory", found=used, limit=whole, unit=unit, source=source)
    if used <= whole:
        return [], [use]
    message = "its weights alone exceed the memory of all cores; how much other memory can hold weights is not public"
    warning = finding(
        "ND350",
        where,
        message,
        found=used,
        limit=whole,
        unit=unit,
        limit_source=source,
        resource="core_memory",
        severity="warning",
    )
    return [warning], [use]
