"""Integer columns of sensor events, read under all usual field names and number formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding, raise_errors
from neurodeploy.network import Events, Input

__all__ = [
    "ORDERS",
    "UNITS",
    "WORDS",
    "column_of",
    "columns_of_fields",
    "is_structured",
    "plain_columns",
    "quoted",
    "sensor_rows",
    "time_unit",
    "whole_numbers",
]

Array = NDArray[Any]
WORDS = {"t": "time", "x": "column", "y": "row", "p": "polarity"}
ORDERS = ("txyp", "xytp", "xypt")
NAMES = {
    "t": ("t", "ts", "time", "times", "timestamp", "timestamps"),
    "x": ("x", "xs", "col", "cols", "column", "columns", "line", "lines", "unit", "units", "neuron", "neurons"),
    "y": ("y", "ys", "row", "rows"),
    "p": ("p", "ps", "pol", "pols", "polarity", "polarities", "on"),
    "sample": ("sample", "samples"),
}
"""Accepted field names of each column; a unit may follow those of times, as in t_us."""
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
WHOLE = 2**62
"""Limit of integers: below it doubles are exact enough and sums do not overflow."""
WIDE = 8
"""Bytes of a float type whose range covers all compared numbers."""


def time_unit(unit_s: float) -> str:
    """Return the usual name of a unit of time."""
    named = [name for name, seconds in UNITS.items() if np.isclose(seconds, unit_s, rtol=1e-9, atol=0)]
    return named[0] if named else f"units of {unit_s:g} s"


def whole_numbers(values: Array) -> Array | None:
    """Return numbers as int64 if all are whole; None if any is not, or the values are not numbers."""
    if values.dtype.kind not in "biuf":
        return None
    if values.dtype.kind == "f" and values.itemsize < WIDE:
        values = values.astype(np.float64)  # float16 overflows in the comparison below
    if values.dtype.kind == "f" and not bool((np.isfinite(values) & (values == np.floor(values))).all()):
        return None
    if values.size and (values.max() > WHOLE or values.min() < -WHOLE):
        return None
    return values.astype(np.int64)


def is_structured(values: Array) -> bool:
    """Whether an array is structured, that is, has named fields."""
    return bool(values.dtype.names)


def column_of(field: str) -> tuple[str, float | None]:
    """Return (column, unit in seconds if the name has one) of a field; ("", None) for an unknown field."""
    stem, _, unit = field.strip().lower().rpartition("_")
    known = {name: column for column, names in NAMES.items() for name in names}
    if stem in NAMES["t"] and unit in UNITS:
        return "t", UNITS[unit]
    return known.get(field.strip().lower(), ""), None


def columns_of_fields(item: Input, fields: Mapping[str, Array]) -> tuple[Array, list[Diagnostic]]:
    """Return rows of named fields, (sample if present, then the encoder's columns), and ND505 for every fault."""
    where, encoder = about("input", item.name), item.encoder
    columns, units = dict[str, str](), dict[str, float | None]()
    for name in fields:
        column, unit = column_of(name)
        if column:
            columns.setdefault(column, name)
            units.setdefault(column, unit)
    order = list(encoder.columns) if isinstance(encoder, Events) else []
    needed = [c for c in order if c != "p" or (len(item.shape) == 3 and item.shape[0] == 2)]
    lacking = [f"{c} ({WORDS[c]})" for c in needed if c not in columns]
    if lacking:
        message = f"has no field for {', '.join(lacking)} among {', '.join(quoted(name) for name in list(fields)[:8])}"
        return np.zeros((0, len(order))), [finding("ND505", where, message)]
    found = _unit_faults(where, encoder, columns, units)
    sizes = {fields[name].shape for name in columns.values()}
    if len(sizes) > 1 or any(len(shape) != 1 for shape in sizes):
        message = f"fields have shapes {', '.join(str(list(shape)) for shape in sorted(sizes))}; needs one length"
        return np.zeros((0, len(order))), [*found, finding("ND505", where, message)]
    count = next(iter(sizes))[0]
    stacked = list[Array]()
    for column in (*(("sample",) if "sample" in columns else ()), *order):
        numbers = fields[columns[column]] if column in columns else np.zeros(count, dtype=np.int64)
        whole = whole_numbers(numbers)
        if whole is None:
            found.append(_not_whole(where, f"field {quoted(columns[column])}", column, numbers, encoder))
        stacked.append(np.zeros(count, dtype=np.int64) if whole is None else whole)
    return np.stack(stacked, axis=1), found


def quoted(name: str) -> str:
    """Return a name from a file, quoted, cut and escaped for a finding."""
    return f"'{ascii(name[:40])[1:-1]}'"


def _unit_faults(
    where: Subject, encoder: Any, columns: Mapping[str, str], units: Mapping[str, float | None]
) -> list[Diagnostic]:
    """ND505 for times whose field name has another unit than the encoder."""
    unit = units.get("t")
    if unit is None or not isinstance(encoder, Events) or np.isclose(unit, encoder.unit_s, rtol=1e-9, atol=0):
        return []
    message = f"field {quoted(columns['t'])} is in {time_unit(unit)}; the encoder's unit is {time_unit(encoder.unit_s)}"
    return [finding("ND505", where, message, fixes=[f"encoder.unit_s = {unit:g} in the network"])]


def _not_whole(where: Subject, what: str, column: str, values: Array, encoder: Any) -> Diagnostic:
    """ND505 for a column with values that are not whole numbers, with a fix for times in seconds."""
    if values.dtype.kind not in "biuf":
        return finding("ND505", where, f"{what} holds {values.dtype} values; needs whole numbers")
    if not np.isfinite(values).all():
        return finding("ND505", where, f"{what} has values that are not finite")
    broken = values[values != np.floor(values)] if values.dtype.kind == "f" else values[:0]
    if not broken.size:
        return finding("ND505", where, f"{what} holds values of magnitude above {WHOLE:,}")
    message = (
        f"{what} holds {broken.size} of {values.size} values that are not whole numbers, first {float(broken[0]):g}"
    )
    fixes = list[str]()
    if column == "t" and isinstance(encoder, Events):
        message += f"; the encoder's unit is {time_unit(encoder.unit_s)}"
        scaled = values.astype(np.float64) / encoder.unit_s
        if np.abs(scaled - np.rint(scaled)).max() < 1e-3 and np.abs(scaled).max() < WHOLE:
            fixes.append(f"if they are seconds: multiply them by {1 / encoder.unit_s:,.0f} and round")
    return finding("ND505", where, message, fixes=fixes)


def plain_columns(item: Input, values: ArrayLike) -> Array:
    """Return structured events as rows in the encoder's column order, other values as an array.

    Raises DiagnosticError: ND505.
    """
    array = np.asarray(values)
    if not isinstance(item.encoder, Events) or not is_structured(array):
        return array
    flat = array.ravel()
    rows, found = columns_of_fields(item, {name: flat[name] for name in flat.dtype.names or ()})
    raise_errors("encode", found)
    return rows


def _whole_rows(where: Subject, rows: Array, encoder: Events) -> tuple[Array, list[Diagnostic]]:
    """Rows as int64, without a copy if they already are, and ND505 for every column that is not whole."""
    if rows.dtype == np.int64 and (not rows.size or (rows.min() >= -WHOLE and rows.max() <= WHOLE)):
        return rows, []
    names = ("sample", *encoder.columns)[5 - rows.shape[1] :]
    whole = [whole_numbers(rows[:, k]) for k in range(rows.shape[1])]
    found = [
        _not_whole(where, f"column {k} ({WORDS.get(name, name)})", name, rows[:, k], encoder)
        for k, name in enumerate(names)
        if whole[k] is None
    ]
    return (rows if found else np.stack([column for column in whole if column is not None], axis=1)), found


def sensor_rows(item: Input, rows: Array) -> tuple[Array, list[Diagnostic]]:
    """Return sensor events as int64 rows with the sample first (0 if not given), and findings.

    ND505: values that are not whole. ND067: polarities that were mapped to 0 and 1.
    """
    encoder = item.encoder
    if not isinstance(encoder, Events) or rows.ndim != 2 or rows.shape[1] not in (4, 5) or rows.dtype.kind not in "iuf":
        return rows, []
    where = about("input", item.name)
    wide, found = _whole_rows(where, rows, encoder)
    if found:
        return rows, found
    wide = wide if wide.shape[1] == 5 else np.insert(wide, 0, 0, axis=1)
    polarity = wide[:, 1 + encoder.columns.index("p")]
    if polarity.size and polarity.min() == -1 and bool(np.isin(polarity, (-1, 1)).all()):
        wide = wide.copy()
        wide[:, 1 + encoder.columns.index("p")] = polarity > 0
        message = "polarities -1 and 1 are read as 0 and 1"
        return wide, [finding("ND067", where, message)]
    return wide, []
