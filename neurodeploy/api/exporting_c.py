"""Programs as C for microcontrollers."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from neurodeploy.c_export import CExport, CExportOptions, exported
from neurodeploy.diagnostics.choices import chosen, needs
from neurodeploy.program import Program

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from neurodeploy.c_export import CExportChoices

__all__ = ["export_c"]


def export_c(
    program: Program,
    folder: str | PathLike[str] | None = None,
    *,
    force: bool = False,
    options: CExportOptions | None = None,
    **choices: Unpack[CExportChoices],
) -> CExport:
    """Write a program as self-contained C99, whose spikes and states are those of nd.run, and return its size.

    The C contains the rules of the compiled engine, allocates no memory, and holds its tables as constants. Its arithmetic is
    that of the program's target.

    `folder`: a new or empty folder; None: nothing is written, and only the size is returned. `force`: replace the files of an
    earlier export in the folder. `choices`: fields of CExportOptions by keyword: `prefix` of all names, `main` for a program
    that reads events, and the limits `max_flash_bytes` and `max_ram_bytes`; they take precedence over those of `options`.

    Raises DiagnosticError: ND002 (arguments), ND985 (a part that C does not support), ND986 (larger than allowed; nothing is
    written), ND987 (the folder).

    Example: nd.export_c(program, "firmware", max_flash_bytes=256 * 1024).ram_bytes
    """
    needs("export_c", program=(program, Program), folder=(folder, (str, PathLike, type(None))), force=(force, bool))
    made = chosen("export_c", CExportOptions, options, choices, ("program", "folder", "force", "options"))
    return exported(program, None if folder is None else Path(fspath(folder)), made, force=force)
