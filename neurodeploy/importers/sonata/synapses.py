"""Edge populations as projections: weights, signs and delays of all edges between two populations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import brief
from neurodeploy.importers.notes import Notes, listed
from neurodeploy.importers.sonata.cells import SECONDS, Group, Nodes, Received, plain_name
from neurodeploy.importers.sonata.tables import ABSENT, Table
from neurodeploy.network import Projection, Sparse

__all__ = ["projections_of", "received_by"]

STATIC = ("static_synapse", "staticsynapse", "")
DEFAULT_DELAY_MS = 1.0
"""Delay of a synapse in NEST (static_synapse) and of a NetCon in NEURON, unless it is given."""
INHIBITORY = ("i", "inh", "inhibitory")
"""Words of the columns ei (nodes) and receptor_type (edges)."""
MOST_STEPS = 2**31 - 1
SAME = 1e-6


class Edges(NamedTuple):
    """Columns of some edges, shape (edges,) each."""

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weights: NDArray[np.float64]
    delays_ms: NDArray[np.float64]


def received_by(nodes: Table, edges: Sequence[Table]) -> Received:
    """Return which signs of weights arrive at each node of a population. Faults are reported by projections_of."""
    found = Received(np.zeros(nodes.rows, dtype=bool), np.zeros(nodes.rows, dtype=bool))
    order = np.argsort(nodes.ids, kind="stable")
    for table in edges:
        name, ids = table.ends["target"]
        if name != nodes.name or not nodes.rows:
            continue
        silent = Notes(table.notes.path)
        weights = _weights(replace(table, notes=silent), silent)
        if weights is not None:
            places = order[np.minimum(np.searchsorted(nodes.ids[order], ids), nodes.rows - 1)]
            found.excitatory[places[weights > 0]] = True
            found.inhibitory[places[weights < 0]] = True
    return found


def projections_of(table: Table, nodes: Mapping[str, Nodes], dt_ms: float, notes: Notes) -> Iterator[Projection]:
    """Yield the projections of an edge population; faults are findings (ND089-ND091), doubts ND092."""
    sources, targets = (_rows(table, end, nodes, notes) for end in ("source", "target"))
    _require_static(table, notes)
    weights, delays = _weights(table, notes), _delays(table, notes)
    if sources is None or targets is None or weights is None:
        return
    (source, pre), (target, post) = sources, targets
    for number, group in enumerate(target.groups):
        for other, origin in enumerate(source.groups):
            chosen = np.flatnonzero((target.part[post] == number) & (source.part[pre] == other))
            if group.made is None and chosen.size:
                notes.add("ND090", f"{table.shown}: {chosen.size:,} edges end at virtual nodes, which have no neurons")
            if group.made is None or not chosen.size:
                continue
            edges = Edges(source.place[pre[chosen]], target.place[post[chosen]], weights[chosen], delays[chosen])
            edges = edges._replace(weights=edges.weights * _signs(table, group)[chosen])
            _doubt_signs(table, source.table, pre[chosen], chosen, edges.weights, notes)
            yield from _projections(table, origin, group, edges, dt_ms, notes)


def _rows(table: Table, end: str, nodes: Mapping[str, Nodes], notes: Notes) -> tuple[Nodes, NDArray[np.int64]] | None:
    """The nodes of one end of the edges, and the row of each edge's node; None after a finding (ND089)."""
    name, ids = table.ends[end]
    found = nodes.get(name)
    if found is None:
        what = f"names the node population '{brief(name)}'" if name else "does not name its node population"
        known = f"the circuit has {listed(sorted(nodes))}" if nodes else "the circuit has none"
        notes.add("ND089", f"{table.shown}: '{end}_node_id' {what}; {known}")
        return None
    order = np.argsort(found.table.ids, kind="stable")
    known_ids = found.table.ids[order]
    places = np.minimum(np.searchsorted(known_ids, ids), max(known_ids.size - 1, 0))
    wrong = ids != known_ids[places] if known_ids.size else np.ones(ids.size, dtype=bool)
    if wrong.any():
        first = int(ids[np.argmax(wrong)])
        message = f"{int(wrong.sum()):,} of {ids.size:,} numbers in '{end}_node_id' are no node of '{brief(name)}', first {first}"
        notes.add("ND089", f"{table.shown}: {message}")
        return None
    return found, order[places]


