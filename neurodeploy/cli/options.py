"""Command-line options derived from the fields of option classes, which declare type, range, choices and help once."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.models import OptionInfo

from neurodeploy.base.described import field_meanings
from neurodeploy.cli.option_types import one_of, real, whole

__all__ = ["field_option"]

METAVARS = {int: "N", float: "NUMBER"}
SECONDS = "_s"
"""Suffix of fields in seconds, omitted in option names."""


def field_option(
    noun: type[BaseModel], field: str, *names: str, metavar: str | None = None, text: str | None = None
) -> OptionInfo:
    """Return the typer option of a field, to annotate a parameter with.

    `names`: of the option; default --FIELD, with dashes and without the unit _s. `metavar`: of its value in the help;
    default by type. `text`: help that replaces the docstring of the field, where the command line takes another form.
    """
    info = noun.model_fields[field]
    names = names or (f"--{field.removesuffix(SECONDS).replace('_', '-')}",)
    parser, usual = _parser(names[-1], field, info)
    told = text or field_meanings(noun)[field]
    if parser is None:
        return typer.Option(*names, help=told, metavar=metavar)
    return typer.Option(*names, parser=parser, metavar=metavar or usual, help=told)


def _parser(option: str, field: str, info: FieldInfo) -> tuple[Callable[[Any], object] | None, str | None]:
    """The parser of an option's value and its default metavar; None for text and flags."""
    kind = _plain_type(info.annotation)
    bounds = {
        name: getattr(rule, name) for rule in info.metadata for name in ("gt", "ge", "lt", "le") if hasattr(rule, name)
    }
    if get_origin(kind) is Literal:
        return one_of(option, get_args(kind)), field.rpartition("_")[2].upper()
    if kind is int:
        low = bounds.get("ge", bounds.get("gt", -(2**63)) + ("gt" in bounds))
        return whole(option, low, bounds.get("le", bounds.get("lt", 2**63) - 1)), METAVARS[int]
    if kind is float:
        of_time = field.endswith(SECONDS)
        number = real(
            option,
            "a number of seconds" if of_time else "a number",
            above=bounds.get("gt"),
            least=bounds.get("ge", -math.inf),
            below=bounds.get("lt", math.inf),
        )
        return number, "SECONDS" if of_time else METAVARS[float]
    return None, None


def _plain_type(annotation: Any) -> Any:
    """A type without None and without its validators."""
    if hasattr(annotation, "__metadata__"):
        return _plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return _plain_type(kinds[0]) if len(kinds) == 1 else None
    return annotation
