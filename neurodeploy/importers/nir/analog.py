"""Nodes that integrate without spiking (I, LI, CubaLI), and what may follow them: a Threshold, or an output.

A Threshold directly behind an integrator compares its voltage, so both become one population that spikes and is not reset.
A voltage that anything else receives would have to be sent in every step; neurons send spikes only.
"""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.importers.fields import brief
from neurodeploy.importers.nir.chains import Arrival, Arrivals
from neurodeploy.importers.nir.graph import FlatGraph
from neurodeploy.importers.nir.nodes import Cell, Flat, Node, Port
from neurodeploy.importers.notes import Notes, listed

__all__ = ["INTEGRATORS", "check_voltages", "join_thresholds"]

INTEGRATORS = ("I", "LI", "CubaLI")


def _integrates(node: Node | None) -> bool:
    return isinstance(node, Cell) and node.kind in INTEGRATORS and "threshold" not in node.values


def join_thresholds(graph: FlatGraph, nodes: dict[str, Node], notes: Notes) -> tuple[FlatGraph, dict[str, Node]]:
    """Return the graph and nodes with each Threshold behind an integrator as one neuron, named after the Threshold.

    The integrator stays as a population of its own if something else reads it.
    """
    into, made, joined = dict(graph.into), dict(nodes), dict[str, str]()
    for name, node in sorted(nodes.items()):
        source = _before(graph, nodes, name) if isinstance(node, Cell) and node.kind == "Threshold" else None
        found = None if source is None else nodes[source]
        if source is None or not isinstance(found, Cell) or not isinstance(node, Cell):
            continue
        joined[name] = source
        made[name] = Cell(found.kind, {**found.values, "threshold": node.values["threshold"]})
        into[name] = graph.into[source]
        got = "one population, which no spike resets"
        notes.line(name, "nodes", f"'{brief(source)}' ({found.kind}) and a Threshold", got, "exact")
    out = _targets(graph)
    for source in set(joined.values()):
        if _behind(graph, nodes, source, out) <= joined.keys():
            del made[source]
    return replace(graph, into=into), made


def _passes(graph: FlatGraph, nodes: dict[str, Node], name: str) -> bool:
    """Whether a node only passes on what it receives."""
    return isinstance(nodes.get(name), (Port, Flat)) and name not in graph.roots


def _before(graph: FlatGraph, nodes: dict[str, Node], name: str) -> str | None:
    """The integrator that alone feeds a node, directly or through nodes that only pass on; None if there is none."""
    seen = set[str]()
    while len(graph.into[name]) == 1 and name not in seen:
        seen.add(name)
        name = graph.into[name][0]
        if not _passes(graph, nodes, name):
            return name if _integrates(nodes.get(name)) else None
    return None


def _targets(graph: FlatGraph) -> dict[str, set[str]]:
    """The nodes that each node feeds."""
    found: dict[str, set[str]] = {name: set() for name in graph.into}
    for name, sources in graph.into.items():
        for source in sources:
            found[source].add(name)
    return found


def _behind(graph: FlatGraph, nodes: dict[str, Node], source: str, out: dict[str, set[str]]) -> set[str]:
    """The nodes that receive from a node, directly or through nodes that only pass on."""
    found, waiting, seen = set[str](), [source], set[str]()
    while waiting:
        reached = out[waiting.pop()] - seen
        seen |= reached
        waiting += [name for name in reached if _passes(graph, nodes, name)]
        found |= {name for name in reached if not _passes(graph, nodes, name)}
    return found


def check_voltages(graph: FlatGraph, nodes: dict[str, Node], reached: dict[str, Arrivals], notes: Notes) -> None:
    """Add ND070 for each integrator whose voltage something other than an output receives.

    Without `reached`, after other faults, the nodes directly behind an integrator decide.
    """
    sent: dict[str, list[tuple[str, Arrival]]] = {name: [] for name, node in nodes.items() if _integrates(node)}
    for target, arrived in reached.items():
        read = target in graph.roots and len(arrived.paths) == 1 and arrived.paths[0].is_plain and arrived.bias is None
        for path in () if read else arrived.paths:
            if path.source in sent:
                sent[path.source].append((target, path))
    out = {} if reached else _targets(graph)
    for source in () if reached else sent:
        behind = sorted(_behind(graph, nodes, source, out) - graph.roots)
        sent[source] = [
            (name, Arrival(source)) for name in behind if graph.nodes[name].type not in ("Threshold", "Delay")
        ]
    for source, found in sorted(sent.items()):
        targets, via = {target for target, _ in found}, {name for _, path in found for name in path.via}
        if targets:
            through = f" through {listed(sorted(via))}" if via else ""
            message = f"its voltage goes to {listed(sorted(targets))}{through}, but only spikes are sent"
            instead = "end the network at the node, and compute what follows from its voltage on the host"
            kind = graph.nodes[source].type
            notes.fault("ND070", source, kind, message, "put a Threshold node directly behind it", instead)
