"""Finds and loads the library of a folder of C files, and calls its functions at the level of this processor."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.native.sources import NOT_BUILT, library_name, stamp_of
from neurodeploy.native.structs import lend, span_of

__all__ = ["VARIABLE", "Kernels", "Missing", "kernels", "missing", "required_kernels", "switched_off"]

VARIABLE = "NEURODEPLOY_NATIVE"
"""Environment variable: `off` loads no library; v2, v3 or v4 calls the functions of that level of the processor; `checked` loads
the checked build."""
LEVELS = {0: ("generic",), 1: (), 2: ("v2",), 3: ("v2", "v3"), 4: ("v2", "v3", "v4")}
"""Level that a library finds on this processor -> levels of its functions that can be called, the best one last."""
SETTINGS = ("off", "checked", "v2", "v3", "v4")
REBUILD = "python -m neurodeploy.native.build"
Argument = ctypes.Structure | NDArray[Any] | tuple[Any, ...] | float | int
"""What a kernel takes: a struct, an array, a noun of arrays, or a number."""
ELF = {"x86_64": 62, "aarch64": 183}
"""Processor -> its number in the header of an ELF file."""


class Missing(NamedTuple):
    """Why a folder has no kernels here."""

    reason: str
    """Empty if it has."""
    fixes: tuple[str, ...] = ()


class UnusableError(Exception):
    """A library cannot be used: the reason, then fixes."""


class Kernels:
    """The functions of one library. Calls release the interpreter lock."""

    def __init__(self, library: ctypes.CDLL, level: str) -> None:
        self._library, self.level = library, level
        self._functions = dict[tuple[str, Any], Any]()

    def call(self, name: str, *arguments: Argument) -> int:
        """Call a function that returns an integer. Arguments: nouns, structs, arrays, integers, floats."""
        return self._function(name, ctypes.c_int64)(*map(_argument, arguments))

    def prepared(self, name: str, *arguments: Argument) -> Callable[[], int]:
        """The call of a function with the same structs again and again, which C and the caller change in between."""
        return partial(self._function(name, ctypes.c_int64), *map(_argument, arguments))

    def call_real(self, name: str, *arguments: Argument) -> float:
        """Call a function that returns a double."""
        return self._function(name, ctypes.c_double)(*map(_argument, arguments))

    def _function(self, name: str, result: Any) -> Any:
        key = (name, result)
        if key not in self._functions:
            function = getattr(self._library, f"{name}_{self.level}")
            function.restype = result
            self._functions[key] = function
        return self._functions[key]


def _argument(value: Argument) -> Any:
    if isinstance(value, ctypes.Structure):
        return ctypes.byref(value)
    if isinstance(value, np.ndarray):
        return ctypes.byref(span_of(value))
    if isinstance(value, tuple):
        return ctypes.byref(lend(value))
    return ctypes.c_double(value) if isinstance(value, float) else ctypes.c_int64(int(value))


def kernels(folder: Path) -> Kernels | None:
    """The kernels of a folder, None if there is no library for them or it cannot be used here, see `missing`."""
    return _loaded(folder, os.environ.get(VARIABLE, ""))[0]


def required_kernels(folder: Path) -> Kernels:
    """The kernels of a folder, for callers that have looked whether they are missing. Raises RuntimeError where they are."""
    found = kernels(folder)
    if found is None:
        raise RuntimeError(f"internal: {missing(folder).reason}")
    return found


def missing(folder: Path) -> Missing:
    """Why a folder has no kernels here, and what to do."""
    return _loaded(folder, os.environ.get(VARIABLE, ""))[1]


def switched_off() -> bool:
    """Whether the user wants no kernels."""
    return os.environ.get(VARIABLE) == "off"


@cache
def _loaded(folder: Path, wanted: str) -> tuple[Kernels | None, Missing]:
    try:
        return _load(folder, wanted), Missing("")
    except UnusableError as error:
        return None, Missing(error.args[0], error.args[1:])


def _load(folder: Path, wanted: str) -> Kernels:
    if wanted == "off":
        raise UnusableError(f"{VARIABLE} is off", f"unset {VARIABLE}")
    if wanted and wanted not in SETTINGS:
        raise UnusableError(f"{VARIABLE} is '{wanted}', not one of {', '.join(SETTINGS)}", f"unset {VARIABLE}")
    file, build = folder / library_name(checked=wanted == "checked"), REBUILD + " --checked" * (wanted == "checked")
    _require_whole(file, build)
    try:
        library = ctypes.CDLL(str(file))
        library.nd_stamp.restype = ctypes.c_char_p
        library.nd_processor_level.restype = ctypes.c_int64
        stamp, level = library.nd_stamp().decode(), int(library.nd_processor_level())
    except (OSError, AttributeError) as error:
        raise UnusableError(f"{file.name} cannot be loaded: {error}", build) from None
    if stamp != stamp_of(folder):
        raise UnusableError(f"{file.name} was built from other sources than those beside it", build)
    levels = LEVELS[level]
    if not levels:
        raise UnusableError("the processor lacks the instructions of x86-64-v2")
    if wanted in ("", "checked"):
        return Kernels(library, levels[-1])
    if wanted not in levels:
        raise UnusableError(
            f"{VARIABLE} is {wanted}, but the processor has {' and '.join(levels)}", f"unset {VARIABLE}"
        )
    return Kernels(library, wanted)


def _require_whole(file: Path, build: str) -> None:
    """Raises UnusableError for a library that is not there, is cut off, or is for another processor: loading those can end the
    process, or fails with a message that names another cause."""
    if not file.is_file():
        raise UnusableError(*_not_built(file, build))
    if "checked" in file.name and "asan" not in os.environ.get("LD_PRELOAD", ""):
        raise UnusableError(f"{file.name} needs the address sanitizer: LD_PRELOAD=$(gcc -print-file-name=libasan.so)")
    try:
        with file.open("rb") as content:
            head, size = content.read(64), content.seek(0, os.SEEK_END)
    except OSError as error:
        raise UnusableError(f"{file.name} cannot be read: {error.strerror}") from None
    if sys.platform != "linux" or head[:6] != b"\x7fELF\x02\x01" or len(head) < 64:
        return
    machine, sections, each, count = (*struct.unpack_from("<18xH20xQ", head), *struct.unpack_from("<58xHH", head))
    here = os.uname().machine
    if ELF.get(here, machine) != machine:
        raise UnusableError(f"{file.name} was built for another processor than {here}", build)
    if sections + each * count > size:
        raise UnusableError(f"{file.name} is cut off", build)


def _not_built(file: Path, build: str) -> tuple[str, str]:
    """Why there is no library, and how to build it."""
    try:
        why = ": " + NOT_BUILT.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, ValueError, IndexError):
        why = ""
    return f"{file.name} was not built{why}", build if "checked" in file.name else f"pip install ziglang && {build}"
