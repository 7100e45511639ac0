"""Compiles folders of C files into the shared libraries beside them. Needs a C compiler and nothing but the standard library.

    python -m neurodeploy.native.build                 build the libraries of the installed packages, in place
    python -m neurodeploy.native.build FOLDER ...      build these
    python -m neurodeploy.native.build --checked ...   with bounds, addresses and undefined behaviour checked

On x86-64 every file but `processor.c` is compiled three times, for the levels v2, v3 and v4 of the psABI; `library` calls the
functions of the highest level that the processor has. On Linux the library refers to nothing but `memcpy`, `memset` and
`sched_yield`, and names no library itself, so that it loads beside any C library.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from neurodeploy.native.sources import HERE, NOT_BUILT, installed_folders, library_name, stamp_of
from neurodeploy.native.toolchain import CHECKED_FLAGS, FLAGS, VARIABLE, BuildError, Toolchain, toolchains

__all__ = ["BuildError", "build", "build_all"]

STAMP_OF = "import ctypes, sys; f = ctypes.CDLL(sys.argv[1]).nd_stamp; f.restype = ctypes.c_char_p; print(f().decode())"
ONE_LINE = 200
"""Longest first line of a reason, in characters."""


def build_all(outs: Mapping[Path, Path], tools: Iterable[Toolchain], *, checked: bool = False) -> None:
    """Compile each folder into its library, with the first compiler that can compile them all. Raises BuildError."""
    failed = list[str]()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        for one in tools:
            try:
                for folder, out in outs.items():
                    build(folder, one, checked=checked, out=out, cache=cache)
            except BuildError as error:
                failed.append(str(error))
            else:
                return
    raise BuildError("\n".join(failed) or "no C compiler works here, and the package ziglang is not installed")


def build(
    folder: Path, tools: Toolchain, *, checked: bool = False, out: Path | None = None, cache: str | None = None
) -> Path:
    """Compile the C files of a folder; return the library, put in place whole. Raises BuildError.

    `cache`: folder in which zig keeps what it compiled; a home folder that cannot be written to must not stop it.
    """
    out = out or folder / library_name(tools.system, checked=checked)
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            kept = cache or scratch
            environment = {"ZIG_GLOBAL_CACHE_DIR": kept, **os.environ, "ZIG_LOCAL_CACHE_DIR": kept}
            made = _library(folder, tools, Path(scratch), environment, checked=checked)
            beside = out.with_name(f".{out.name}.{os.getpid()}")
            try:
                shutil.copyfile(made, beside)
                beside.replace(out)
            finally:
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise BuildError(f"{out} cannot be written: {error.strerror or error}") from None
    return out


def _library(folder: Path, tools: Toolchain, scratch: Path, environment: Mapping[str, str], *, checked: bool) -> Path:
    """The library, in the scratch folder; it loads here if it is for this machine."""
    objects, commands = _objects(folder, tools, scratch, checked=checked)
    made = scratch / library_name(tools.system)
    _run_all(commands, environment)
    link = [*tools.command, "-shared", *map(str, objects), "-o", str(made), *tools.link_flags(checked=checked)]
    _run_all([link], environment)
    if tools.native and not checked:
        _run_all([[sys.executable, "-I", "-c", STAMP_OF, str(made)]], environment)
    return made


def _objects(folder: Path, tools: Toolchain, scratch: Path, *, checked: bool) -> tuple[list[Path], list[list[str]]]:
    """Object files of all sources at all levels, and the commands that make them."""
    flags = [*FLAGS, *(CHECKED_FLAGS if checked else ()), f"-I{HERE}", f"-I{folder}"]
    objects, commands = list[Path](), list[list[str]]()
    for source in [HERE / "processor.c", *sorted(folder.glob("*.c"))]:
        alone = source.parent == HERE
        for level in ("generic",) if alone else tools.levels:
            objects.append(scratch / f"{source.stem}.{level}.o")
            stamped = (f'-DND_STAMP="{stamp_of(folder)}"', *tools.entry_flags(checked=checked))
            own = [*(stamped if alone else (f"-DND_LEVEL={level}",)), *tools.level_flags(level)]
            commands.append([*tools.command, *flags, *own, "-c", str(source), "-o", str(objects[-1])])
    return objects, commands


def _run_all(commands: list[list[str]], environment: Mapping[str, str]) -> None:
    """Run commands side by side, as many as there are processors. Raises BuildError with what the first failure printed."""
    waiting, running = list(reversed(commands)), list[subprocess.Popen[str]]()
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                running.append(_started(waiting.pop(), environment))
            first = running.pop(0)
            text, _ = first.communicate()
            if first.returncode:
                raise BuildError(_failure(shlex.join(map(str, first.args)), text))  # type: ignore[arg-type]
    finally:
        for process in running:
            process.kill()
            process.communicate()


def _started(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
    )


def _failure(command: str, text: str) -> str:
    """One line with the first error, then the command and all that it printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "it printed nothing")
    name = "zig" if " -m ziglang " in command else shlex.split(command)[0]
    return f"{name} failed: {first}"[:ONE_LINE] + f"\n{command}\n{text}"


def keep_reason(reason: str) -> None:
    """Write why there are no libraries where `library` finds it; an empty reason removes the file."""
    with contextlib.suppress(OSError):  # where it cannot be written, `library` gives a general reason
        NOT_BUILT.write_text(reason, encoding="utf-8") if reason else NOT_BUILT.unlink(missing_ok=True)


def main() -> None:
    """Build the libraries of the folders given, or of the installed packages."""
    parser = argparse.ArgumentParser(
        prog="python -m neurodeploy.native.build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--checked", action="store_true")
    options = parser.parse_args()
    folders = [folder.resolve() for folder in options.folders] or list(installed_folders())
    outs = {folder: folder / library_name(checked=options.checked) for folder in folders}
    try:
        build_all(outs, toolchains(os.environ.get(VARIABLE, "")), checked=options.checked)
    except (BuildError, OSError) as error:  # OSError: no place for temporary files
        sys.exit(f"neurodeploy.native.build: {error}")
    if not options.folders and not options.checked:
        keep_reason("")
    sys.stdout.writelines(f"built: {out}\n" for out in outs.values())


if __name__ == "__main__":
    main()
