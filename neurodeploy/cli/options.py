"""Command-line options derived from the fields of option classes, which declare type, range, choices and help once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.models import OptionInfo

from neurodeploy.base.described import field_meanings
from neurodeploy.cli.option_types import by_name, cores, one_of, per_second, pinned, real, whole

__all__ = ["collecting_options", "field_option", "option_name"]

METAVARS = {int: "N", float: "NUMBER"}
SECONDS = "_s"
"""Suffix of fields in seconds, omitted in option names."""
RATE = "_per_s"
"""Suffix of fields that count events per second, omitted in option names."""
ALL_OTHERS = '; "*" -> all others'
"""Phrase in docstrings of tables by name; on the command line the name is omitted instead."""


def field_option(
    noun: type[BaseModel], field: str, *names: str, metavar: str | None = None, text: str | None = None
) -> OptionInfo:
    """Return the typer option of a field, to annotate a parameter with.

    `names`: of the option; default --FIELD, with dashes and without the unit _s. `metavar`: of its value in the help;
    default by type. `text`: help that replaces the docstring of the field if the command line uses another form.
    """
    info = noun.model_fields[field]
    names = names or (option_name(field),)
    parser, usual = _table_parser(names[-1], info, metavar) or _parser(names[-1], field, info)
    meaning = text or _help(field_meanings(noun)[field], info)
    if parser is None:
        return typer.Option(*names, help=meaning, metavar=metavar)
    return typer.Option(*names, parser=parser, metavar=metavar or usual, help=meaning)


def collecting_options(
    function: Callable[..., None],
    parameter: str,
    noun: type[BaseModel],
    flags: Mapping[str, str],
    collect: Callable[[dict[str, Any]], object],
    *,
    panel: str,
    forms: Mapping[str, str] = MappingProxyType({}),
) -> Callable[..., None]:
    """Return a command that has an option for each field of a noun instead of one parameter of the function.

    `flags`: field -> option. `collect`: returns the value of the parameter from the fields, which are None if not given.
    `panel`: heading of the options in the help. `forms`: field -> form of its value, where the help shows another than usual.
    """

    @wraps(function)
    def collected(**given: Any) -> None:
        fields = {field: given.pop(field) for field in flags}
        function(**given, **{parameter: collect(fields)})

    # of the wrapper, which has no defaults: Python 3.10 makes a hint optional where the default is None
    annotations = get_type_hints(collected, include_extras=True)
    del annotations[parameter]
    for field, flag in flags.items():
        annotation = noun.model_fields[field].annotation
        switch = _plain_type(annotation) is bool
        name = f"{flag}/--no-{flag.removeprefix('--')}" if switch else flag
        option = field_option(noun, field, name, metavar=forms.get(field))
        option.rich_help_panel = panel
        kind: Any = list[Any] | None if get_origin(annotation) in (dict, tuple) else bool | None if switch else Any
        annotations[field] = Annotated[kind, option]
    own = [item for name, item in signature(function).parameters.items() if name != parameter]
    added = [Parameter(field, Parameter.KEYWORD_ONLY, default=None) for field in flags]
    declared = [item.replace(kind=Parameter.KEYWORD_ONLY, annotation=annotations[item.name]) for item in (*own, *added)]
    collected.__signature__ = signature(function).replace(parameters=declared)  # pyright: ignore[reportAttributeAccessIssue]
    collected.__annotations__ = annotations
    return collected


def option_name(field: str) -> str:
    """Return the command-line option of a field, e.g. "--time-limit" of "time_limit_s"."""
    return f"--{field.removesuffix(RATE).removesuffix(SECONDS).replace('_', '-')}"


def _help(meaning: str, info: FieldInfo) -> str:
    """The docstring of a field as help text. An omitted name stands for all; options with several values are
    repeatable.
    """
    text = meaning.replace(ALL_OTHERS, "; without a name, for all others")
    if get_origin(info.annotation) is dict:
        text = text.rpartition(" -> ")[2]
        text = text[:1].upper() + text[1:]
    return f"{text} Repeatable." if get_origin(info.annotation) in (dict, tuple) else text


def _table_parser(
    option: str, info: FieldInfo, metavar: str | None
) -> tuple[Callable[[Any], object], str | None] | None:
    """The parser of one entry of a table or a tuple, and its usual metavar; None for other fields."""
    origin, kinds = get_origin(info.annotation), get_args(info.annotation)
    if origin is tuple:
        if kinds[0] is int:
            return cores(option), "CORES"
        return one_of(option, get_args(kinds[0])), "NAME"
    if origin is not dict:
        return None
    if get_origin(kinds[1]) is tuple:
        return pinned(option), "NAME=CORES"
    entry = FieldInfo.from_annotation(kinds[1])
    form = metavar or "[NAME=]VALUE"
    if _plain_type(entry.annotation) is float:
        bounds = _bounds(entry)
        number = real(option, "a fraction", least=bounds.get("ge", 0), below=bounds.get("lt", math.inf))
        return by_name(option, form, number), form
    bounds = _bounds(entry)
    return by_name(option, form, whole(option, bounds["ge"], bounds["le"])), form


def _bounds(info: FieldInfo) -> dict[str, Any]:
    """Range of a field: gt, ge, lt and le."""
    return {
        name: getattr(rule, name) for rule in info.metadata for name in ("gt", "ge", "lt", "le") if hasattr(rule, name)
    }


def _parser(option: str, field: str, info: FieldInfo) -> tuple[Callable[[Any], object] | None, str | None]:
    """The parser of an option's value and its default metavar; None for text and flags."""
    kind = _plain_type(info.annotation)
    bounds, words = _bounds(info), get_args(kind) if get_origin(kind) is Literal else ()
    if words and isinstance(words[0], int):
        return whole(option, min(words), max(words)), field.rpartition("_")[2].upper()
    if words:
        return one_of(option, words), field.rpartition("_")[2].upper()
    if kind is int:
        low = bounds.get("ge", bounds.get("gt", -(2**63)) + ("gt" in bounds))
        return whole(option, low, bounds.get("le", bounds.get("lt", 2**63) - 1)), METAVARS[int]
    if kind is float and field.endswith(RATE):
        return per_second(option, bounds["ge"], bounds["lt"]), "N/s"
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
