"""Building the libraries: compilers that fail, places that cannot be written to, builds side by side, and what is built."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from neurodeploy_backends.emulator.engine.library import FOLDER as ENGINE

from neurodeploy.native import build as build_module
from neurodeploy.native import library, sources, toolchain
from neurodeploy.native.build import BuildError, build, build_all
from neurodeploy.native.sources import HERE, library_name
from neurodeploy.native.toolchain import CHOICES, PLATFORMS, VARIABLE, cross_compiler, platform_tag, toolchains

ROOT = Path(__file__).parents[2]
PROVIDED = {"memcpy", "memset", "sched_yield"}
"""What a library may ask of the process that loads it."""
POSIX = pytest.mark.skipif(os.name != "posix", reason="shell scripts are missing and cannot be had: this is Windows")
TINY = '#include "kernels.h"\nEXPORT(int64_t, answer)(void) { return 42; }\n'


@pytest.fixture
def folder(tmp_path):
    """A folder with one small kernel."""
    made = tmp_path / "tiny"
    made.mkdir()
    (made / "tiny.c").write_text(TINY)
    return made


@pytest.fixture(scope="module")
def compiler():
    found = next(toolchains(), None)
    if found is None:
        pytest.skip("a C compiler is missing")
    return found


def script(tmp_path, *lines):
    """A compiler that is a shell script."""
    made = tmp_path / "script-cc"
    made.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    made.chmod(0o755)
    return str(made)


def found_in(monkeypatch, tmp_path, named=None, *, zig=False):
    """Compilers found where PATH holds none, CC names `named`, and ziglang is there or not."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("CC", named) if named else monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(
        toolchain.importlib.util, "find_spec", lambda name: "here" if zig and name == "ziglang" else None
    )
    return list(toolchains())


def test_what_is_built_answers(folder, compiler):
    build(folder, compiler)
    assert library.kernels(folder).call("answer") == 42


@POSIX
def test_a_compiler_that_does_not_work_is_no_compiler(monkeypatch, tmp_path):
    assert found_in(monkeypatch, tmp_path) == []
    assert found_in(monkeypatch, tmp_path, named="/bin/false") == []
    assert found_in(monkeypatch, tmp_path, named="/nowhere/cc") == []
    assert found_in(monkeypatch, tmp_path, named=script(tmp_path, "exit 0"))[0].command[0].endswith("script-cc")
    (only,) = found_in(monkeypatch, tmp_path, named="/bin/false", zig=True)
    assert only.zig
    assert [item.zig for item in found_in(monkeypatch, tmp_path, named=script(tmp_path, "exit 0"), zig=True)] == [0, 1]


@POSIX
def test_the_next_compiler_is_tried(folder, compiler, monkeypatch, tmp_path):
    """One that works on a few lines may fail on the real sources."""
    fails = compiler._replace(command=(script(tmp_path, 'echo "tiny.c:2:1: error: not today"; exit 1'),))
    out = folder / library_name()
    build_all({folder: out}, [fails, compiler])
    assert library.kernels(folder).call("answer") == 42
    out.unlink()
    with pytest.raises(BuildError) as caught:
        build_all({folder: out}, [fails])
    first, command, *rest = str(caught.value).splitlines()
    assert first == f"{fails.command[0]} failed: tiny.c:2:1: error: not today"
    assert "-c" in command
    assert rest == ["tiny.c:2:1: error: not today"]
    with pytest.raises(BuildError, match="no C compiler works here, and the package ziglang is not installed"):
        build_all({folder: out}, [])
    assert not out.exists()


@POSIX
def test_a_library_that_does_not_load_is_not_built(folder, compiler, tmp_path):
    """A linker may leave a reference open that no process provides."""
    real = " ".join(compiler.command)
    writes = script(
        tmp_path,
        'for a; do last=$out; out=$a; [ "$last" = -o ] && file=$a; done',
        f'{real} "$@"',
        'case $file in *.so) echo garbage > "$file";; esac',
    )
    with pytest.raises(BuildError):
        build(folder, compiler._replace(command=(writes,)))
    (folder / "tiny.c").write_text(
        TINY.replace("return 42", "return missing_one()").replace("EXPORT", "int missing_one(void);\nEXPORT")
    )
    with pytest.raises(BuildError, match="missing_one"):
        build(folder, compiler)
    assert not (folder / library_name()).exists()


