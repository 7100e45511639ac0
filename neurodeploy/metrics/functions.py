"""A user's own metrics: functions by name or as objects, called with the data that their parameters name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Real
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from neurodeploy.base.plain import as_table
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.metrics.nouns import UserMetric

__all__ = ["PARAMETERS", "Function", "function_named", "functions_of", "user_metrics"]

PARAMETERS = ("answers", "labels", "scores", "decoded", "targets", "recording", "program")
"""What a function can ask for by the names of its parameters."""
FORM = re.compile(r"(?P<place>.+):(?P<function>[A-Za-z_]\w*)")
ITEM = re.compile(r"\w[\w.\-]*")
FORMS = "write it as FILE.py:FUNCTION or MODULE:FUNCTION"
TAKES = f"its parameters may be {', '.join(PARAMETERS)}"


class Function(NamedTuple):
    """A function with the name that its figures have."""

    name: str
    source: str
    """As it was named by the user."""
    call: Callable[..., object]


def _refused(code: str, source: str, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("metrics", (finding(code, about("function", source), message, fixes=fixes),))


def _why(error: BaseException) -> str:
    """An exception of the user's code, with the line where it was raised."""
    frames = inspect.getinnerframes(error.__traceback__) if error.__traceback__ else []
    place = f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""
    text = str(error)
    return f"{type(error).__name__}{f': {text}' if text else ''}{place}"


def _from_file(source: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise _refused("ND630", source, f"file '{path}' does not exist")
    spec = importlib.util.spec_from_file_location(f"neurodeploy_metric_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise _refused("ND630", source, f"file '{path}' is not a Python file", FORMS)
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = keep
    return module


def _module(source: str, place: str) -> ModuleType:
    try:
        return _from_file(source, Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except DiagnosticError:
        raise
    except (Exception, SystemExit) as error:
        raise _refused("ND630", source, f"its module cannot be imported: {_why(error)}", FORMS) from None


def function_named(source: str) -> Function:
    """Return a function that is named as FILE.py:FUNCTION or MODULE:FUNCTION. Importing it runs its module.

    `source`: the text. Raises DiagnosticError: ND630 (no such file, module or function, or unknown parameters).
    """
    match = FORM.fullmatch(source)
    if match is None:
        raise _refused("ND630", source, "does not name a function", FORMS)
    module = _module(source, match["place"])
    call = getattr(module, match["function"], None)
    if not callable(call):
        names = [name for name, item in vars(module).items() if inspect.isfunction(item)]
        raise _refused(
            "ND630", source, f"'{match['function']}' is not a function of it", *nearest(match["function"], names)
        )
    return _checked(Function(match["function"], source, call))


def _checked(function: Function) -> Function:
    try:
        parameters = inspect.signature(function.call).parameters.values()
    except (TypeError, ValueError):
        raise _refused("ND630", function.source, "has no signature that could be read", TAKES) from None
    unknown = [
        item.name
        for item in parameters
        if item.name not in PARAMETERS
        and item.default is item.empty
        and item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)
    ]
    if unknown:
        message = f"has the parameter '{unknown[0]}', which nothing provides"
        raise _refused("ND630", function.source, message, *nearest(unknown[0], PARAMETERS), TAKES)
    return function


def functions_of(given: Iterable[str | Function | Callable[..., object]]) -> tuple[Function, ...]:
    """Return functions that are named or given as objects. Raises DiagnosticError: ND630.

    `given`: texts as for function_named, or functions, which are named by their own name.
    """
    found = list[Function]()
    for item in given:
        if isinstance(item, Function):
            found.append(item)
            continue
        source = getattr(item, "__name__", type(item).__name__)
        name = re.sub(r"\W+", "", source) or "function"
        found.append(function_named(item) if isinstance(item, str) else _checked(Function(name, source, item)))
    names = [item.name for item in found]
    for item in found:
        if names.count(item.name) > 1:
            message = (
                f"is one of {names.count(item.name)} functions of the name '{item.name}', which figures are named by"
            )
            raise _refused("ND630", item.source, message, "give them different names")
    return tuple(found)


def user_metrics(functions: Iterable[Function], data: Mapping[str, object]) -> tuple[UserMetric, ...]:
    """Return the figures of functions: one for a number, one for each item of a mapping.

    `data`: parameter -> value, as PARAMETERS; None if there is none of it. Raises DiagnosticError: ND631 (it failed, or did not
    return finite numbers), ND632 (it needs something that this run does not have).
    """
    found = list[UserMetric]()
    for function in functions:
        found += _figures(function, data)
    return tuple(found)


def _figures(function: Function, data: Mapping[str, object]) -> Iterator[UserMetric]:
    parameters = inspect.signature(function.call).parameters.values()
    asked = [item for item in parameters if item.name in data]
    for item in asked:
        if data[item.name] is None and item.default is item.empty:
            raise _refused("ND632", function.source, f"asks for '{item.name}', which this run does not have")
    try:
        result = function.call(**{item.name: data[item.name] for item in asked if data[item.name] is not None})
    except (Exception, SystemExit) as error:
        raise _refused("ND631", function.source, f"failed: {_why(error)}") from None
    table = as_table(result)
    for key, value in ({"": result} if table is None else table).items():
        name = f"{function.name}.{key}" if key else function.name
        if not ITEM.fullmatch(name):
            raise _refused("ND631", function.source, f"returned an item '{key}', which is no name of a figure")
        yield UserMetric(name=name, value=_number(function, name, value), source=function.source)


def _number(function: Function, name: str, value: object) -> float:
    item = getattr(value, "item", None)
    plain = item() if callable(item) and getattr(value, "size", 1) == 1 else value
    if isinstance(plain, bool) or not isinstance(plain, Real) or not math.isfinite(plain):
        message = f"returned {_shown(plain)} as '{name}'; needs a finite number, or a mapping of names to numbers"
        raise _refused("ND631", function.source, message)
    return float(plain)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, (Real, str, type(None))) else f"a {type(value).__name__}"
