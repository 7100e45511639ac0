"""Findings for neurons, ranges and widths that a target cannot express, before conversion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware.files import cite
from neurodeploy.hardware.target import Target
from neurodeploy.network import Current, LoihiCuba, Network, Population
from neurodeploy.network.delays import possible_delays
from neurodeploy.network.neurons import SpikingNeuron
from neurodeploy.quantize.learning_limits import learning_findings
from neurodeploy.quantize.quantized import QuantizeOptions, SoftReset
from neurodeploy.quantize.soft_reset import by_autapses

__all__ = ["capability_findings"]


def _reset_mode(population: Population) -> str | None:
    neuron = population.neuron
    if isinstance(neuron, LoihiCuba):
        return neuron.reset
    if not isinstance(neuron, SpikingNeuron):
        return None
    return "zero" if neuron.reset.mode == "value" else neuron.reset.mode


def _populations(network: Network, target: Target, soft_reset: SoftReset) -> Iterator[Diagnostic]:
    offered = target.neurons
    for population in network.populations:
        kind = population.neuron.kind
        if kind in offered.kinds:
            yield from _reset(population, target, soft_reset)
            yield from _ranges(population, target)
            continue
        yield finding(
            "ND212",
            about("population", population.name),
            f"neuron kind '{kind}' is not offered by target '{target.name}': {', '.join(offered.kinds)}",
            limit_source=f"{target.file} neurons.kinds: {offered.kinds_source}",
        )


def _reset(population: Population, target: Target, soft_reset: SoftReset) -> Iterator[Diagnostic]:
    """ND213 for a reset that the target does not offer, ND214 for one that is an extension of its documented behaviour."""
    offered, mode, where = target.neurons, _reset_mode(population), about("population", population.name)
    if mode == "subtract" and isinstance(population.neuron, SpikingNeuron) and by_autapses(target, soft_reset):
        return  # ND222 says why it is not an autapse
    if mode is not None and mode not in offered.resets:
        yield finding(
            "ND213",
            where,
            f"reset '{mode}' is not offered by target '{target.name}': {', '.join(offered.resets)}",
            limit_source=cite(target, f"neurons.resets.{next(iter(offered.resets))}"),
        )
    elif mode in offered.extensions:
        count = int(offered.resets[mode].value)
        yield finding(
            "ND214",
            where,
            f"reset '{mode}' is an extension: it takes {count} compartments per neuron, and no public "
            "arithmetic of the chip exists to compare it with",
        )


def _ranges(population: Population, target: Target) -> Iterator[Diagnostic]:
    """ND210 for a refractory period, and ND203 for a threshold, that no register holds."""
    neuron, where = population.neuron, about("population", population.name)
    if not isinstance(neuron, SpikingNeuron):
        return
    span = target.precision.refractory_delay
    if neuron.refractory_steps + 1 > span.high:
        yield finding(
            "ND210",
            about("population", population.name, field="refractory_steps"),
            "refractory period is longer than the register holds",
            found=neuron.refractory_steps,
            limit=span.high - 1,
            unit="step",
            limit_source=cite(target, "precision.refractory_delay"),
        )
    lowest = float(np.min(np.asarray(neuron.v_threshold)))
    base = float(np.max(np.asarray(neuron.reset.value))) if neuron.reset.mode == "value" else 0.0
    if lowest < base:
        yield finding(
            "ND203",
            where,
            f"v_threshold {lowest:g} lies below the reset value {base:g}: no register holds it",
            limit_source=cite(target, "precision.threshold_mantissa"),
        )


def _projections(network: Network, target: Target, options: QuantizeOptions) -> Iterator[Diagnostic]:
    legal = [int(bits) for bits in target.precision.weight_bits.values]
    span, widest = target.precision.delay_steps, max(legal)
    for projection in network.projections:
        where = about("projection", projection.name)
        annotated = projection.weight_format.weight_bits if projection.weight_format else widest
        bits = options.weight_bits.get(projection.name, options.weight_bits.get("*", annotated))
        if bits not in legal:
            yield finding(
                "ND207",
                where,
                f"{bits}-bit weights are not stored by target '{target.name}': {', '.join(map(str, legal))}",
                limit_source=cite(target, "precision.weight_bits"),
            )
        delays = possible_delays(projection)
        if delays.size and delays.max() > span.high:
            count = int(np.count_nonzero(delays > span.high))
            yield finding(
                "ND211",
                where,
                f"{count} of {delays.size} delays are longer than the target holds",
                found=float(delays.max()),
                limit=span.high,
                unit="step",
                limit_source=cite(target, "precision.delay_steps"),
            )
    names = [item.name for item in network.projections]
    for name in options.weight_bits:
        if name != "*" and name not in names:
            yield finding(
                "ND207",
                about("projection", name),
                "does not exist, so its weight bits cannot be set",
                fixes=nearest(name, names),
            )


def capability_findings(
    network: Network, target: Target, options: QuantizeOptions, soft_reset: SoftReset
) -> tuple[Diagnostic, ...]:
    """Return a finding for every neuron kind, reset, range and width that the target does not offer.

    Codes: ND203, ND207, ND210-ND215, ND312-ND318.
    """
    found = [*_populations(network, target, soft_reset), *_projections(network, target, options)]
    found += learning_findings(network, target)
    driving = {item.source for item in network.projections}
    for item in network.inputs:
        if isinstance(item.encoder, Current):
            message = "currents are host-driven in every step: not deployable, simulation only"
            if item.name not in driving:
                message = "its values are signals of learning rules, which a host has to give in every step"
            found.append(finding("ND215", about("input", item.name), message))
    return tuple(found)
