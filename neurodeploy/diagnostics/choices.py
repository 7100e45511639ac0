"""Arguments of public functions: checks of their types, and options by keyword."""

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
"""Class -> the call that makes an object of it."""


def needs(door: str, **given: tuple[object, type[Any] | tuple[type[Any], ...]]) -> None:
    """Raise ND002 for arguments of a wrong type. `given`: argument -> (value, class or classes)."""
    found = list[Diagnostic]()
    for name, (value, kinds) in given.items():
        if isinstance(value, kinds):
            continue
        words = [NAMES.get(kind, kind.__name__) for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
        told = f"argument '{name}': needs a {' or '.join(words)}, got {type(value).__name__}"
        found.append(
            finding("ND002", about("function", door), told, fixes=[HELP[word] for word in words[:1] if word in HELP])
        )
    if found:
        raise DiagnosticError(door, tuple(found))


def whole_faults(door: str, **given: object) -> list[Diagnostic]:
    """Return ND002 for each argument that is neither None nor a whole number from 1 to 2**31 - 1."""
    wrong = [name for name, value in given.items() if value is not None and not _is_whole(value, 1, LARGEST)]
    told = f"needs a whole number from 1 to {LARGEST:,}"
    return [finding("ND002", about("function", door), f"argument '{name}': {told}") for name in wrong]


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(low <= value <= high)


def chosen(door: str, noun: type[N], options: N | None, choices: Mapping[str, Any], others: Iterable[str] = ()) -> N:
    """Return options with some of their fields given by keyword, which override those of `options`.

    `others`: further arguments of the function, for suggestions. Raises DiagnosticError: ND002.
    """
    needs(door, options=(options, (noun, type(None))))
    fields, found = list(noun.model_fields), list[Diagnostic]()
    for name in choices:
        if name not in fields:
            told = f"argument '{name}' is unknown"
            found.append(finding("ND002", about("function", door), told, fixes=nearest(name, [*others, *fields])))
    held = {} if options is None else {name: getattr(options, name) for name in fields}
    try:
        result = noun(**{**held, **{name: value for name, value in choices.items() if name in fields}})
    except DiagnosticError as error:
        raise DiagnosticError(door, (*found, *error.diagnostics)) from None
    if found:
        raise DiagnosticError(door, tuple(found))
    return result
