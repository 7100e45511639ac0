"""Errors of usage, as findings in the requested format."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import typer

from neurodeploy.cli.option_types import shown
from neurodeploy.cli.output import Format, finish
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest

__all__ = ["printed"]

UsageError: Any = typer.BadParameter.__mro__[1]
"""Base of typer's errors of usage, which has no public name in some versions."""


def printed(error: Exception, words: Sequence[str]) -> int | None:
    """Print the findings of an error, and return the exit status; None for errors without findings.

    `words`: of the command, which say the format.
    """
    if not isinstance(error, (DiagnosticError, UsageError)):
        return None
    found = error.diagnostics if isinstance(error, DiagnosticError) else (_usage_finding(error),)
    try:
        finish(found, style=_requested_format(words))
    except typer.Exit as left:
        return left.exit_code
    return 0


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
