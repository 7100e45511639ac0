"""Events in arrays of numbers: columns with names, records, or columns whose order is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.io.archive import refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_columns import ORDERS, WORDS, column_of, quoted, whole_numbers
from neurodeploy.simulate.event_files.common import Array, Columns, Known, assumed, recorded
from neurodeploy.simulate.event_files.times import whole_times

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["MICROSECONDS", "SECONDS", "columns_in", "of_fields", "of_table"]

MICROSECONDS = (1e-6, "as most cameras write them")
LARGEST_SENSOR = 1 << 15
"""Limit of columns and rows, by which times are told apart."""
SECONDS = (1.0, "because they are fractions")


def columns_in(names: list[str]) -> dict[str, str]:
    """Return column (t, x, y, p, sample) -> name, for the first known name of each."""
    found = dict[str, str]()
    for name in names:
        column = column_of(name)[0]
        if column:
            found.setdefault(column, name)
    return found


def of_fields(
    path: Path,
    source: str,
    fields: Mapping[str, Array],
    options: EventOptions,
    *,
    usual: tuple[float, str] | None = None,
    findings: Iterable[Diagnostic] = (),
    **known: Unpack[Known],
) -> EventRecording:
    """Return the events of columns with names.

    `usual`: unit in seconds of times that state none, and the reason. `findings`: those so far.

    Raises DiagnosticError: ND003 (values), ND098 (columns).
    """
    names = columns_in(list(fields))
    lacking = [f"{name} ({WORDS[name]})" for name in ("t", "x") if name not in names]
    if lacking:
        shown = ", ".join(quoted(name) for name in list(fields)[:8])
        raise refuse("ND098", path, f"has no column for {', '.join(lacking)} among {shown}")
    columns = {name: np.asarray(fields[own]).ravel() for name, own in names.items()}
    sizes = {values.size for values in columns.values()}
    if len(sizes) > 1:
        raise refuse("ND003", path, f"has columns of different lengths: {', '.join(f'{n:,}' for n in sorted(sizes))}")
    count = sizes.pop()
    fraction = columns["t"].dtype.kind == "f" and bool((columns["t"] != np.floor(columns["t"])).any())
    usual = usual or (SECONDS if fraction else MICROSECONDS)
    times, unit, found = whole_times(path, columns["t"], column_of(names["t"])[1], options.event_unit, usual)
    x, y, p = (_whole(path, name, columns.get(name), count) for name in ("x", "y", "p"))
    p, more = _polarities(path, p)
    if "p" not in names:
        more.append(assumed(path, "has no polarities; all events are read as off (0)"))
    known["unit_s"], known["lines"] = unit, "y" not in names
    return recorded(path, source, Columns(times, x, y, p), findings=[*findings, *found, *more], **known)


def _whole(path: Path, name: str, values: Array | None, count: int) -> Array:
    """A column of coordinates as int64. Raises: ND003."""
    if values is None:
        return np.zeros(count, dtype=np.int64)
    whole = whole_numbers(values)
    if whole is None or (whole.size and not -(2**31) <= whole.min() <= whole.max() < 2**31):
        raise refuse("ND003", path, f"has values for {WORDS[name]} that are not whole numbers of 32 bits")
    return whole


def _polarities(path: Path, values: Array) -> tuple[Array, list[Diagnostic]]:
    """Polarities as 0 and 1. Raises: ND003 (other values)."""
    kinds = {int(value) for value in np.unique(values)[:4]}
    if kinds <= {0, 1}:
        return values, []
    if kinds <= {-1, 1}:
        return values > 0, [assumed(path, "polarities -1 and 1 are read as 0 and 1")]
    shown = ", ".join(str(value) for value in sorted(kinds))
    fixes = ["--columns NAMES, if the columns are in another order"]
    raise refuse("ND003", path, f"has polarities {shown}; known are 0 and 1, or -1 and 1", fixes=fixes)


def of_table(path: Path, source: str, rows: Array, options: EventOptions, **known: Unpack[Known]) -> EventRecording:
    """Return the events of an array of 4 columns without names, in the order that the user states or that fits.

    An order fits if times do not fall, columns and rows are whole, and polarities are 0 and 1, or -1 and 1. Raises DiagnosticError: ND003, ND098.
    """
    orders = [options.columns] if options.columns else [order for order in ORDERS if _fits(rows, order)]
    if len(orders) != 1:
        why = "fits several orders" if orders else "fits no usual order"
        fixes = [f"--columns {order}" for order in orders or ORDERS]
        raise refuse("ND098", path, f"has 4 columns without names, and their content {why}", fixes=fixes)
    order = orders[0]
    note = [] if options.columns else [assumed(path, f"columns have no names; their content fits the order '{order}'")]
    fields = {name: rows[:, number] for number, name in enumerate(order)}
    return of_fields(path, source, fields, options, findings=note, **known)


def _fits(rows: Array, order: str) -> bool:
    column = {name: rows[:, number] for number, name in enumerate(order)}
    pixels = rows[:, [order.index("x"), order.index("y")]]
    whole = bool(((pixels >= 0) & (pixels < LARGEST_SENSOR) & (pixels == np.floor(pixels))).all())
    if not len(rows) or not whole or bool((np.diff(column["t"]) < 0).any()):
        return False
    return {float(value) for value in np.unique(column["p"])[:3]} in ({0.0}, {1.0}, {-1.0}, {0.0, 1.0}, {-1.0, 1.0})
