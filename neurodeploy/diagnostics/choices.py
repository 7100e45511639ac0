"""Type checks of arguments of public functions, and options given as keywords."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import BaseModel

from neurodeploy.diagnostics.errors import DiagnosticError
from neurodeploy.diagnostics.finding import Diagnostic, finding
from neurodeploy.diagnostics.subject import about
from neurodeploy.diagnostics.translate import nearest

__all__ = ["CALL", "chosen", "needs", "whole_faults"]

N = TypeVar("N", bound=BaseModel)
CALL: tuple[type[Any], ...] = (cast("type[Any]", Callable), type(None))
"""Types of `progress`."""
NAMES: dict[type[Any], str] = {
    CALL[0]: "function",
    str: "text",
    int: "whole number",
    type(None): "None",
    PathLike: "path",
}
"""Names of types in messages."""
LARGEST = 2**31 - 1
HELP = {"Program": "nd.compile(network, target)", "Network": "nd.load(path)"}
"""Class -> the call that creates an object of it."""


def needs(function: str, **arguments: tuple[object, type[Any] | tuple[type[Any], ...]]) -> None:
    """Raise ND002 for arguments of a wrong type. `arguments`: name -> (value, class or classes)."""
    found = list[Diagnostic]()
    for name, (value, kinds) in arguments.items():
        if isinstance(value, kinds):
            continue
        words = [NAMES.get(kind, kind.__name__) for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
        message = f"argument '{name}': needs a {' or '.join(words)}, got {type(value).__name__}"
        found.append(
            finding(
                "ND002", about("function", function), message, fixes=[HELP[word] for word in words[:1] if word in HELP]
            )
        )
    if found:
        raise DiagnosticError(function, tuple(found))


def whole_faults(function: str, **arguments: object) -> list[Diagnostic]:
    """Return ND002 for each argument that is neither None nor a whole number from 1 to 2**31 - 1."""
    wrong = [name for name, value in arguments.items() if value is not None and not _is_whole(value, 1, LARGEST)]
    message = f"needs a whole number from 1 to {LARGEST:,}"
    return [finding("ND002", about("function", function), f"argument '{name}': {message}") for name in wrong]


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(low <= value <= high)


def chosen(
    function: str, noun: type[N], options: N | None, choices: Mapping[str, Any], others: Iterable[str] = ()
) -> N:
    """Return options with some of their fields set by keyword, which override those of `options`.

    `others`: further arguments of the function, for suggestions. Raises DiagnosticError: ND002.
    """
    needs(function, options=(options, (noun, type(None))))
    fields, found = list(noun.model_fields), list[Diagnostic]()
    for name in choices:
        if name not in fields:
            message = f"argument '{name}' is unknown"
            found.append(
                finding("ND002", about("function", function), message, fixes=nearest(name, [*others, *fields]))
            )
    previous = {} if options is None else {name: getattr(options, name) for name in fields}
    try:
        result = noun(**{**previous, **{name: value for name, value in choices.items() if name in fields}})
    except DiagnosticError as error:
        raise DiagnosticError(function, (*found, *error.diagnostics)) from None
    if found:
        raise DiagnosticError(function, tuple(found))
    return result
