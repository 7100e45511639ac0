"""What is known of the files of a framework beyond NIR: misplaced edges, and a step length coded in parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neurodeploy.importers.fields import brief
from neurodeploy.importers.nir.graph import FlatGraph
from neurodeploy.importers.nir.nodes import NEURONS
from neurodeploy.importers.nir.producers import Convention
from neurodeploy.importers.nir.reader import NirNode
from neurodeploy.importers.notes import Notes, listed

__all__ = ["coded_dt", "corrected"]

RECURRENT = ("Linear", "Affine")
CLOSE = 1e-3
"""Relative difference up to which steps coded in different nodes are the same."""


def corrected(graph: FlatGraph, convention: Convention | None, notes: Notes) -> FlatGraph:
    """Return the graph with the input of each recurrent layer at its neurons, if the framework writes it elsewhere.

    spyx 1.0.0 connects the input of such a layer to its recurrent weights, but adds it behind them when it runs the layer.
    """
    if convention is None or not convention.input_before_recurrence:
        return graph
    into = dict(graph.into)
    for name, sources in graph.into.items():
        weights = sources[0] if len(sources) == 1 else ""
        looped = weights and name in graph.into[weights] and graph.nodes[weights].type in RECURRENT
        if graph.nodes[name].type not in NEURONS or not looped or len(graph.into[weights]) < 2:
            continue
        moved = tuple(item for item in graph.into[weights] if item != name)
        into[weights], into[name] = (name,), tuple(sorted((weights, *moved)))
        got = f"{listed(list(moved))} -> '{brief(name)}'"
        notes.line(
            weights,
            "input",
            f"from {listed(list(moved))}",
            got,
            "assumed",
            f"as {convention.name} runs its recurrent layers",
        )
    return replace(graph, into=into)


def coded_dt(nodes: Mapping[str, NirNode], convention: Convention | None) -> float | None:
    """Return the step length in seconds that r codes in files of the framework, r = tau * exp(-dt/tau) / dt; None: none.

    With x = dt/tau, r = exp(-x) / x falls in x, so that x follows by bisection.
    """
    if convention is None or not convention.codes_dt:
        return None
    found = list[float]()
    for node in nodes.values():
        r, tau = node.fields.get("r"), node.fields.get("tau_mem", node.fields.get("tau"))
        if not isinstance(r, np.ndarray) or not isinstance(tau, np.ndarray) or r.shape != tau.shape or not r.size:
            continue
        ratio, times = np.asarray(r, dtype=np.float64).ravel(), np.asarray(tau, dtype=np.float64).ravel()
        if not (np.isfinite(ratio).all() and np.isfinite(times).all() and ratio.min() > 0 and times.min() > 0):
            return None
        low, high = np.full(ratio.shape, 1e-9), np.full(ratio.shape, 50.0)
        for _ in range(80):
            middle = (low + high) / 2
            above = np.exp(-middle) / middle > ratio
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        found += (low * times).tolist()
    if not found or max(found) - min(found) > CLOSE * max(found):
        return None
    return float(f"{np.median(found):.3g}")
