"""The best points of a sweep: those that no other point equals or beats in every chosen measure and beats in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.sweep.nouns import Outcome, Sweep

__all__ = ["MAXIMIZED", "MINIMIZED", "numbers_of", "pareto", "usual_measures"]

MAXIMIZED = ("accuracy",)
"""Measures of a network of which more is better."""
MINIMIZED = ("energy_j", "latency_s", "cores")
"""Measures of a network of which less is better."""


def usual_measures(sweep: Sweep) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the measures to maximize and to minimize where none is named: those of a network that a sweep has numbers of."""
    known = [name for name in sweep.measures if any(isinstance(item, (int, float)) for item in sweep.column(name))]
    return tuple(name for name in MAXIMIZED if name in known), tuple(name for name in MINIMIZED if name in known)


def numbers_of(sweep: Sweep, names: Sequence[str], function: str) -> list[tuple[Outcome, list[float]]]:
    """Return the outcomes that have a number for every named measure or axis, with those numbers.

    `function`: the name that is called. Raises DiagnosticError: ND969 (no row has such numbers).
    """
    known = list(dict.fromkeys((*sweep.measures, *sweep.axes)))
    kept = list[tuple[Outcome, list[float]]]()
    for row in sweep.rows:
        values = [row.measures.get(name, row.values.get(name)) for name in names]
        numbers = [float(item) for item in values if isinstance(item, (int, float))]
        if len(numbers) == len(names) and not row.failed:
            kept.append((row, numbers))
    for name in names:
        if not any(isinstance(item, (int, float)) for item in sweep.column(name)):
            message = f"'{name}' is no measure of this sweep" if name not in known else f"'{name}' has no numbers"
            fixes = nearest(name, known) or [", ".join(known[:12]) or "no row has measures"]
            raise DiagnosticError(function, (finding("ND969", about("sweep", sweep.objective), message, fixes=fixes),))
    return kept


def pareto(sweep: Sweep, maximize: Iterable[str] = (), minimize: Iterable[str] = ()) -> tuple[Outcome, ...]:
    """Return the rows that no other row dominates, best first in the first measure. Equal rows are all kept.

    `maximize`, `minimize`: measures, or axes with numbers; neither: accuracy against energy_j, latency_s and cores. Rows
    without one of them do not take part: what is unknown is neither better nor worse.

    Raises DiagnosticError: ND969 (a measure that no row has).
    """
    most, least = tuple(maximize), tuple(minimize)
    if not most and not least:
        most, least = usual_measures(sweep)
    if not most and not least:
        message, known = "say what is to be maximized or minimized", ", ".join(sweep.measures[:12])
        where = about("sweep", sweep.objective)
        raise DiagnosticError("pareto", (finding("ND969", where, message, fixes=[known] if known else []),))
    rows = numbers_of(sweep, (*most, *least), "pareto")
    if not rows:
        return ()
    signs = np.array([-1.0] * len(most) + [1.0] * len(least))
    costs = np.array([numbers for _, numbers in rows]) * signs
    order = np.lexsort(costs.T[::-1])
    front, kept = np.zeros((0, costs.shape[1])), list[int]()
    for number in order:  # a row can be dominated only by rows before it
        mine = costs[number]
        if not ((front <= mine).all(axis=1) & (front < mine).any(axis=1)).any():
            front = np.vstack([front, mine])
            kept.append(int(number))
    return tuple(rows[number][0] for number in kept)
