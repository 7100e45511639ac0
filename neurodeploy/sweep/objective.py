"""Objectives: what they are called, the digest of their content, and how they are sent to workers."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import math
import pickle
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, cast

from neurodeploy.base.noun import Noun, array_sha256, json_digest
from neurodeploy.base.plain import as_array
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.io.tensors import digest_of
from neurodeploy.sweep.nouns import Number
from neurodeploy.sweep.space import as_mapping
from neurodeploy.sweep.worker import Task

__all__ = ["Measured", "Objective", "content_digest", "name_of", "objective_named", "task_of"]

Objective = Callable[..., Mapping[str, Any]]
"""A function that takes the axes of a space by keyword and returns measures by name."""


def name_of(objective: object) -> str:
    """Return the name of a function or a callable object, without its module."""
    while isinstance(objective, partial):
        objective = objective.func
    network = getattr(objective, "network", None)
    if network is not None:
        return str(network.name)
    return str(getattr(objective, "__qualname__", type(objective).__qualname__))


def content_digest(value: object) -> str:
    """Return the digest of a function by its source, or of data by its content.

    `value`: a function, a functools.partial, an object with `sweep_digest()`, a noun, an array, or plain data. What a function
    calls is not part of it.
    """
    own = getattr(value, "sweep_digest", None)
    array = as_array(value)
    if callable(own) and not isinstance(value, type):
        return str(own())
    if isinstance(value, partial):
        bound = {name: content_digest(item) for name, item in value.keywords.items()}
        return json_digest([content_digest(value.func), [content_digest(item) for item in value.args], bound])
    if array is not None:
        return json_digest([str(array.dtype), list(array.shape), array_sha256(array)])
    if isinstance(value, Noun):
        return digest_of(value)
    if callable(value):
        return json_digest([_module_of(value), name_of(value), _source(value)])
    return hashlib.sha256(repr(value).encode()).hexdigest()


def _module_of(function: object) -> str:
    return str(getattr(function, "__module__", ""))


def _source(function: object) -> str:
    """The source of a function; its byte code where there is none."""
    try:
        return inspect.getsource(function if inspect.isroutine(function) else type(function))
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return hashlib.sha256(repr(_constant(code)).encode()).hexdigest() if isinstance(code, CodeType) else ""


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return value.co_code.hex(), value.co_names, tuple(_constant(item) for item in value.co_consts)
    return value


class Measured:
    """An objective whose result is checked where it runs: measures by name, with numbers of Python."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective

    def __call__(self, **values: object) -> dict[str, Number]:
        """Return the measures at a point. `values`: axis -> value. Raises DiagnosticError: ND963."""
        given: object = self.objective(**values)
        found = as_mapping(given)
        if found is None:
            raise _wrong(self.objective, f"returned a {type(given).__name__}, not measures by name")
        return {str(name): _number(self.objective, str(name), value) for name, value in found.items()}


def _number(objective: object, name: str, value: Any) -> Number:
    """A measure as a number of Python; not a number becomes None, which is unknown."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, float) and math.isfinite(value):
        return value
    shown = f"{value!r:.40}" if isinstance(value, float) else f"a {type(value).__name__}"
    raise _wrong(objective, f"returned {shown} as measure '{name:.60}', which needs a finite number, a text or None")


def _wrong(objective: object, message: str) -> DiagnosticError:
    return DiagnosticError("sweep", (finding("ND963", about("function", name_of(objective)), message),))


def task_of(
    function: Callable[..., Any], digest: str, *, sent: bool, imports_script: bool = True, name: str = ""
) -> Task:
    """Return a function as it is sent to workers, with the package cloudpickle where plain pickling cannot.

    `digest`: of what it computes. `sent`: whether workers are other processes. `imports_script`: whether these import the
    script of this process; a function that is defined in it is sent whole to others. `name`: of the function in a finding.

    Raises DiagnosticError: ND968 (it cannot be sent).
    """
    if not sent:
        return Task(digest, b"", function)
    inner = getattr(function, "objective", function)
    in_script = _module_of(inner) == "__main__"
    why, plain = "it is defined in an interactive session", None
    try:
        if not in_script or hasattr(sys.modules["__main__"], "__file__"):
            plain = Task(digest, pickle.dumps(function, protocol=4))
    except Exception as error:
        why = str(error)
    if plain is not None and (imports_script or not in_script or importlib.util.find_spec("cloudpickle") is None):
        return plain
    try:
        cloudpickle: Any = importlib.import_module("cloudpickle")
        return Task(digest, cloudpickle.dumps(function))
    except ImportError:
        fixes = ["define it in a file", "pip install cloudpickle", "executor='threads'"]
    except Exception as error:
        if plain is not None:
            return plain
        why, fixes = str(error), ["define it in a file, without open files or locks", "executor='threads'"]
    message = f"cannot be sent to another process: {why}"
    where = about("function", name or name_of(inner))
    raise DiagnosticError("sweep", (finding("ND968", where, message, fixes=fixes),))


def objective_named(text: str, folder: Path) -> Objective:
    """Return the function that a sweep file names as FILE.py:FUNCTION or MODULE:FUNCTION. Importing it runs its module.

    `text`: the name. `folder`: to which a file is relative. Raises DiagnosticError: ND960.
    """
    place, _, name = text.rpartition(":")
    try:
        module = _loaded(folder / place) if place.endswith(".py") else importlib.import_module(place)
        function = getattr(module, name)
    except (Exception, SystemExit) as error:
        message = f"cannot be imported: {type(error).__name__}: {error}"
        fix = "write it as FILE.py:FUNCTION or MODULE:FUNCTION"
        raise DiagnosticError("sweep", (finding("ND960", about("function", text), message, fixes=[fix]),)) from None
    if not callable(function):
        raise DiagnosticError("sweep", (finding("ND960", about("function", text), "is no function"),))
    return (
        cast("Objective", FileObjective(str((folder / place).resolve()), name))
        if place.endswith(".py")
        else cast("Objective", function)
    )


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"neurodeploy_sweep_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}'")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FileObjective:
    """A function of a file, which every worker imports from there."""

    def __init__(self, path: str, name: str) -> None:
        self.path, self.name, self._function = path, name, None
        self.__qualname__ = f"{Path(path).name}:{name}"

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "name": self.name, "_function": None, "__qualname__": self.__qualname__}

    def sweep_digest(self) -> str:
        """Return the digest of the name and the content of the file."""
        return json_digest([self.name, hashlib.sha256(Path(self.path).read_bytes()).hexdigest()])

    def __call__(self, **values: object) -> object:
        """Return what the function gives. `values`: axis -> value."""
        function: Any = self._function
        if function is None:
            function = getattr(_loaded(Path(self.path)), self.name)
            self._function = function
        return function(**values)
