"""Baseline files: canonical JSON, sorted, so that a change of one figure is a change of one line."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from pydantic import ValidationError

from neurodeploy.base.noun import canonical_json
from neurodeploy.base.plain import as_table
from neurodeploy.baseline.nouns import SCHEMA_VERSION, Baseline, BaselineEntry
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.archive import read_json, write_atomically

__all__ = ["FILE", "load_baseline", "merged", "save_baseline"]

FILE = "neurodeploy-baseline.json"
"""Usual name of the file."""
WRITE = "write a new one: neurodeploy baseline write MODEL"


def _refused(path: Path, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("baseline", (finding("ND622", about("file", path), message, fixes=fixes or [WRITE]),))


def load_baseline(path: str | PathLike[str]) -> Baseline:
    """Return the baseline of a file. Raises DiagnosticError: ND622 (missing, unreadable, or not a baseline).

    `path`: the file, usually neurodeploy-baseline.json.
    """
    file = Path(path)
    try:
        plain = read_json(file)
    except DiagnosticError as error:
        raise _refused(file, _because(error.diagnostics)) from None
    table = as_table(plain)
    if table is None or table.get("format") != "neurodeploy-baseline":
        raise _refused(file, "is JSON, but not a baseline: field 'format' must be 'neurodeploy-baseline'")
    given = table.get("schema_version")
    if isinstance(given, int) and not isinstance(given, bool) and given > SCHEMA_VERSION:
        message = f"was written by a newer release: schema version {given}; this one reads {SCHEMA_VERSION}"
        raise _refused(file, message, "update neurodeploy: pip install --upgrade neurodeploy")
    try:
        return Baseline.model_validate(plain)
    except ValidationError as error:
        faults = schema_findings("ND622", about("file", file), error, table, Baseline)
        raise DiagnosticError("baseline", tuple(faults)) from None


def _because(found: tuple[Diagnostic, ...]) -> str:
    return "; ".join(item.message for item in found)


def merged(base: Baseline | None, entries: Mapping[str, BaselineEntry]) -> Baseline:
    """Return a baseline with some entries added or replaced, sorted by name.

    `base`: the entries to keep; None: none. `entries`: name -> entry.
    """
    every = {**({} if base is None else base.entries), **entries}
    return Baseline(entries=dict(sorted(every.items())))


def save_baseline(baseline: Baseline, path: str | PathLike[str]) -> None:
    """Write a baseline completely or not at all; equal baselines give equal bytes. Raises DiagnosticError: ND007.

    `baseline`: what to write. `path`: the file.
    """
    write_atomically(Path(path), canonical_json(baseline.model_dump(mode="json")).encode())