def test_a_place_that_cannot_be_written_to(folder, compiler, tmp_path):
    with pytest.raises(BuildError, match="cannot be written: "):
        build(folder, compiler, out=tmp_path / "absent" / library_name())
    (folder / library_name()).mkdir()
    (folder / library_name() / "full").write_text("")
    with pytest.raises(BuildError, match="cannot be written: "):
        build(folder, compiler)
    assert sorted(path.name for path in folder.iterdir()) == sorted([library_name(), "tiny.c"])


def test_two_builds_at_once(folder, compiler):
    command = [sys.executable, "-m", "neurodeploy.native.build", folder]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
        assert out == f"built: {folder / library_name()}\n"
    assert sorted(path.name for path in folder.iterdir()) == sorted([library_name(), "tiny.c"])
    assert library.kernels(folder).call("answer") == 42


def main(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["build", *map(str, arguments)])
    build_module.main()


def test_the_command_tells_why_it_fails(folder, monkeypatch):
    (folder / "tiny.c").write_text("this is no C\n")
    with pytest.raises(SystemExit) as caught:
        main(monkeypatch, folder)
    assert str(caught.value).startswith("neurodeploy.native.build: ")
    assert "tiny.c" in str(caught.value)
    monkeypatch.setenv(VARIABLE, "gcc")
    with pytest.raises(SystemExit, match=f"{VARIABLE} is 'gcc', not one of {', '.join(CHOICES[1:])}"):
        main(monkeypatch, folder)
    monkeypatch.setenv(VARIABLE, "off")
    with pytest.raises(SystemExit, match=f"{VARIABLE} was off"):
        main(monkeypatch, folder)


def test_the_command_builds_all_folders_and_forgets_an_old_reason(folder, compiler, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build_module, "installed_folders", lambda: (folder,))
    monkeypatch.setattr(build_module, "NOT_BUILT", tmp_path / "not_built.txt")
    (tmp_path / "not_built.txt").write_text("no compiler")
    main(monkeypatch)
    assert capsys.readouterr().out == f"built: {folder / library_name()}\n"
    assert not (tmp_path / "not_built.txt").exists()


def test_a_32_bit_python_gets_none(monkeypatch):
    monkeypatch.setattr(toolchain.struct, "calcsize", lambda _: 4)
    with pytest.raises(BuildError, match="64-bit"):
        next(toolchains())


def test_every_folder_of_c_files_is_built():
    """Those of this checkout, whichever they are."""
    packages = [ROOT / "neurodeploy", ROOT / "backends" / "neurodeploy_backends"]
    expected = {path.parent for place in packages for path in place.rglob("*.c")} - {HERE}
    assert {folder for place in packages for folder in sources.kernel_folders(place)} == expected
    assert ENGINE in expected


def dynamic_symbols(file):
    """(name, defined) of each dynamic symbol of a 64-bit ELF file, and the names of the libraries that it needs."""
    data = file.read_bytes()
    offset, each, count = *struct.unpack_from("<Q", data, 40), *struct.unpack_from("<HH", data, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + k * each) for k in range(count)]

    def text(table, start):
        place = headers[table][4] + start
        return data[place : data.index(b"\0", place)].decode()

    symbols, needed = [], []
    for _, kind, _, _, place, size, link, _, _, entry in headers:
        if kind == 11:
            rows = [struct.unpack_from("<IBBH", data, place + k) for k in range(entry, size, entry)]
            symbols += [(text(link, name), section != 0) for name, _, _, section in rows]
        if kind == 6:
            pairs = [struct.unpack_from("<QQ", data, place + k) for k in range(0, size, 16)]
            needed += [text(link, value) for tag, value in pairs if tag == 1]
        assert kind not in (0x6FFFFFFE, 0x6FFFFFFD), "a symbol has a version"
    return symbols, needed


