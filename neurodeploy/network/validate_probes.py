"""Checks that a probe reads a state of a population, or a variable of a plastic projection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.network import Network, Population, Probe, Projection
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES, learned_variables

__all__ = ["probe_faults"]


def probe_faults(network: Network, probes: Iterable[Probe], code: str, *, unknown: str) -> Iterator[Diagnostic]:
    """Yield a finding with `code` for each probe of a state that its target does not have, with `unknown` without a target.

    `network`: it need not be valid. `probes`: those of the network, or of a run.
    """
    projections = {item.name: item for item in network.projections}
    for item in probes:
        where, name = about("probe", item.name), item.target
        population, projection = network.population_by_name.get(name), projections.get(name)
        if item.variable in LEARNED_VARIABLES and projection is not None:
            message = _learned_fault(projection, item.variable)
        elif population is not None:
            message = _state_fault(population, item.variable)
        elif projection is not None:
            has = ", ".join(learned_variables(projection)) or "no variables, as it is not plastic"
            message = f"projection '{name}' has no state '{item.variable}'; it has {has}"
        else:
            yield _unknown_target(network, item, unknown)
            continue
        if message:
            fixes = _plastic_into(network, name) if item.variable in LEARNED_VARIABLES and projection is None else []
            yield finding(code, where, message, fixes=fixes)


def _unknown_target(network: Network, item: Probe, code: str) -> Diagnostic:
    learned = item.variable in LEARNED_VARIABLES
    kind, names = "population", list(network.population_by_name)
    if learned:
        kind, names = "projection", [each.name for each in network.projections]
    message = f"{kind} '{item.target}' does not exist"
    return finding(code, about("probe", item.name), message, fixes=nearest(item.target, names))


def _state_fault(population: Population, variable: str) -> str:
    """Why a probe cannot read a state of a population; empty if it can."""
    own = population.neuron.memories if isinstance(population.neuron, IntegerNeuron) else ()
    known = ("v", "u", "v_register", *own)
    if variable in known:
        return ""
    return (
        f"population '{population.name}' ({population.neuron.kind}) has no state '{variable}', only {', '.join(known)}"
    )


def _learned_fault(projection: Projection, variable: str) -> str:
    """Why a probe cannot read a variable of a projection; empty if it can."""
    if projection.plasticity is None:
        return f"projection '{projection.name}' is not plastic, so '{variable}' is not recorded; its weights are fixed"
    known = learned_variables(projection)
    if variable in known:
        return ""
    return f"projection '{projection.name}' ({projection.plasticity.kind}) has no variable '{variable}', only {', '.join(known)}"


def _plastic_into(network: Network, population: str) -> list[str]:
    """Fixes that name the plastic projections into a population."""
    names = [item.name for item in network.projections if item.plasticity is not None and item.target == population]
    return [f"target = {name}" for name in names[:1]]
