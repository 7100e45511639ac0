"""Compiles a folder of C files into the shared library beside them. Needs a C compiler and nothing but the standard library.

    python -m neurodeploy.native.build FOLDER ...      build with the compiler found here
    python -m neurodeploy.native.build --checked ...   with bounds, addresses and undefined behaviour checked

On x86-64 every file but `processor.c` is compiled three times, for the levels v2, v3 and v4 of the psABI; `library` calls the
functions of the highest level that the processor has. The library refers to nothing but `memcpy`, `memset` and `sched_yield`,
and names no library itself, so that it loads beside any C library.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

__all__ = ["BuildError", "Toolchain", "build", "library_name", "stamp_of", "toolchain"]

HERE = Path(__file__).resolve().parent
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


class BuildError(Exception):
    """No library: what the compiler said."""


class Toolchain(NamedTuple):
    """A C compiler and what it compiles for."""

    command: tuple[str, ...]
    machine: str
    """x86_64 or another."""
    system: str
    """linux, darwin or windows."""
    zig: bool = False

    def level_flags(self, level: str) -> tuple[str, ...]:
        """Flags that select a level of the processor."""
        if level == "generic":
            return ()
        return (f"-mcpu=x86_64_{level}",) if self.zig else LEVELS[level]

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels for which kernels are compiled."""
        return tuple(LEVELS) if self.machine == "x86_64" else ("generic",)


def library_name(system: str = sys.platform, *, checked: bool = False) -> str:
    """File name of a folder's library."""
    end = "dll" if system.startswith("win") else "dylib" if system == "darwin" else "so"
    return f"_kernels{'_checked' if checked else ''}.{end}"


def stamp_of(folder: Path) -> str:
    """Digest of all C files that make a folder's library."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.[ch]"), *folder.glob("*.[ch]")], key=lambda path: path.name):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def toolchain() -> Toolchain:
    """The compiler that CC names, `cc`, `gcc` or `clang`, whichever works first, or zig. Raises BuildError."""
    here = (_machine(), {"win32": "windows"}.get(sys.platform, sys.platform))
    named = [shlex.split(os.environ["CC"])] if os.environ.get("CC") else [["cc"], ["gcc"], ["clang"]]
    for command in named:
        if shutil.which(command[0]) and _works(command):
            return Toolchain(tuple(command), *here)
    if importlib.util.find_spec("ziglang"):
        return Toolchain((sys.executable, "-m", "ziglang", "cc"), *here, zig=True)
    raise BuildError("no C compiler works here, and the package ziglang is not installed")


def _machine() -> str:
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def _works(command: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "one.c"
        source.write_text("int one(void) { return 1; }\n")
        arguments = [*command, "-shared", "-fPIC", "-o", str(source.with_suffix(".so")), str(source)]
        try:
            return subprocess.run(arguments, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def build(folder: Path, tools: Toolchain, *, checked: bool = False, out: Path | None = None) -> Path:
    """Compile the C files of a folder; return the library, put in place whole. Raises BuildError."""
    out = out or folder / library_name({"windows": "win32"}.get(tools.system, tools.system), checked=checked)
    with tempfile.TemporaryDirectory() as scratch:
        objects = _objects(folder, tools, Path(scratch), checked=checked)
        made = Path(scratch) / out.name
        _run_all(
            [[*tools.command, "-shared", "-o", str(made), *map(str, objects), *_link_flags(tools, checked=checked)]]
        )
        beside = out.with_name(f".{out.name}.{os.getpid()}")
        shutil.copyfile(made, beside)
        beside.replace(out)
    return out


def _objects(folder: Path, tools: Toolchain, scratch: Path, *, checked: bool) -> list[Path]:
    """Object files of all sources at all levels."""
    flags = [*FLAGS, *(CHECKED_FLAGS if checked else ()), f"-I{HERE}", f"-I{folder}"]
    objects, commands = list[Path](), list[list[str]]()
    for source in [HERE / "processor.c", *sorted(folder.glob("*.c"))]:
        alone = source.parent == HERE
        for level in ("generic",) if alone else tools.levels:
            objects.append(scratch / f"{source.stem}.{level}.o")
            own = [f'-DND_STAMP="{stamp_of(folder)}"'] if alone else [f"-DND_LEVEL={level}"]
            own += tools.level_flags(level)
            commands.append([*tools.command, *flags, *own, "-c", str(source), "-o", str(objects[-1])])
    _run_all(commands)
    return objects


def _link_flags(tools: Toolchain, *, checked: bool) -> tuple[str, ...]:
    if checked:
        return CHECKED_FLAGS
    return ("-nostdlib",) if tools.system == "linux" else ()


def _run_all(commands: list[list[str]]) -> None:
    """Run commands side by side, as many as there are processors. Raises BuildError with what the first failure printed."""
    waiting, running = list(reversed(commands)), list[subprocess.Popen[str]]()
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            running.append(subprocess.Popen(waiting.pop(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        first = running.pop(0)
        text, _ = first.communicate()
        if first.returncode:
            raise BuildError(f"{shlex.join(map(str, first.args))}\n{text}")  # type: ignore[arg-type]


def main() -> None:
    """Build the libraries of the folders given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--checked", action="store_true")
    options = parser.parse_args()
    for folder in options.folders:
        print(build(folder.resolve(), toolchain(), checked=options.checked))


if __name__ == "__main__":
    main()
