"""A program as C: made, measured, held against the memory that it may take, and written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurodeploy.c_export.backend import c_exporter
from neurodeploy.c_export.nouns import CExport, CExportOptions
from neurodeploy.c_export.sizes import size_findings
from neurodeploy.c_export.smaller import smaller_flash
from neurodeploy.c_export.write import write_folder
from neurodeploy.diagnostics import raise_errors
from neurodeploy.diagnostics.finding import Fix
from neurodeploy.program import Program

__all__ = ["exported"]


def exported(program: Program, folder: Path | None, options: CExportOptions, *, force: bool) -> CExport:
    """Return what is exported, after it was written to a folder, if one is given.

    Raises DiagnosticError: ND985 (what C cannot hold), ND986 (larger than allowed; nothing is written), ND987 (the folder).
    """
    backend = c_exporter()
    source = backend.c_source(program, options)

    def smaller(memory: str) -> Sequence[Fix | str]:
        return smaller_flash(program, backend, options) if memory == "flash" else ()

    raise_errors("export", size_findings(source, options, smaller))
    if folder is not None:
        write_folder(source.files, folder, force=force)
    return CExport(
        program_digest=program.digest(),
        folder=None if folder is None else str(folder),
        files=tuple(source.files),
        flash_bytes=source.flash_bytes,
        ram_bytes=source.ram_bytes,
        word_bits=source.word_bits,
        tables=source.tables,
        findings=source.findings,
    )
