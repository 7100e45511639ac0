"""The command-line application. Its commands are imported when they are called."""

from __future__ import annotations

from typing import Annotated

import typer

from neurodeploy.cli.group import Group

__all__ = ["app"]

app = typer.Typer(
    name="neurodeploy",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Compile one spiking-network description to neuromorphic cores: exact, checked, costed.",
    epilog="Start: neurodeploy run examples/digits/digits.nd.json --target loihi1",
)


def _version(value: bool) -> None:
    if value:
        from neurodeploy import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    no_project: Annotated[bool, typer.Option("--no-project", help="Ignore neurodeploy.toml.")] = False,
) -> None:
    """Compile one spiking-network description to neuromorphic cores: exact, checked, costed."""
