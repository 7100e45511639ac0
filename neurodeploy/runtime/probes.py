"""Verb: which states a backend records: the network's probes, and v for outputs that are read from the membrane."""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.network import Membrane, Network, Probe

__all__ = ["ProbedVariable", "membrane_probe", "probed_variables"]


class ProbedVariable(NamedTuple):
    """One state to record."""

    name: str
    population: str
    variable: str
    """v, u or v_register."""


def membrane_probe(output: str) -> str:
    """Return the name under which v of a membrane output is recorded."""
    return f"{output}.v"


def probed_variables(network: Network, more: tuple[Probe, ...] = ()) -> tuple[ProbedVariable, ...]:
    """Return what to record, in order; `more`: what a run asks for besides."""
    asked = [ProbedVariable(item.name, item.target, item.variable) for item in (*network.probes, *more)]
    for item in network.outputs:
        if isinstance(item.decoder, Membrane):
            asked.append(ProbedVariable(membrane_probe(item.name), item.source, "v"))
    return tuple(asked)
