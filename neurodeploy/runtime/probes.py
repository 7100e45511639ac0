"""Verb: which states a backend records: the network's probes, and v for outputs that are read from the membrane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, get_args

from neurodeploy.diagnostics import Diagnostic, finding, raise_errors
from neurodeploy.network import Membrane, Network, Probe

__all__ = ["ProbedVariable", "membrane_probe", "probed_variables", "probes_named"]


class ProbedVariable(NamedTuple):
    """One state to record."""

    name: str
    population: str
    variable: str
    """v, u or v_register."""


def membrane_probe(output: str) -> str:
    """Return the name under which v of a membrane output is recorded."""
    return f"{output}.v"


def probes_named(network: Network, asked: Sequence[str | tuple[str, str]]) -> tuple[Probe, ...]:
    """Return the probes of "population", "population.variable" or (population, variable). Raises DiagnosticError: ND510."""
    populations = sorted(network.population_by_name, key=len, reverse=True)
    found, faults = list[Probe](), list[Diagnostic]()
    for item in asked:
        name, variable = item if not isinstance(item, str) else _split(item, populations)
        if variable in get_args(Probe.model_fields["variable"].annotation):
            plain = {"name": f"{name}.{variable}", "target": name, "variable": variable}
            found.append(Probe.model_validate(plain))
        else:
            states = ", ".join(get_args(Probe.model_fields["variable"].annotation))
            told = f"no kind has a state '{variable}': {states}"
            faults.append(finding("ND510", f"probe '{name}.{variable}'", told))
    raise_errors("run", faults)
    return tuple(found)


def _split(asked: str, populations: list[str]) -> tuple[str, str]:
    """Names of populations may have dots of their own: the longest that fits is meant."""
    if asked in populations:
        return asked, "v"
    for name in populations:
        if asked.startswith(f"{name}."):
            return name, asked[len(name) + 1 :]
    name, dot, variable = asked.rpartition(".")
    return (name, variable) if dot else (asked, "v")


def probed_variables(network: Network, more: tuple[Probe, ...] = ()) -> tuple[ProbedVariable, ...]:
    """Return what to record, in order; `more`: what a run asks for besides."""
    asked = [ProbedVariable(item.name, item.target, item.variable) for item in (*network.probes, *more)]
    for item in network.outputs:
        if isinstance(item.decoder, Membrane):
            asked.append(ProbedVariable(membrane_probe(item.name), item.source, "v"))
    return tuple(asked)
