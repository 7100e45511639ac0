"""Verb: the only place that writes to the terminal, and where exit statuses come from."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from enum import Enum
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from neurodeploy.diagnostics import (
    Diagnostic,
    DiagnosticError,
    about,
    errors_in,
    finding,
    render_all,
    sorted_findings,
    to_plain,
)
from neurodeploy.report.formats import Examined, concise, github, junit, sarif
from neurodeploy.simulate import Progress as ProgressCall

__all__ = [
    "Format",
    "chosen_format",
    "command",
    "emit_json",
    "finish",
    "internal_fault",
    "no_memory",
    "progress_bar",
    "say",
    "show",
    "show_lines",
    "show_row",
    "working",
]

P = ParamSpec("P")
USAGE, UNAVAILABLE, INTERNAL, INTERRUPTED = 2, 3, 70, 130
NOT_HERE = ("ND501", "ND503", "ND504", "ND545")
"""Findings of a backend that cannot run here."""
OUT_OF_MEMORY = "ND711"
"""The one finding of the command line that is no fault of use."""
WITH_LINES = ".json"
"""Suffix of the models whose findings have a line."""


class Format(str, Enum):
    """How findings are printed. All but text go to standard output, alone."""

    text = "text"
    concise = "concise"
    json = "json"
    sarif = "sarif"
    junit = "junit"
    github = "github"


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, soft_wrap=False, highlight=False, markup=False)


def show(*items: RenderableType) -> None:
    """Print tables and lines to standard output."""
    for item in items:
        _console().print(item)


def show_lines(*lines: str) -> None:
    """Print lines to standard output, each whole, however wide the terminal is."""
    for line in lines:
        _console().print(line, soft_wrap=True)


def show_row(*cells: str, widths: tuple[int, ...]) -> None:
    """Print a row: a line for programs; on a terminal the last cell stays in its column, however long. `widths`: of the others."""
    console = _console()
    if not console.is_terminal:
        show_lines(" ".join([*(f"{cell:{n}}" for cell, n in zip(cells, widths, strict=False)), cells[-1]]).rstrip())
        return
    grid = Table.grid(padding=(0, 1))
    for width in widths:
        grid.add_column(min_width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(*cells)
    console.print(grid)


def say(text: str) -> None:
    """Print a line for people to standard error."""
    _console(stderr=True).print(text, soft_wrap=True)


def emit_json(document: object) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n")


def chosen_format(given: Format | None, *, json_output: bool) -> Format:
    """Return the format that --format and --json ask for. Raises DiagnosticError: ND701 if they contradict each other."""
    if json_output and given not in (None, Format.json):
        told = f"'{given.value}' contradicts --json" if given else ""
        raise DiagnosticError(
            "usage", (finding("ND701", about("option", "--format"), told, fixes=["leave one of them out"]),)
        )
    return Format.json if json_output else given or Format.text


def _status(findings: tuple[Diagnostic, ...], *, strict: bool) -> int:
    if any(item.code == "ND507" for item in findings):
        return INTERRUPTED
    refused = errors_in(findings, strict=strict)
    if any(item.code == "ND901" for item in refused):
        return INTERNAL
    if any(item.code.startswith("ND7") and item.code != OUT_OF_MEMORY for item in refused):
        return USAGE
    if refused and all(item.code in NOT_HERE for item in refused):
        return UNAVAILABLE
    return 1 if refused else 0


def _subject(model: Path | None, *, strict: bool, passed: Iterable[str]) -> Examined:
    text = ""
    if model is not None and model.suffix == WITH_LINES and model.is_file():
        text = model.read_text(encoding="utf-8", errors="replace")
    return Examined("" if model is None else str(model), text, strict, tuple(passed))


def _emit(found: tuple[Diagnostic, ...], style: Format, subject: Examined, status: int) -> None:
    """Print findings for another tool to standard output."""
    if style is Format.sarif:
        emit_json(sarif(found, subject, version=version("neurodeploy"), status=status))
        return
    forms = {Format.concise: concise, Format.github: github, Format.junit: junit}
    sys.stdout.write(forms[style](found, subject))


def finish(
    findings: Iterable[Diagnostic],
    *,
    json_document: dict[str, Any] | None = None,
    strict: bool = False,
    style: Format = Format.text,
    model: Path | None = None,
    passed: Iterable[str] = (),
) -> None:
    """Print findings in a format (with the JSON document, if there is one) and leave with their exit status.

    `model` and `passed`: what the formats other than text and json name beside the findings.
    """
    found = sorted_findings(findings)
    status = _status(found, strict=strict)
    if json_document is not None or style is Format.json:
        emit_json({**(json_document or {}), "findings": [to_plain(item) for item in found]})
    elif style is not Format.text:
        _emit(found, style, _subject(model, strict=strict, passed=passed), status)
    elif found:
        say("\n" + render_all(found))
    raise typer.Exit(status)


def no_memory(error: MemoryError) -> Diagnostic:
    """Return the finding of a machine that has not the memory that was asked for."""
    told = f"needs more memory than this process can have{f': {error}' if str(error) else ''}"
    fixes = ["show fewer --samples or --steps at a time, or take a machine with more memory"]
    return finding(OUT_OF_MEMORY, about("command"), told, fixes=fixes)


def internal_fault(error: Exception) -> Diagnostic:
    """Return the finding of an exception that no finding explains."""
    message = f"internal fault: {type(error).__name__}: {error}"
    return finding(
        "ND901",
        about("neurodeploy"),
        message,
        fixes=["set NEURODEPLOY_TRACEBACK=1 for the traceback, and report it with the command"],
    )


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Turn DiagnosticError into findings and their exit status, and anything else into ND901 and 70."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        given, model = kwargs.get("output_format"), kwargs.get("model")
        style = Format.json if kwargs.get("json_output") else given if isinstance(given, Format) else Format.text
        subject = model if isinstance(model, Path) else None

        def leave(findings: tuple[Diagnostic, ...]) -> None:
            finish(findings, strict=bool(kwargs.get("strict")), style=style, model=subject)

        try:
            function(*args, **kwargs)
        except DiagnosticError as error:
            leave(error.diagnostics)
        except KeyboardInterrupt:
            stopped = finding(
                "ND507", about("neurodeploy"), "stopped before there was a result, and nothing is left running"
            )
            leave((stopped,))
        except (typer.Exit, typer.Abort):
            raise
        except MemoryError as error:
            leave((no_memory(error),))
        except Exception as error:
            if os.environ.get("NEURODEPLOY_TRACEBACK"):
                traceback.print_exc()
            leave((internal_fault(error),))

    return guarded


@contextmanager
def working(label: str) -> Generator[None, None, None]:
    """Show on a terminal that something is being done whose length is not known; nothing elsewhere."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True) as bar:
        bar.add_task(label, total=None)
        yield


@contextmanager
def progress_bar(label: str, total: int, *, quiet: bool) -> Generator[ProgressCall | None, None, None]:
    """Yield a progress callback that draws on a terminal; None elsewhere."""
    console = _console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done, total: bar.update(task, completed=done, total=total)
