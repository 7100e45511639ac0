"""The group of all commands. Errors of usage are findings, printed in the requested format."""

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
"""Base of typer's errors of usage, which has no public name in some versions."""
NARROW, WIDE = 40, 100_000
"""Limits of the terminal width, in characters."""
WIDTHS = ("COLUMNS", "TERMINAL_WIDTH")


def _set_width() -> None:
    """Remove invalid widths from the environment, and clip the others to the limits."""
    for name in WIDTHS:
        given = os.environ.get(name)
        if given is None:
            continue
        if not (given.isascii() and given.isdigit()) or not int(given[:9]) > 0:
            del os.environ[name]
        else:
            os.environ[name] = str(min(max(int(given[:9]), NARROW), WIDE))


def _requested_format(words: Sequence[str]) -> Format:
    """The format that the words of a command request, without parsing them."""
    if "--json" in words:
        return Format.json
    given = [word.partition("=")[2] for word in words if word.startswith("--format=")]
    given += [value for word, value in pairwise(words) if word == "--format"]
    return next((Format(value) for value in given if value in Format.__members__), Format.text)


def _usage_finding(error: Any) -> Diagnostic:
    """The finding of an error of usage."""
    context, option = getattr(error, "ctx", None), getattr(error, "option_name", None)
    path = context.command_path if context else "neurodeploy"
    where, fixes = about("command", path), [f"{path} --help"]
    if option is not None and type(error).__name__ == "NoSuchOption":
        known = [name.lstrip("-") for item in context.command.params for name in item.opts] if context else []
        suggestions = [fix.replace("'", "'--", 1) for fix in nearest(option.lstrip("-"), known)]
        return finding("ND708", where, f"has no option {shown(option)}", fixes=[*suggestions, *fixes])
    parameter = getattr(error, "param", None)
    if type(error).__name__ == "MissingParameter" and parameter is not None:
        name = parameter.name.upper() if parameter.param_type_name == "argument" else parameter.opts[0]
        return finding("ND708", where, f"needs {parameter.param_type_name} {name}", fixes=fixes)
    sentence = " ".join(error.format_message().split())
    return finding("ND708", where, f"cannot be parsed: {sentence[:1].lower()}{sentence[1:].rstrip('.')}", fixes=fixes)


class Group(TyperGroup):
    """The group of all commands."""

    def main(
        self, args: Sequence[str] | None = None, *rest: Any, standalone_mode: bool = True, **more: Any
    ) -> NoReturn:  # type: ignore[override]
        """Run a command, and exit with its status."""
        words = list(sys.argv[1:] if args is None else args)
        _set_width()
        tolerant(sys.stdout, sys.stderr)
        if not words:  # prints the help
            super().main(words, *rest, standalone_mode=True, **more)
        try:
            left = super().main(words, *rest, standalone_mode=False, **more)
        except (DiagnosticError, UsageError) as error:
            found = error.diagnostics if isinstance(error, DiagnosticError) else (_usage_finding(error),)
            left = _printed(found, _requested_format(words))
        except typer.Abort:
            left = 130
        sys.exit(left if isinstance(left, int) else 0)


def _printed(found: tuple[Diagnostic, ...], style: Format) -> int:
    """Print findings, and return the exit status."""
    try:
        finish(found, style=style)
    except typer.Exit as left:
        return left.exit_code
    return 0
