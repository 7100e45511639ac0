"""Command line: the group of all commands: faults in how one was called are findings, in the format that was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from neurodeploy.cli.option_types import shown
from neurodeploy.cli.output import Format, finish
from neurodeploy.cli.streams import tolerant
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest

__all__ = ["Group"]

UsageError: Any = typer.BadParameter.__mro__[1]
"""What typer raises of a fault in how a command was called; it has no public name in every version."""
NARROW, WIDE = 40, 100_000
"""Widths of a terminal, in letters, between which text can be set."""
WIDTHS = ("COLUMNS", "TERMINAL_WIDTH")


def _set_width() -> None:
    """Take a width from the environment only if text can be set in it."""
    for name in WIDTHS:
        given = os.environ.get(name)
        if given is None:
            continue
        if not (given.isascii() and given.isdigit()) or not int(given[:9]) > 0:
            del os.environ[name]
        else:
            os.environ[name] = str(min(max(int(given[:9]), NARROW), WIDE))


def _style(words: Sequence[str]) -> Format:
    """The format that the words of a command ask for, before they are understood."""
    if "--json" in words:
        return Format.json
    given = [word.partition("=")[2] for word in words if word.startswith("--format=")]
    given += [value for word, value in pairwise(words) if word == "--format"]
    return next((Format(value) for value in given if value in Format.__members__), Format.text)


def _misuse(error: Any) -> Diagnostic:
    """The finding of a fault that typer found."""
    context, option = getattr(error, "ctx", None), getattr(error, "option_name", None)
    path = context.command_path if context else "neurodeploy"
    where, fixes = about("command", path), [f"{path} --help"]
    if option is not None and type(error).__name__ == "NoSuchOption":
        known = [name.lstrip("-") for item in context.command.params for name in item.opts] if context else []
        near = [fix.replace("'", "'--", 1) for fix in nearest(option.lstrip("-"), known)]
        return finding("ND708", where, f"has no option {shown(option)}", fixes=[*near, *fixes])
    parameter = getattr(error, "param", None)
    if type(error).__name__ == "MissingParameter" and parameter is not None:
        name = parameter.name.upper() if parameter.param_type_name == "argument" else parameter.opts[0]
        return finding("ND708", where, f"lacks {parameter.param_type_name} {name}", fixes=fixes)
    told = " ".join(error.format_message().split())
    return finding("ND708", where, f"cannot be understood: {told[:1].lower()}{told[1:].rstrip('.')}", fixes=fixes)


class Group(TyperGroup):
    """The group of all commands."""

    def main(
        self, args: Sequence[str] | None = None, *rest: Any, standalone_mode: bool = True, **more: Any
    ) -> NoReturn:  # type: ignore[override]
        """Run the command that the words name, and leave with its status."""
        words = list(sys.argv[1:] if args is None else args)
        _set_width()
        tolerant(sys.stdout, sys.stderr)
        if not words:  # the help is printed
            super().main(words, *rest, standalone_mode=True, **more)
        try:
            left = super().main(words, *rest, standalone_mode=False, **more)
        except (DiagnosticError, UsageError) as error:
            found = error.diagnostics if isinstance(error, DiagnosticError) else (_misuse(error),)
            left = _told(found, _style(words))
        except typer.Abort:
            left = 130
        sys.exit(left if isinstance(left, int) else 0)


def _told(found: tuple[Diagnostic, ...], style: Format) -> int:
    """Print findings; the status to leave with."""
    try:
        finish(found, style=style)
    except typer.Exit as left:
        return left.exit_code
    return 0
