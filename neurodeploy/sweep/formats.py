"""A sweep as CSV and as Parquet: a row for each point, axes first, then measures, then how it was run."""

from __future__ import annotations

import csv
import io
import json
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

from neurodeploy.io.archive import write_atomically
from neurodeploy.sweep.extra import require_package
from neurodeploy.sweep.nouns import Outcome, Sweep

__all__ = ["as_csv", "columns", "write_csv", "write_parquet"]

RUN = ("seconds", "worker", "error")
"""Columns on how a point was run."""


def _plain(value: Any) -> Any:
    """A value as one cell: lists and tables become JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else value


def _error(row: Outcome) -> str | None:
    return "; ".join(f"{item.code}: {item.message}" for item in row.findings if item.severity == "error") or None


def columns(sweep: Sweep) -> dict[str, list[Any]]:
    """Return name -> values of every row; None where a row has none. A measure with the name of an axis gets `measured.` before it."""
    found = {name: [_plain(row.values.get(name)) for row in sweep.rows] for name in sweep.axes}
    for name in sweep.measures:
        key = f"measured.{name}" if name in found or name in RUN else name
        found[key] = [row.measures.get(name) for row in sweep.rows]
    found["seconds"] = [row.seconds for row in sweep.rows]
    found["worker"] = [row.worker for row in sweep.rows]
    found["error"] = [_error(row) for row in sweep.rows]
    return found


def as_csv(sweep: Sweep) -> str:
    """Return the text of a CSV file (RFC 4180, UTF-8) with one line for each point; unknown measures are empty."""
    text, table = io.StringIO(newline=""), columns(sweep)
    writer = csv.writer(text)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return text.getvalue()


def write_csv(sweep: Sweep, path: str | PathLike[str]) -> None:
    """Write a CSV file, completely or not at all. `path`: of it. Raises DiagnosticError: ND007."""
    write_atomically(Path(path), as_csv(sweep).encode("utf-8", errors="replace"))


def write_parquet(sweep: Sweep, path: str | PathLike[str]) -> None:
    """Write a Parquet file, completely or not at all; columns of one kind keep it, mixed ones become text.

    `path`: of it. Raises DiagnosticError: ND007, ND967 (pyarrow is not installed).
    """
    require_package("pyarrow", "a Parquet file")
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    arrays = {name: _array(arrow, values) for name, values in columns(sweep).items()}
    table = arrow.table(arrays).replace_schema_metadata({"neurodeploy.objective": sweep.objective})
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    write_atomically(Path(path), sink.getvalue())


def _array(arrow: Any, values: list[Any]) -> Any:
    kinds: set[type[object]] = {type(item) for item in values if item is not None}
    if kinds == {int, float}:
        values = [None if item is None else float(item) for item in values]
    elif len(kinds) > 1 or any(isinstance(item, int) and not -(2**63) <= item < 2**63 for item in values):
        values = [None if item is None else str(item) for item in values]
    return arrow.array(values)
