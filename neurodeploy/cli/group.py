"""The group of all commands. Errors of usage are findings, printed in the requested format."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from neurodeploy.cli.command_table import Commands, summaries
from neurodeploy.cli.streams import tolerant

__all__ = ["Group"]

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


class Group(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: Any = Commands()

    def _listing(self) -> Group:
        """A copy with commands that need not be imported to be listed."""
        listing = copy.copy(self)
        listing.commands = summaries()
        return listing

    def list_commands(self, ctx: object) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(self.commands)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        super(Group, self._listing()).format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return the commands and options that start with a prefix, for shell completion."""
        ctx.command = self._listing()
        return super(Group, ctx.command).shell_complete(ctx, incomplete)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name of a command, the command, and its words, with those that a project file adds."""
        from neurodeploy.cli.project_defaults import with_project

        name, command, words = super().resolve_command(ctx, args)
        return name, command, with_project(ctx, command, name or "", words)

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
        except typer.Abort:
            left = 130
        except Exception as error:
            from neurodeploy.cli.usage_errors import printed

            left = printed(error, words)
            if left is None:
                raise
        sys.exit(left if isinstance(left, int) else 0)
