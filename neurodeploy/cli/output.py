"""Output to the terminal, and exit statuses. All output of the command line is printed here."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import typer
from rich.console import Console, RenderableType

from neurodeploy.diagnostics import (
    Diagnostic,
    DiagnosticError,
    about,
    errors_in,
    finding,
    render_all,
    rule,
    sorted_findings,
    to_plain,
)

if TYPE_CHECKING:
    from neurodeploy.signals import Progress as ProgressCall

__all__ = [
    "Format",
    "chosen_format",
    "command",
    "emit_json",
    "finish",
    "internal_error_finding",
    "memory_finding",
    "progress_bar",
    "say",
    "show",
    "show_lines",
    "show_row",
    "wide_terminal",
    "working",
]

P = ParamSpec("P")
USAGE, UNAVAILABLE, INTERNAL, INTERRUPTED = 2, 3, 70, 130
"""Exit statuses other than 0 and 1; the rule of a finding names its status."""
WIDE = 100
"""Columns of a terminal from which a run draws its spikes and cores."""
OUT_OF_MEMORY = "ND711"
WITH_LINES = ".json"
"""Suffix of models whose findings have a line number."""


class Format(str, Enum):
    """Formats of findings. All but text go to standard output, without anything else."""

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
    """Print lines to standard output without wrapping."""
    for line in lines:
        _console().print(line, soft_wrap=True)


def show_row(*cells: str, widths: tuple[int, ...]) -> None:
    """Print a row of cells; on a terminal, a long last cell wraps within its column. `widths`: of the other columns."""
    console = _console()
    if not console.is_terminal:
        show_lines(" ".join([*(f"{cell:{n}}" for cell, n in zip(cells, widths, strict=False)), cells[-1]]).rstrip())
        return
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    for width in widths:
        grid.add_column(min_width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(*cells)
    console.print(grid)


def wide_terminal() -> int | None:
    """Return the width of standard output where it is a terminal with space for pictures of characters; None elsewhere."""
    console = _console()
    can = console.is_terminal and console.encoding.startswith("utf") and console.width >= WIDE
    return console.width if can else None


def say(text: str) -> None:
    """Print a message to standard error; on a terminal, long lines break between words and are indented."""
    console = _console(stderr=True)
    if console.is_terminal:
        text = "\n".join(_broken(line, console.width) for line in text.split("\n"))
    console.print(text, soft_wrap=True)


def _broken(line: str, width: int) -> str:
    """A line broken between words, with its own indentation and three more spaces before the rest."""
    start = line[: len(line) - len(line.lstrip())]
    if len(line) <= width or width < 40:
        return line
    return textwrap.fill(
        line.strip(),
        width,
        initial_indent=start,
        subsequent_indent=f"{start}   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def emit_json(document: object) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n")


def chosen_format(given: Format | None, *, json_output: bool) -> Format:
    """Return the format chosen by --format and --json. Raises DiagnosticError: ND701 if they contradict each other."""
    if json_output and given not in (None, Format.json):
        message = f"'{given.value}' contradicts --json" if given else ""
        raise DiagnosticError(
            "usage", (finding("ND701", about("option", "--format"), message, fixes=["omit one of them"]),)
        )
    return Format.json if json_output else given or Format.text


def _status(findings: tuple[Diagnostic, ...], *, strict: bool) -> int:
    every = {rule(item.code).exit_status for item in findings}
    refused = {rule(item.code).exit_status for item in errors_in(findings, strict=strict)}
    first = next((status for status in (INTERNAL, USAGE) if status in refused), None)
    if INTERRUPTED in every or first is not None:
        return INTERRUPTED if INTERRUPTED in every else first or 0
    return UNAVAILABLE if refused == {UNAVAILABLE} else min(len(refused), 1)


def _emit(
    found: tuple[Diagnostic, ...],
    style: Format,
    status: int,
    model: Path | None,
    *,
    strict: bool,
    passed: Iterable[str],
) -> None:
    """Print findings in a format of another tool to standard output."""
    from importlib.metadata import version

    from neurodeploy.report.formats import Examined, concise, github, junit, sarif

    text = ""
    if model is not None and model.suffix == WITH_LINES and model.is_file():
        text = model.read_text(encoding="utf-8", errors="replace")
    subject = Examined("" if model is None else str(model), text, strict, tuple(passed))
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
    rendered: Callable[[int], str] | None = None,
) -> None:
    """Print findings, in JSON together with `json_document`, and exit with their status.

    `model` and `passed`: path of the model and met budgets, for the formats other than text and json. `rendered`: returns
    from the status the text that is printed instead of the findings; empty for the findings.
    """
    found = sorted_findings(findings)
    status = _status(found, strict=strict)
    text = "" if rendered is None else rendered(status)
    if text:
        sys.stdout.write(text)
    elif json_document is not None or style is Format.json:
        emit_json({**(json_document or {}), "findings": [to_plain(item) for item in found]})
    elif style is not Format.text:
        _emit(found, style, status, model, strict=strict, passed=passed)
    elif found:
        say("\n" + render_all(found))
    raise typer.Exit(status)


def memory_finding(error: MemoryError) -> Diagnostic:
    """Return the finding of exhausted memory."""
    message = f"needs more memory than is available{f': {error}' if str(error) else ''}"
    fixes = ["run fewer --samples or --steps at a time, or use a machine with more memory"]
    return finding(OUT_OF_MEMORY, about("command"), message, fixes=fixes)


def internal_error_finding(error: Exception) -> Diagnostic:
    """Return the finding of an unexpected exception."""
    message = f"internal error: {type(error).__name__}: {error}"
    return finding(
        "ND901",
        about("neurodeploy"),
        message,
        fixes=["set NEURODEPLOY_TRACEBACK=1 for the traceback, and report it with the command"],
    )


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Decorate a command: print the findings of a DiagnosticError and exit; report other exceptions as ND901, status 70."""

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
            stopped = finding("ND507", about("neurodeploy"), "stopped without a result; nothing is left running")
            leave((stopped,))
        except (typer.Exit, typer.Abort):
            raise
        except MemoryError as error:
            leave((memory_finding(error),))
        except Exception as error:
            if os.environ.get("NEURODEPLOY_TRACEBACK"):
                traceback.print_exc()
            leave((internal_error_finding(error),))

    return guarded


@contextmanager
def working(label: str) -> Generator[None, None, None]:
    """Show a label and the elapsed time on a terminal; nothing elsewhere."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield
        return
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True) as bar:
        bar.add_task(label, total=None)
        yield


@contextmanager
def progress_bar(
    label: str, total: int, *, quiet: bool, left: bool = False
) -> Generator[ProgressCall | None, None, None]:
    """Yield a progress callback that draws a bar on a terminal; None elsewhere. `left`: with an estimate of the time left."""
    console = _console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    more = (TextColumn("left"), TimeRemainingColumn()) if left else ()
    with Progress(*columns, *more, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done, total: bar.update(task, completed=done, total=total)
