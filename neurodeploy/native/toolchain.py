"""C compilers: those found here, in the order in which they are tried, and zig for other systems. Standard library only."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "CHOICES",
    "PLATFORMS",
    "VARIABLE",
    "BuildError",
    "Platform",
    "Toolchain",
    "cross_compiler",
    "platform_tag",
    "toolchains",
]

VARIABLE = "NEURODEPLOY_BUILD"
"""Environment variable: `cc` or `zig` compiles with that alone, and a failure is an error; `off` builds nothing."""
CHOICES = ("", "cc", "zig", "off")
FLAGS = (
    *("-std=c11", "-O3", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror=implicit-function-declaration"),
    # integers wrap as registers do, and a product and a sum of floats are rounded one after the other on every processor
    *("-fwrapv", "-fno-math-errno", "-ffp-contract=off"),
)
CHECKED_FLAGS = ("-g", "-O1", "-DND_CHECKED", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
LEVELS = {
    "v2": ("-march=x86-64-v2",),
    "v3": ("-march=x86-64-v3",),
    "v4": ("-march=x86-64-v4", "-mprefer-vector-width=512"),
}
"""Levels of x86-64, with the flags that select them; zig spells them -mcpu=x86_64_v2."""
MACOS = "11.0"
"""The oldest macOS on which libraries load."""
PROBE = """
#include <stddef.h>
#include <stdint.h>
int64_t probe(int64_t *count) { return __atomic_add_fetch(count, (int64_t)sizeof(size_t), __ATOMIC_SEQ_CST); }
"""


class BuildError(Exception):
    """No library: one line that says why, then what the compilers printed."""


class Platform(NamedTuple):
    """A system for which wheels are built."""

    triple: str
    """What zig calls it."""
    machine: str
    system: str
    tag: str
    """Platform tag of the wheel. The libraries for Linux name no C library, so one wheel serves glibc and musl."""


PLATFORMS = {
    item.split()[0]: Platform(*item.split()[1:])
    for item in (
        "linux-x86_64 x86_64-linux-gnu.2.17 x86_64 linux manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
        "linux-aarch64 aarch64-linux-gnu.2.17 aarch64 linux manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        f"macos-arm64 aarch64-macos.{MACOS} aarch64 darwin macosx_11_0_arm64",
        f"macos-x86_64 x86_64-macos.{MACOS} x86_64 darwin macosx_11_0_x86_64",
        "windows-x86_64 x86_64-windows-gnu x86_64 win32 win_amd64",
    )
}


class Toolchain(NamedTuple):
    """A C compiler and what it compiles for."""

    command: tuple[str, ...]
    machine: str
    """x86_64 or another."""
    system: str
    """As sys.platform: linux, darwin, win32 or another."""
    zig: bool = False
    native: bool = True
    """Whether the libraries load in this interpreter."""

    def level_flags(self, level: str) -> tuple[str, ...]:
        """Flags that select a level of the processor."""
        if self.zig:  # which would compile for the processor of this machine
            return ("-mcpu=baseline" if level == "generic" else f"-mcpu=x86_64_{level}",)
        return LEVELS.get(level, ())

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels for which kernels are compiled."""
        return tuple(LEVELS) if self.machine == "x86_64" else ("generic",)

    def link_flags(self, *, checked: bool = False) -> tuple[str, ...]:
        """Flags with which objects become a library."""
        if checked:
            return CHECKED_FLAGS
        windows = ("-s", "-O3", "-nostdlib", "-lkernel32") if self.zig else ("-s", "-static-libgcc")
        return {"darwin": (), "win32": windows}.get(self.system, ("-nostdlib", "-s"))

    def entry_flags(self, *, checked: bool = False) -> tuple[str, ...]:
        """Flags of the file that holds the entry point of a library without a C runtime, which would be 35 kB in each."""
        return ("-DND_ENTRY",) if self.zig and self.system == "win32" and not checked else ()


def toolchains(choice: str = "") -> Iterator[Toolchain]:
    """Compilers that work here, in the order in which they are tried: those that CC names, or else `cc`, `gcc` and `clang`;
    then zig. `choice`: one of CHOICES. Raises BuildError where no kernels can be compiled for this interpreter."""
    if choice not in CHOICES:
        raise BuildError(f"{VARIABLE} is '{choice}', not one of {', '.join(CHOICES[1:])}")
    if choice == "off":
        raise BuildError(f"{VARIABLE} was off")
    if struct.calcsize("P") != 8:
        raise BuildError("the kernels need a 64-bit Python")
    here = (_machine(), sys.platform)
    if choice != "zig":
        yield from _compilers(*here)
    if choice != "cc" and importlib.util.find_spec("ziglang"):
        yield Toolchain((sys.executable, "-m", "ziglang", "cc", *_oldest_macos(sys.platform)), *here, zig=True)


def cross_compiler(name: str) -> Toolchain:
    """zig as the compiler for a platform of PLATFORMS. Raises BuildError."""
    if name not in PLATFORMS or not importlib.util.find_spec("ziglang"):
        known = f"'{name}' is not one of {', '.join(PLATFORMS)}"
        raise BuildError("the package ziglang is not installed" if name in PLATFORMS else known)
    to = PLATFORMS[name]
    command = (sys.executable, "-m", "ziglang", "cc", "-target", to.triple)
    return Toolchain(command, to.machine, to.system, zig=True, native=False)


def platform_tag(name: str = "") -> str:
    """Platform tag of a wheel with libraries: for a platform of PLATFORMS, or for this machine."""
    if name:
        return PLATFORMS[name].tag
    if sys.platform == "darwin":
        return f"macosx_{MACOS.replace('.', '_')}_{platform.machine()}"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def _compilers(machine: str, system: str) -> Iterator[Toolchain]:
    """The first system compiler that works; the others would fail at the same sources."""
    named = [shlex.split(os.environ["CC"])] if os.environ.get("CC") else [["cc"], ["gcc"], ["clang"]]
    for command in named:
        tools = Toolchain((*command, *_oldest_macos(system)), machine, system)
        if shutil.which(command[0]) and _works(tools):
            yield tools
            return


def _oldest_macos(system: str) -> tuple[str, ...]:
    return (f"-mmacosx-version-min={MACOS}",) if system == "darwin" else ()


def _machine() -> str:
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def _works(tools: Toolchain) -> bool:
    """Whether a compiler knows all flags and makes a library of a few lines."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text(PROBE)
        flags = [*FLAGS, *tools.level_flags(tools.levels[-1]), "-shared", *tools.link_flags()]
        try:
            made = subprocess.run(
                [*tools.command, str(source), *flags, "-o", str(source.with_suffix(".so"))],
                capture_output=True,
                check=False,
            )
        except OSError:
            return False
        return made.returncode == 0
