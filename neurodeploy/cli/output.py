"""Verb: the only place that writes to the terminal, and where exit statuses come from."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from neurodeploy.diagnostics import (
    Diagnostic,
    DiagnosticError,
    errors_in,
    finding,
    render_all,
    sorted_findings,
    to_plain,
)
from neurodeploy.runtime import Progress as ProgressCall

__all__ = ["command", "emit_json", "finish", "internal_fault", "progress_bar", "say", "show", "show_lines", "working"]

P = ParamSpec("P")
USAGE, UNAVAILABLE, INTERNAL, INTERRUPTED = 2, 3, 70, 130


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


def say(text: str) -> None:
    """Print a line for people to standard error."""
    _console(stderr=True).print(text, soft_wrap=True)


def emit_json(document: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n")


def _status(findings: tuple[Diagnostic, ...], *, strict: bool) -> int:
    if any(item.code == "ND507" for item in findings):
        return INTERRUPTED
    refused = errors_in(findings, strict=strict)
    if any(item.code.startswith("ND7") for item in refused):
        return USAGE
    if refused and all(item.code in ("ND501", "ND503", "ND504") for item in refused):
        return UNAVAILABLE
    return 1 if refused else 0


def finish(
    findings: Iterable[Diagnostic], *, json_document: dict[str, Any] | None = None, strict: bool = False
) -> None:
    """Print findings (or the JSON document with them) and leave with their exit status."""
    found = sorted_findings(findings)
    if json_document is not None:
        emit_json({**json_document, "findings": [to_plain(item) for item in found]})
    elif found:
        say("\n" + render_all(found))
    raise typer.Exit(_status(found, strict=strict))


def internal_fault(error: Exception) -> Diagnostic:
    """Return the finding of an exception that no finding explains."""
    message = f"internal fault: {type(error).__name__}: {error}"
    return finding(
        "ND901",
        "neurodeploy",
        message,
        fixes=["set NEURODEPLOY_TRACEBACK=1 for the traceback, and report it with the command"],
    )


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Turn DiagnosticError into findings and their exit status, and anything else into ND901 and 70."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        document: dict[str, Any] | None = {} if kwargs.get("json_output") else None
        try:
            function(*args, **kwargs)
        except DiagnosticError as error:
            finish(error.diagnostics, json_document=document, strict=bool(kwargs.get("strict")))
        except KeyboardInterrupt:
            stopped = finding("ND507", "neurodeploy", "stopped before there was a result, and nothing is left running")
            finish([stopped], json_document=document)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("NEURODEPLOY_TRACEBACK"):
                traceback.print_exc()
            fault = internal_fault(error)
            if document is not None:
                emit_json({"findings": [to_plain(fault)]})
            else:
                say(render_all([fault]))
            raise typer.Exit(INTERNAL) from None

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
