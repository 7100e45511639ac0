"""Judgement against processors with memory, by the least number of bytes of the weights."""

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
    """Number of nonzero weights, shared ones counted once per synapse: an upper bound of what is stored."""
    return sum(synapses_of(item, network.source_size(item.source)).pre.size for item in network.projections)


def judge_processors(network: Network, target: ProcessorTarget) -> tuple[list[Diagnostic], list[Use]]:
    """Return a warning (ND350) if the weights alone overfill the cores' memory, and its use."""
    limits, bits = target.limits, target.abilities.weight_bits
    whole = limits.cores.value * limits.core_memory.value
    source = f"{cite_figure(target.file, 'limits.core_memory', limits.core_memory)}; {limits.cores.value:g} cores"
    used = _synapses(network) * (bits.value if bits else BITS_PER_BYTE) / BITS_PER_BYTE
    unit, where = limits.core_memory.unit, about("network", network.name)
    use = Use(name="core_memory", found=used, limit=whole, unit=unit, source=source)
    if used <= whole:
        return [], [use]
    message = "its weights alone overfill the memory of all cores; how much of other memory holds weights is not public"
    told = finding(
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
    return [told], [use]
