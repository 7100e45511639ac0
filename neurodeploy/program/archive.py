"""Sealed files of programs (.ndp). Loaded programs are checked completely (see neurodeploy.program.validate)."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from neurodeploy.base.plain import as_table
from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.archive import read_sealed, sealed_bytes, write_atomically
from neurodeploy.program.audit import over_limits
from neurodeploy.program.generated import stored_form, whole_program
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound

__all__ = ["load_program", "save_program"]

FORMAT = "neurodeploy-program"
VERSION = 3


def save_program(program: Program, path: str | Path) -> None:
    """Write a program to a sealed file; equal programs give equal bytes. Raises DiagnosticError: ND007.

    Synapses that are generated from rules of the network are not stored (`program.generated`).
    """
    write_atomically(Path(path), sealed_bytes(stored_form(program), FORMAT))


def load_program(path: str | Path) -> Program:
    """Return the program of a sealed file.

    Raises DiagnosticError: ND001, ND003 (damaged, another format, or newer), ND004 (changed), ND005, ND006,
    ND011 (inconsistent), ND012 (too large), ND301-ND310 (its cores exceed the target's limits), ND991 (its synapses are
    generated, and are others now).
    """
    plain, _ = read_sealed(Path(path), FORMAT)
    where = about("file", path)
    version = (as_table(plain) or {}).get("schema_version")
    if version != VERSION:
        message = f"is a program of schema version {version}; this release reads {VERSION}"
        raise DiagnosticError(
            "files",
            (finding("ND003", where, message, fixes=["update neurodeploy, or compile the network again"]),),
        )
    try:
        program = Program.model_validate(plain)
    except ValidationError as error:
        raise DiagnosticError("files", schema_findings("ND003", where, error, plain, Program)) from None
    program = whole_program(program, where)
    require_sound(program, where)
    raise_errors("files", over_limits(program))
    return program
