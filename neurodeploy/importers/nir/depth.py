"""Balancing delays, which make feed-forward paths of unequal depth arrive together. Edges that close a loop get none."""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.importers.notes import NAMED, Notes

__all__ = ["Balance", "balancing"]


def _levels(starts: list[str], out: dict[str, list[str]]) -> dict[str, int]:
    """Number of edges from the nearest start."""
    found, row, level = dict.fromkeys(starts, 0), starts, 0
    while row:
        row, level = sorted({target for name in row for target in out[name]} - found.keys()), level + 1
        found |= dict.fromkeys(row, level)
    return found


def _closing(names: list[str], starts: list[str], out: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Edges that close a loop in a depth-first walk from the starts, nearest nodes first."""
    level = _levels(starts, out)
    closing, done, on_path = set[tuple[str, str]](), set[str](), set[str]()

    def distance(name: str) -> tuple[int, str]:
        return level.get(name, len(names)), name

    stack = [(name, False) for name in sorted(names, key=distance, reverse=True)]
    while stack:
        name, left = stack.pop()
        if left:
            on_path.discard(name)
        if left or name in done:
            continue
        done.add(name)
        on_path.add(name)
        closing |= {(name, target) for target in out[name] if target in on_path}
        stack.append((name, True))
        stack += [(target, False) for target in sorted(out[name], key=distance, reverse=True)]
    return closing


def _depths(names: list[str], edges: set[tuple[str, str]]) -> dict[str, int]:
    """Length of the longest path to each node along acyclic edges."""
    into = dict.fromkeys(names, 0)
    out: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        into[target] += 1
        out[source].append(target)
    depth, ready = dict.fromkeys(names, 0), [name for name in names if not into[name]]
    while ready:
        name = ready.pop()
        for target in out[name]:
            depth[target] = max(depth[target], depth[name] + 1)
            into[target] -= 1
            if not into[target]:
                ready.append(target)
    return depth


class Balance(NamedTuple):
    """Delays that balance paths, and where that leaves each population."""

    late: list[int]
    """Delay in steps of each projection."""
    depth: dict[str, int]
    """Steps by which the spikes of each input and population come later than in a framework that passes all layers in one
    step: the projections on the longest path from an input."""


def balancing(projections: list[tuple[str, str, str]], names: list[str], notes: Notes) -> Balance:
    """Return the delay of each projection (name, source, target) that makes converging paths equally long.

    Each delay, and each loop of several populations, becomes a ledger line.
    """
    edges = {(source, target) for _, source, target in projections}
    out: dict[str, list[str]] = {name: [] for name in names}
    for source, target in sorted(edges):
        out[source].append(target)
    fed = {target for source, target in edges if source != target}
    closing = _closing(names, [name for name in names if name not in fed], out)
    depth = _depths(names, edges - closing)
    found = list[int]()
    for name, source, target in projections:
        late = 0 if (source, target) in closing else depth[target] - depth[source] - 1
        found.append(late)
        if late:
            note = f"another path to '{target}' passes through {late} more population{'s' if late > 1 else ''}"
            asked, got = "all paths arrive together", f"{late} more step{'s' if late > 1 else ''}"
            notes.line(name, "balancing delay", asked, got, "exact", note, of="projection")
    _note_loops(sorted((source, target) for source, target in closing if source != target), depth, notes)
    return Balance(found, depth)


def _note_loops(closing: list[tuple[str, str]], depth: dict[str, int], notes: Notes) -> None:
    """Note for each edge that closes a loop how much later its spikes arrive than in frameworks.

    There the layers of a loop pass in one step, and the edge that closes it takes one. A population connected to itself takes
    one step here too.
    """
    asked = "1 step around the loop, as in frameworks"
    for source, target in closing[:NAMED]:
        more = depth[source] - depth[target]
        got = f"{more + 1} steps: '{source} -> {target}' closes it"
        note = f"spikes of '{source}' reach '{target}' {more} step{'s' if more > 1 else ''} later than there"
        notes.line("", "latency of a loop", asked, got, "approximate", note)
    if len(closing) > NAMED:
        notes.line(
            "", "latency of a loop", asked, f"{len(closing) - NAMED:,} more loops of several steps", "approximate"
        )
