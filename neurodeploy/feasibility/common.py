"""Findings common to all architectures: neurons, delays and weight widths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.feasibility_target import FeasibilityTarget
from neurodeploy.hardware.files import cite_figure
from neurodeploy.network import Network, Population
from neurodeploy.network.delays import possible_delays
from neurodeploy.network.neurons import LoihiCuba, SpikingNeuron
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.procedural.tables import table_of

__all__ = ["connection_findings", "neuron_findings"]


def _ability(target: FeasibilityTarget, field: str) -> tuple[Any, str]:
    """(value, citation) of a capability; (None, "") if it is unknown."""
    value = getattr(target.abilities, field)
    return value, "" if value is None else cite_figure(target.file, f"abilities.{field}", value)


def _kind(population: Population, target: FeasibilityTarget) -> Iterator[Diagnostic]:
    offered, source = _ability(target, "kinds")
    kind = population.neuron.kind
    if offered is not None and kind not in offered.words:
        message = (
            f"neuron kind '{kind}' is not supported by target '{target.name}', which has {', '.join(offered.words)}"
        )
        subject = about("population", population.name, field="kind")
        yield finding("ND340", subject, message, limit_source=source)


def _reset(population: Population, target: FeasibilityTarget) -> Iterator[Diagnostic]:
    offered, source = _ability(target, "resets")
    neuron, mode = population.neuron, None
    if isinstance(neuron, SpikingNeuron):
        mode = neuron.reset.mode
    elif isinstance(neuron, LoihiCuba):
        mode = neuron.reset
    if offered is not None and mode is not None and mode not in offered.words:
        message = f"reset '{mode}' is not supported by target '{target.name}', which has {', '.join(offered.words)}"
        subject = about("population", population.name, field="reset")
        yield finding("ND340", subject, message, limit_source=source)


def _refractory(population: Population, target: FeasibilityTarget) -> Iterator[Diagnostic]:
    figure, source = _ability(target, "refractory_steps")
    steps = int(np.max(np.asarray(getattr(population.neuron, "refractory_steps", 0))))
    if figure is not None and steps > figure.value:
        message = "refractory period is longer than the target supports"
        subject = about("population", population.name, field="refractory_steps")
        yield finding("ND340", subject, message, found=steps, limit=figure.value, unit=figure.unit, limit_source=source)


def _decays(population: Population, target: FeasibilityTarget, dt_s: float) -> Iterator[Diagnostic]:
    """Time constants beyond the longest decay of the target."""
    figure, source = _ability(target, "decay_shift")
    if figure is None:
        return
    for field in ("tau_m_s", "tau_syn_s"):
        tau = getattr(population.neuron, field, None)
        if tau is None:
            continue
        shift = float(np.max(np.round(np.log2(np.asarray(tau) / dt_s))))
        if shift > figure.value:
            message = f"{field} is longer than the longest decay of the target"
            subject = about("population", population.name, field=field)
            yield finding(
                "ND340", subject, message, found=shift, limit=figure.value, unit=figure.unit, limit_source=source
            )


def _voltages(population: Population, target: FeasibilityTarget, inhibited: bool) -> Iterator[Diagnostic]:
    """Voltage floors and thresholds that are fixed by the target, or shared by a population."""
    neuron, name = population.neuron, population.name
    if not isinstance(neuron, SpikingNeuron):
        return
    shared, source = _ability(target, "one_threshold")
    for field in ("v_threshold", "v_floor"):
        value = getattr(neuron, field)
        if shared is not None and value is not None and np.unique(np.asarray(value)).size > 1:
            count = np.unique(np.asarray(value)).size
            message = f"{count} different values of {field}: target '{target.name}' has one for a population"
            yield finding("ND340", about("population", name, field=field), message, limit_source=source)
    floor, source = _ability(target, "v_floor")
    if floor is None or not inhibited:
        return
    if neuron.v_floor is None or np.any(np.asarray(neuron.v_floor) != floor.value):
        own = "no floor" if neuron.v_floor is None else "another floor"
        message = f"has {own} and inhibition, and no voltage of target '{target.name}' goes below {floor.value:g}"
        yield finding("ND340", about("population", name, field="v_floor"), message, limit_source=source)


def _weights(operation: Any) -> NDArray[Any]:
    """Weights of an operation, or those that it can draw; 1 for a pool."""
    if isinstance(operation, PROCEDURAL):
        return table_of(operation.weights)
    return np.asarray(getattr(operation, "weights", 1))


def _inhibited(network: Network, name: str) -> bool:
    """Whether negative weights or biases can lower the voltages of a population."""
    for projection in network.projections:
        steps = getattr(projection.operation, "operations", (projection.operation,))
        if projection.target == name and any(np.any(_weights(step) < 0) for step in steps):
            return True
    neuron = network.population_by_name[name].neuron
    return bool(np.any(np.asarray(getattr(neuron, "bias", 0)) < 0))


def neuron_findings(network: Network, target: FeasibilityTarget) -> Iterator[Diagnostic]:
    """Yield ND340 for neuron parameters that the target does not support."""
    for population in network.populations:
        yield from _kind(population, target)
        yield from _reset(population, target)
        yield from _refractory(population, target)
        yield from _decays(population, target, network.time.dt_s)
        yield from _voltages(population, target, _inhibited(network, population.name))


def connection_findings(network: Network, target: FeasibilityTarget) -> Iterator[Diagnostic]:
    """Yield ND341 for delays, ND349 for weight widths and ND312 for rules that the target is not known to support."""
    delay, delay_source = _ability(target, "delay_steps")
    bits, bits_source = _ability(target, "weight_bits")
    for projection in network.projections:
        name, longest = projection.name, int(possible_delays(projection).max(initial=0))
        if delay is not None and longest > delay.value:
            message = "delays are longer than the target supports"
            yield finding(
                "ND341",
                about("projection", name, field="delay_steps"),
                message,
                found=longest,
                limit=delay.value,
                unit=delay.unit,
                limit_source=delay_source,
            )
        if projection.plasticity is not None:
            message = f"learns, and no figure of target '{target.name}' says which rules its cores learn by; weights are judged as fixed"
            yield finding("ND312", about("projection", name, field="plasticity"), message, severity="warning")
        style = projection.weight_format
        if bits is not None and style is not None and style.weight_bits > bits.value:
            message = "its integer weights are wider than the target stores"
            found, limit = style.weight_bits, bits.value
            subject = about("projection", name, field="weight_format.weight_bits")
            yield finding("ND349", subject, message, found=found, limit=limit, unit=bits.unit, limit_source=bits_source)