@pytest.mark.skipif(sys.platform != "linux", reason="ELF files are missing and cannot be had: this is not Linux")
@pytest.mark.parametrize("folder_of", sources.installed_folders(), ids=lambda folder: folder.name)
def test_a_library_depends_on_nothing(folder_of):
    file = folder_of / library_name()
    symbols, needed = dynamic_symbols(file)
    assert needed == []
    assert {name for name, defined in symbols if not defined} <= PROVIDED
    exported = {name for name, defined in symbols if defined}
    assert {"nd_stamp", "nd_processor_level"} < exported
    levels = toolchain.Toolchain((), toolchain._machine(), sys.platform).levels
    kernels = {name.rpartition("_")[0] for name in exported - {"nd_stamp", "nd_processor_level"}}
    assert exported == {"nd_stamp", "nd_processor_level", *(f"{name}_{level}" for name in kernels for level in levels)}
    declared = {
        line.split(",")[1].split(")")[0].strip()
        for path in folder_of.glob("*.[ch]")
        for line in path.read_text().splitlines()
        if line.startswith("EXPORT(")
    }
    assert kernels == declared


@pytest.mark.slow
@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platform_is_compiled_for(name, tmp_path):
    """zig compiles the engine for each platform of the wheels; each file is of the kind that its system loads."""
    pytest.importorskip("ziglang", reason="ziglang is missing")
    to = cross_compiler(name)
    made = build(ENGINE, to, out=tmp_path / library_name(to.system))
    head = {"linux": b"\x7fELF", "darwin": b"\xcf\xfa\xed\xfe", "win32": b"MZ"}[to.system]
    assert made.read_bytes()[:4].startswith(head)
    assert made.stat().st_size < 2_000_000
    if to.system == "linux":
        symbols, needed = dynamic_symbols(made)
        assert needed == []
        assert {name for name, defined in symbols if not defined} <= PROVIDED


@pytest.mark.slow
def test_zig_gives_the_results_of_the_c_compiler(tmp_path):
    """The golden traces, on a copy of the packages whose libraries zig compiled."""
    pytest.importorskip("ziglang", reason="ziglang is missing")
    for place in ("neurodeploy", "backends", "targets"):
        shutil.copytree(ROOT / place, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__", "_kernels*"))
    paths = os.pathsep.join(str(tmp_path / place) for place in ("", "backends", "targets"))
    environment = {**os.environ, "PYTHONPATH": paths, VARIABLE: "zig"}
    made = subprocess.run(
        [sys.executable, "-m", "neurodeploy.native.build"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert str(tmp_path) in made.stdout
    words = (
        "-n",
        "0",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        ROOT,
        ROOT / "tests/emulator/test_golden_traces.py",
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "failed" not in ran.stdout


def test_tags_are_of_platforms_alone():
    assert all(platform_tag(name) == item.tag for name, item in PLATFORMS.items())
    assert "-" not in platform_tag()
    assert "." not in platform_tag()
    with pytest.raises(BuildError, match="'amiga' is not one of linux-x86_64, "):
        cross_compiler("amiga")


def test_without_zig_no_other_platform(monkeypatch):
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BuildError, match="the package ziglang is not installed"):
        cross_compiler("macos-arm64")


def test_the_build_imports_neither_numpy_nor_compilers_of_python():
    """It runs before anything is installed."""
    code = (
        "import sys, types\n"
        f"package = types.ModuleType('neurodeploy'); package.__path__ = [{str(ROOT / 'neurodeploy')!r}]\n"
        "sys.modules['neurodeploy'] = package\n"
        "import neurodeploy.native.build\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] not in (*sys.stdlib_module_names, 'neurodeploy')))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() in ("[]", "['__main__']"), done.stderr
