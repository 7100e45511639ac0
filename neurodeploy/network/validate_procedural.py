"""Checks that the synapses of a procedural operation can be drawn. Independent of any chip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.diagnostics import Diagnostic, Subject, finding
from neurodeploy.network.network import Projection
from neurodeploy.network.procedural.operations import (
    LARGEST,
    DistanceKernel,
    FixedNumber,
    Normal,
    Procedural,
    Uniform,
    Values,
)
from neurodeploy.network.procedural.tables import table_of

__all__ = ["procedural_faults"]

MOST_DRAWS = 4
"""Most draws of a pair on average; 64 draws of one pair are counted."""
LONGEST = 255
"""Longest delay in steps; delays are drawn as bytes."""


def procedural_faults(where: Subject, projection: Projection, operation: Procedural) -> Iterator[Diagnostic]:
    """Yield findings about what an operation draws (ND134, and ND107 for delays)."""
    n_target, n_source = operation.shape
    if not operation.self_connections and n_target != n_source:
        message = f"has no connections of neuron k to neuron k, but {n_source} source and {n_target} target neurons"
        yield finding("ND134", where, message, fixes=["self_connections = true"])
    elif isinstance(operation, FixedNumber):
        yield from _number_faults(where, operation)
    elif isinstance(operation, DistanceKernel):
        lengths = (len(operation.source_shape), len(operation.target_shape), len(operation.extent))
        if len(set(lengths)) > 1:
            message = f"source_shape, target_shape and extent have {lengths[0]}, {lengths[1]} and {lengths[2]} axes"
            yield finding("ND134", where, f"{message}; they need the same axes")
    for name in ("weights", "delays"):
        fault = _values_fault(getattr(operation, name))
        if fault:
            yield finding("ND134", where, f"{name} {fault}")
            return
    yield from _delay_faults(where, projection, operation)


def _number_faults(where: Subject, operation: FixedNumber) -> Iterator[Diagnostic]:
    n_target, n_source = operation.shape
    itself = 0 if operation.self_connections else 1
    room = {"target": n_source - itself, "source": n_target - itself}.get(operation.per)
    pairs = n_target * (n_source - itself)
    if room is not None and operation.number > room:
        partners = "sources" if operation.per == "target" else "targets"
        message = f"draws {operation.number:,} different {partners} for each {operation.per}"
        yield finding("ND134", where, message, found=operation.number, limit=room, unit="neuron")
    elif room is None and operation.number > MOST_DRAWS * pairs:
        message = f"draws each of {pairs:,} pairs more than {MOST_DRAWS} times on average"
        yield finding("ND134", where, message, found=operation.number, limit=MOST_DRAWS * pairs, unit="draw")


def _values_fault(values: Values) -> str | None:
    """What is wrong with a distribution, None if nothing is."""
    low, high = (values.low, values.high) if isinstance(values, (Normal, Uniform)) else (None, None)
    if low is not None and high is not None and low > high:
        return f"have low {low} above high {high}"
    if isinstance(values, (Normal, Uniform)) and values.whole:
        broken = [end for end in (low, high) if end is not None and end != int(end)]
        if broken:
            return f"are whole numbers, but low or high is {broken[0]}"
    table = table_of(values)
    if float(np.abs(table.astype(np.float64)).max()) > LARGEST:
        return f"reach beyond {LARGEST:g}"
    return None


def _delay_faults(where: Subject, projection: Projection, operation: Procedural) -> Iterator[Diagnostic]:
    delays, own = table_of(operation.delays), np.asarray(projection.delay_steps)
    if own.ndim:
        message = f"delay_steps is an array, but the delays of a {operation.kind} are drawn"
        yield finding(
            "ND107", where, message, fixes=["delay_steps = one number, and delays = what they are drawn from"]
        )
        return
    if delays.dtype.kind == "f":
        fixes = ["whole = true"] if isinstance(operation.delays, (Normal, Uniform)) else ["delays = an integer"]
        yield finding("ND107", where, "delays are not integers", fixes=fixes)
        return
    low, high = int(delays.min()), int(delays.max()) + int(own)
    if low < 0 or high > LONGEST:
        wrong = low if low < 0 else high
        message = f"draws a delay of {wrong:,} steps; drawn delays lie between 0 and {LONGEST}, `delay_steps` included"
        fixes = ["low = 0"] if low < 0 and isinstance(operation.delays, Normal) else []
        yield finding("ND107", where, message, fixes=fixes)