def _require_static(table: Table, notes: Notes) -> None:
    """Add findings for synapses that change, and for weights that a function of a script computes (ND090)."""
    templates = table.text("model_template")
    for template in sorted(set(templates.tolist())):
        name = str(template).lower().rpartition(":")[2]
        if name in STATIC or str(template) in ABSENT:
            continue
        count, types = int((templates == template).sum()), np.unique(table.type_ids[templates == template]).tolist()
        message = f"{count:,} edges (types {listed([str(number) for number in types])}) are of '{brief(str(template))}'"
        notes.add(
            "ND090", f"{table.shown}: {message}, not imported", "static synapses: static_synapse, or pynn:StaticSynapse"
        )
    functions = sorted({str(name) for name in table.text("weight_function").tolist()} - {*ABSENT, "wmax"})
    if functions:
        message = f"weights come from {listed(functions)}, functions of a simulation script"
        notes.add("ND090", f"{table.shown}: {message}", "store the weights: column 'syn_weight'")


def _weights(table: Table, notes: Notes) -> NDArray[np.float64] | None:
    """Weights in the unit of the file, times the number of synapses; None after a finding (ND091)."""
    key = next((key for key in ("syn_weight", "weight") if table.has(key)), "syn_weight")
    found, counts = table.numbers(key), table.numbers("nsyns")
    if np.isnan(found).any():
        message = f"{int(np.isnan(found).sum()):,} of {table.rows:,} edges have no '{key}'"
        notes.add("ND091", f"{table.shown}: {message}")
        return None
    if not np.isfinite(found).all() or bool((counts < 0).any()):
        notes.add("ND091", f"{table.shown}: weights must be finite, and 'nsyns' at least 0")
        return None
    if np.nanmax(counts, initial=1.0) > 1:
        got = f"syn_weight x nsyns, up to {int(np.nanmax(counts))}"
        notes.line(
            plain_name(table.name), "weights", "syn_weight, nsyns", got, "exact", "as BMTK does", of="projection"
        )
    return found * np.where(np.isnan(counts), 1.0, counts)


def _delays(table: Table, notes: Notes) -> NDArray[np.float64]:
    """Delays in ms; DEFAULT_DELAY_MS where none is given, with a ledger line."""
    found = table.numbers("delay")
    absent = np.isnan(found)
    if absent.any():
        asked = (
            "not in the file" if absent.all() else f"not in the file ({int(absent.sum()):,} of {table.rows:,} edges)"
        )
        note = "default of NEST (static_synapse) and of NEURON (NetCon)"
        notes.line(plain_name(table.name), "delay", asked, f"{DEFAULT_DELAY_MS:g} ms", "assumed", note, of="projection")
    if bool((found < 0).any()) or bool(np.isinf(found).any()):
        notes.add("ND091", f"{table.shown}: delays must be finite and at least 0 ms")
        return np.full(table.rows, DEFAULT_DELAY_MS)
    return np.where(absent, DEFAULT_DELAY_MS, found)


def _signs(table: Table, group: Group) -> NDArray[np.float64]:
    """The `sign` in the parameters of edge types, which BMTK applies to NEURON's point processes only."""
    if group.model.lower().rpartition(":")[2] != SECONDS:
        return np.ones(table.rows)
    signs = table.numbers("sign")
    return np.where(np.isnan(signs), 1.0, signs)


def _doubt_signs(
    table: Table,
    source: Table,
    pre: NDArray[np.int64],
    chosen: NDArray[np.int64],
    weights: NDArray[np.float64],
    notes: Notes,
) -> None:
    """Warn of inhibitory nodes and synapses whose weights excite (ND092). `chosen`: rows of the edges."""
    inhibits = np.isin(source.text("ei")[pre].astype(str), INHIBITORY)
    inhibits |= np.isin(table.text("receptor_type")[chosen].astype(str), INHIBITORY)
    wrong = int((inhibits & (weights > 0)).sum())
    if wrong:
        message = (
            f"{table.shown}: weights of inhibitory edges are above 0, which excite ({wrong:,} of {weights.size:,})"
        )
        notes.add("ND092", message, "store inhibitory weights below 0")


