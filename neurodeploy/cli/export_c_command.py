"""Command `export-c`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import OptionInfo

from neurodeploy.api.exporting_c import export_c
from neurodeploy.c_export import CExportOptions
from neurodeploy.cli.common_options import JsonOutput
from neurodeploy.cli.compile_options import given_fields
from neurodeploy.cli.inputs import OutputFormat
from neurodeploy.cli.option_types import refused, shown
from neurodeploy.cli.options import field_option
from neurodeploy.cli.output import command, show
from neurodeploy.cli.paths import folder_option, read_argument
from neurodeploy.cli.report_options import report_options
from neurodeploy.program import load_program
from neurodeploy.report import c_export_table

__all__ = ["export_c_command"]

SIZE = re.compile(r"([0-9]{1,13})(?:(k|M)iB|([kM])B)?", re.IGNORECASE)
UNITS = {"kib": 1024, "mib": 1024**2, "kb": 1000, "mb": 1000**2}
MOST = 2**40


def size(option: str) -> Callable[[Any], int]:
    """Return the parser of a number of bytes, such as 256KiB."""

    def parse(text: Any) -> int:
        match = SIZE.fullmatch(str(text))
        number = int(match[1]) * UNITS.get(str(text)[len(match[1]) :].lower(), 1) if match else -1
        if not 0 <= number <= MOST:
            raise refused(option, f"{shown(text)} is not a number of bytes, such as 65536, 64KiB or 1MiB")
        return number

    return parse


def size_option(name: str, meaning: str) -> OptionInfo:
    """Return the option of a number of bytes."""
    return typer.Option(name, parser=size(name), metavar="SIZE", help=meaning)


@command
def export_c_command(
    program: Annotated[Path, read_argument("PROGRAM", "A program (.ndp).")],
    out: Annotated[
        Path | None, folder_option("--out", "Folder to create. Without it, only the size is printed.", "-o")
    ] = None,
    prefix: Annotated[Any, field_option(CExportOptions, "prefix")] = None,
    main: Annotated[
        bool,
        typer.Option("--main/--no-main", help="Whether to write a main that reads events, with a Makefile."),
    ] = True,
    max_flash: Annotated[
        Any, size_option("--max-flash", "Bytes that the constant tables may take, such as 256KiB. Default: any number.")
    ] = None,
    max_ram: Annotated[
        Any, size_option("--max-ram", "Bytes that the state may take, such as 64KiB. Default: any number.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier export.")] = False,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:
    """Write a program as self-contained C99 for microcontrollers, with the bits of the emulator, and print its size.

    Example: neurodeploy export-c net.ndp -o firmware --max-flash 256KiB
    """
    report = report_options(program, output_format, json_output=json_output)
    fields = given_fields(prefix=prefix, max_flash_bytes=max_flash, max_ram_bytes=max_ram)
    made = export_c(load_program(program), out, force=force, options=CExportOptions(main=main, **fields))
    if report.text:
        show(c_export_table(made), *([f"written: {out}"] if out else []))
    plain = made.model_dump(mode="json")
    plain.pop("findings")
    report.finish(made.findings, plain)
