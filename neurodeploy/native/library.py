"""Finds and loads the library of a folder of C files, and calls its functions at the level of this processor."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.native.build import library_name, stamp_of
from neurodeploy.native.structs import lend, span_of

__all__ = ["Kernels", "kernels", "missing_because"]

VARIABLE = "NEURODEPLOY_NATIVE"
"""Environment variable: `off` loads no library; v2, v3, v4 or generic calls the functions of that level; `checked` loads the
checked build."""
LEVELS = {0: "generic", 2: "v2", 3: "v3", 4: "v4"}


class _UnusableError(Exception):
    """Why a library cannot be used."""


class Kernels:
    """The functions of one library. Calls release the interpreter lock."""

    def __init__(self, library: ctypes.CDLL, level: str) -> None:
        self._library, self.level = library, level
        self._functions = dict[tuple[str, Any], Any]()

    def call(self, name: str, *arguments: Any) -> int:
        """Call a function that returns an integer. Arguments: nouns, structs, arrays, integers, floats."""
        return self._function(name, ctypes.c_int64)(*map(_argument, arguments))

    def call_real(self, name: str, *arguments: Any) -> float:
        """Call a function that returns a double."""
        return self._function(name, ctypes.c_double)(*map(_argument, arguments))

    def _function(self, name: str, result: Any) -> Any:
        key = (name, result)
        if key not in self._functions:
            function = getattr(self._library, f"{name}_{self.level}")
            function.restype = result
            self._functions[key] = function
        return self._functions[key]


def _argument(value: Any) -> Any:
    if isinstance(value, ctypes.Structure):
        return ctypes.byref(value)
    if isinstance(value, np.ndarray):
        return ctypes.byref(span_of(value))
    if isinstance(value, tuple):
        return ctypes.byref(lend(value))
    return ctypes.c_double(value) if isinstance(value, float) else ctypes.c_int64(int(value))


def kernels(folder: Path) -> Kernels | None:
    """The kernels of a folder, None if there is no library for them or it cannot be used here, see `missing_because`."""
    return _loaded(folder)[0]


def missing_because(folder: Path) -> str:
    """Why a folder has no kernels here; empty if it has."""
    return _loaded(folder)[1]


@cache
def _loaded(folder: Path) -> tuple[Kernels | None, str]:
    try:
        return _load(folder), ""
    except _UnusableError as reason:
        return None, str(reason)


def _load(folder: Path) -> Kernels:
    wanted = os.environ.get(VARIABLE, "")
    if wanted == "off":
        raise _UnusableError(f"{VARIABLE} is off")
    file = folder / library_name(sys.platform, checked=wanted == "checked")
    if not file.is_file():
        raise _UnusableError(f"{file.name} was not built for {folder.name}")
    try:
        library = ctypes.CDLL(str(file))
        library.nd_stamp.restype = ctypes.c_char_p
        library.nd_processor_level.restype = ctypes.c_int64
        stamp, level = library.nd_stamp().decode(), int(library.nd_processor_level())
    except (OSError, AttributeError) as error:
        raise _UnusableError(f"{file.name} cannot be loaded: {error}") from None
    if stamp != stamp_of(folder):
        raise _UnusableError(f"{file.name} was built from other sources than those beside it")
    if level == 1:
        raise _UnusableError("the processor lacks the instructions of x86-64-v2")
    return Kernels(library, wanted if wanted in LEVELS.values() else LEVELS[level])