def _projections(
    table: Table, source: Group, target: Group, edges: Edges, dt_ms: float, notes: Notes
) -> Iterator[Projection]:
    """Yield projections with at most one synapse between two neurons each."""
    made = target.made
    if made is None:
        return
    name = plain_name(f"{table.name}_{target.name}" if _is_split(table, target) else table.name)
    name = name if source.name == plain_name(table.ends["source"][0]) else f"{name}_{source.name}"
    inhibits = edges.weights < 0
    factor = np.where(inhibits, made.inhibitory.factor[edges.post], made.excitatory.factor[edges.post])
    later = np.where(inhibits, made.inhibitory.later_ms[edges.post], made.excitatory.later_ms[edges.post])
    steps = _steps(name, edges.delays_ms, later, made.earlier_steps, dt_ms, notes)
    if steps is None:
        return
    pre, post, weights, steps = _summed(name, edges, factor, steps, notes)
    pair = post * (int(edges.pre.max()) + 1) + pre
    order = np.lexsort((steps, pair))
    same = np.concatenate([[False], np.diff(pair[order]) == 0])
    ranks = np.arange(pair.size) - np.maximum.accumulate(np.where(same, 0, np.arange(pair.size)))
    for rank in range(int(ranks.max()) + 1):
        chosen = order[ranks == rank]
        each = steps[chosen]
        uniform = bool((each == each[0]).all())
        yield Projection(
            name=name if rank == 0 else f"{name}_{rank + 1}",
            source=source.name,
            target=target.name,
            operation=Sparse(
                shape=(target.rows.size, source.rows.size), post=post[chosen], pre=pre[chosen], weights=weights[chosen]
            ),
            delay_steps=int(each[0]) if uniform else each,
            delay_axis="projection" if uniform else "synapse",
        )


def _is_split(table: Table, target: Group) -> bool:
    return target.name != plain_name(table.ends["target"][0])


def _summed(
    name: str, edges: Edges, factor: NDArray[np.float64], steps: NDArray[np.int64], notes: Notes
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Edges between the same neurons with the same delay, added up."""
    keys = np.stack([edges.post, edges.pre, steps])
    unique, place = np.unique(keys, axis=1, return_inverse=True)
    weights = np.bincount(place.ravel(), weights=edges.weights * factor, minlength=unique.shape[1])
    if unique.shape[1] < edges.pre.size:
        got = f"{unique.shape[1]:,} synapses"
        note = "edges between the same neurons with the same delay are added"
        notes.line(name, "synapses", f"{edges.pre.size:,} edges", got, "exact", note, of="projection")
    return unique[1], unique[0], weights, unique[2]


def _steps(
    name: str,
    delays_ms: NDArray[np.float64],
    later_ms: NDArray[np.float64],
    earlier_steps: int,
    dt_ms: float,
    notes: Notes,
) -> NDArray[np.int64] | None:
    """Delays in steps on top of the step of every projection; None if too long (ND091). Changes are ledger lines."""
    with np.errstate(over="ignore"):  # infinite steps are beyond the limit as well
        exact = (delays_ms + later_ms) / dt_ms
    if exact.size and float(exact.max()) > MOST_STEPS:
        notes.add("ND091", f"projection '{name}': a delay of {float(exact.max()):g} steps exceeds {MOST_STEPS:,}")
        return None
    whole = np.rint(exact)
    moved = np.abs(exact - whole) > SAME * np.maximum(exact, 1.0)
    if moved.any():
        worst = int(np.argmax(np.abs(exact - whole)))
        note = f"{int(moved.sum()):,} of {exact.size:,} delays are not whole steps; shown is the one that changes most"
        asked, got = f"{exact[worst] * dt_ms:.6g} ms, {exact[worst]:.6g} steps", f"{int(whole[worst])} steps"
        notes.line(name, "delay", asked, got, "rounded", note, of="projection")
    least = earlier_steps
    short = int((whole < least).sum())
    if short:
        note = f"{short:,} of {whole.size:,} edges; every projection takes a step"
        notes.line(name, "delay", f"below {least} steps", f"{least} steps", "approximate", note, of="projection")
    return (np.maximum(whole, least) - earlier_steps).astype(np.int64)
