"""Delays that give tools without a latency of edges the same relative times as this network.

Here a spike takes 1 + d steps over a projection with delay d. A tool that passes a spike through all layers within one step
runs a population at depth k earlier by k steps, so its edge needs the delay d + 1 - (depth of target - depth of source). This is
d along a chain of layers, and 0 for a delay that balances paths of unequal length. Depths are such that no delay is
negative. A projection of a population onto itself takes a step in those tools as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurodeploy.exporters.notes import ExportNotes
from neurodeploy.network import Network, Population, Projection

__all__ = ["added_steps", "strands"]


class _Edge(NamedTuple):
    source: str
    target: str
    steps: int


def _least(projection: Projection) -> int:
    delays = np.asarray(projection.delay_steps)
    return int(delays.min()) if delays.size else 0


def strands(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Return a number for each name, the same for names on a common loop (strongly connected components), ascending along
    edges."""
    out: dict[str, list[str]] = {name: [] for name in names}
    back: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        out[source].append(target)
        back[target].append(source)
    order, seen = list[str](), set[str]()
    for start in names:
        stack = [(start, False)]
        while stack:
            name, left = stack.pop()
            if left:
                order.append(name)
            elif name not in seen:
                seen.add(name)
                stack += [(name, True), *((target, False) for target in out[name])]
    found = dict[str, int]()
    for number, start in enumerate(reversed(order)):
        waiting = [start] if start not in found else []
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = number
                waiting += [source for source in back[name] if source not in found]
    return found


def _depths(edges: list[_Edge], strand: dict[str, int]) -> dict[int, int]:
    """Depth of each strand: the length of the longest path to it, or less where a shorter path has too little delay."""
    between = sorted((strand[edge.source], strand[edge.target], edge.steps) for edge in edges)
    between = [item for item in between if item[0] != item[1]]
    found = dict.fromkeys(strand.values(), 0)
    for source, target, _ in between:  # strands are numbered along the edges
        found[target] = max(found[target], found[source] + 1)
    for source, target, steps in between:
        found[target] = min(found[target], found[source] + 1 + steps)
    return found


def _note_start(population: Population, depth: int, notes: ExportNotes) -> None:
    """Tell that a constant current acts alone for a while here, which a tool without latency does not do."""
    neuron = population.neuron
    constant = any(np.any(np.asarray(getattr(neuron, key, 0))) for key in ("bias", "v_leak", "bias_mant"))
    if constant and depth:
        asked = f"{depth} step{'s' if depth > 1 else ''} of it before the first input"
        note = "with tools that pass spikes through all layers in one step, both begin together"
        notes.line("population", population.name, "constant current", asked, "none", "approximate", note)


def added_steps(network: Network, projections: tuple[Projection, ...], notes: ExportNotes) -> dict[str, int]:
    """Return the steps that each projection's delay changes by; loops of several populations are noted as a loss."""
    names = [*(item.name for item in network.inputs), *(item.name for item in network.populations)]
    edges = [_Edge(item.source, item.target, _least(item)) for item in projections]
    strand = strands(names, [(edge.source, edge.target) for edge in edges])
    depth = _depths(edges, strand)
    for population in network.populations:
        _note_start(population, depth[strand[population.name]], notes)
    found = dict[str, int]()
    for item in projections:
        looped = strand[item.source] == strand[item.target]
        found[item.name] = 0 if looped else 1 - (depth[strand[item.target]] - depth[strand[item.source]])
        if looped and item.source != item.target:
            has, got = "a step of its own within a loop", "no step"
            notes.lose("loops", "projection", item.name, has, got)
        if found[item.name]:
            asked, got = f"{_least(item)} steps", f"{_least(item) + found[item.name]} steps"
            note = "other tools pass spikes through all layers in one step; paths of unequal length stay so"
            notes.line("projection", item.name, "delay", asked, got, "exact", note)
    return found
