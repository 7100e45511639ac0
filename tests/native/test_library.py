"""Libraries that cannot be used: each ends in a reason and what to do, and none ends the process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from neurodeploy_backends.emulator.engine.library import FOLDER as ENGINE

import neurodeploy as nd
from neurodeploy.native import library
from neurodeploy.native.build import BuildError, build
from neurodeploy.native.sources import HERE, installed_folders, kernel_folders, library_name, stamp_of
from neurodeploy.native.toolchain import toolchains

REBUILD = "python -m neurodeploy.native.build"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="ELF files are missing and cannot be had: this is not Linux")
STUB = """
#include <stdint.h>
const char *nd_stamp(void) { return "%s"; }
int64_t nd_processor_level(void) { return %d; }
int64_t two_v2(void) { return 2; }
"""


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    """The tests set what they need, also where the whole run uses the checked build."""
    monkeypatch.delenv(library.VARIABLE, raising=False)


@pytest.fixture
def folder(tmp_path):
    """A copy of the engine's sources and library."""
    made = tmp_path / "engine"
    shutil.copytree(ENGINE, made, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return made


@pytest.fixture(scope="module")
def compiler():
    found = next(toolchains(), None)
    if found is None:
        pytest.skip("a C compiler is missing")
    return found


def reason(folder):
    found = library.missing(folder)
    assert library.kernels(folder) is None
    return found


def stub(folder, compiler, level, stamp=None):
    """A library without kernels, which names a stamp and finds a level."""
    source = folder.parent / "stub.c"
    source.write_text(STUB % (stamp or stamp_of(folder), level))
    subprocess.run([*compiler.command, "-shared", "-fPIC", "-o", folder / library_name(), source], check=True)


def test_the_library_of_this_checkout_loads():
    found = library.kernels(ENGINE)
    assert found is not None, library.missing(ENGINE).reason
    assert library.missing(ENGINE) == ("", ())
    assert ENGINE in installed_folders()
    assert HERE not in installed_folders()
    assert set(kernel_folders(HERE.parent)) <= set(installed_folders())


def test_the_copy_loads(folder):
    assert library.kernels(folder) is not None, "or the tests below would prove nothing"


def test_no_library(folder, monkeypatch, tmp_path):
    (folder / library_name()).unlink()
    monkeypatch.setattr(library, "NOT_BUILT", tmp_path / "absent.txt")
    assert reason(folder) == (f"{library_name()} was not built", (f"pip install ziglang && {REBUILD}",))


@pytest.mark.parametrize(("kept", "told"), [(b"no compiler\nand more", ": no compiler"), (b"", ""), (b"\xff", "")])
def test_why_there_is_no_library(folder, monkeypatch, tmp_path, kept, told):
    (folder / library_name()).unlink()
    (tmp_path / "not_built.txt").write_bytes(kept)
    monkeypatch.setattr(library, "NOT_BUILT", tmp_path / "not_built.txt")
    assert reason(folder).reason == f"{library_name()} was not built{told}"


def test_a_folder_in_place_of_the_library(folder):
    (folder / library_name()).unlink()
    (folder / library_name()).mkdir()
    assert "was not built" in reason(folder).reason


def test_a_changed_source(folder):
    (folder / "list.h").write_text((folder / "list.h").read_text() + "\n")
    expected = f"{library_name()} was built from other sources than those beside it"
    assert reason(folder) == (expected, (REBUILD,))


def test_line_ends_of_a_checkout_change_no_stamp(folder):
    before = stamp_of(folder)
    for path in folder.glob("*.[ch]"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert stamp_of(folder) == before
    (folder / "new.h").write_text("")
    assert stamp_of(folder) != before


def test_garbage(folder):
    (folder / library_name()).write_bytes(b"this is no library\n" * 1000)
    found = reason(folder)
    assert found.reason.startswith(f"{library_name()} cannot be loaded: ")
    assert found.fixes == (REBUILD,)


@LINUX
@pytest.mark.parametrize("part", [0, 1, 63, 64, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_library_that_is_cut_off(folder, part):
    """Calling into pages beyond the end of a file would end the process."""
    file = folder / library_name()
    whole = file.read_bytes()
    file.write_bytes(whole[: int(part * len(whole)) if isinstance(part, float) else part])
    found = reason(folder)
    expected = "is cut off" if len(file.read_bytes()) >= 64 else "cannot be loaded: "
    assert f"{library_name()} {expected}" in found.reason
    assert found.fixes == (REBUILD,)


@LINUX
def test_a_library_for_another_processor(folder):
    file = folder / library_name()
    content = bytearray(file.read_bytes())
    content[18] = 183 if content[18] == 62 else 62
    file.write_bytes(content)
    expected = f"{library_name()} was built for another processor than {os.uname().machine}"
    assert reason(folder) == (expected, (REBUILD,))


def test_another_library_in_its_place(folder, compiler):
    source = folder.parent / "other.c"
    source.write_text("int other(void) { return 1; }\n")
    subprocess.run([*compiler.command, "-shared", "-fPIC", "-o", folder / library_name(), source], check=True)
    assert "nd_stamp" in reason(folder).reason


def test_a_processor_before_v2(folder, compiler):
    stub(folder, compiler, level=1)
    assert reason(folder) == ("the processor lacks the instructions of x86-64-v2", ())


@pytest.mark.parametrize(("has", "wanted"), [(2, "v3"), (2, "v4"), (3, "v4"), (0, "v2")])
def test_a_level_that_the_processor_lacks(folder, compiler, monkeypatch, has, wanted):
    stub(folder, compiler, level=has)
    monkeypatch.setenv(library.VARIABLE, wanted)
    held = {0: "generic", 2: "v2", 3: "v2 and v3"}[has]
    expected = f"{library.VARIABLE} is {wanted}, but the processor has {held}"
    assert reason(folder) == (expected, (f"unset {library.VARIABLE}",))


def test_a_level_that_the_processor_has(folder, compiler, monkeypatch):
    stub(folder, compiler, level=4)
    assert library.kernels(folder).level == "v4"
    monkeypatch.setenv(library.VARIABLE, "v2")
    assert library.kernels(folder).level == "v2"
    assert library.kernels(folder).call("two") == 2


@pytest.mark.parametrize("value", ["v1", "generic", "V3", "on", " "])
def test_an_unknown_setting(monkeypatch, value):
    monkeypatch.setenv(library.VARIABLE, value)
    expected = f"{library.VARIABLE} is '{value}', not one of off, checked, v2, v3, v4"
    assert reason(ENGINE) == (expected, (f"unset {library.VARIABLE}",))


def test_the_checked_build_needs_its_sanitizer(folder, monkeypatch):
    (folder / library_name(checked=True)).write_bytes((folder / library_name()).read_bytes())
    monkeypatch.setenv(library.VARIABLE, "checked")
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    assert "LD_PRELOAD=$(gcc -print-file-name=libasan.so)" in reason(folder).reason
    (folder / library_name(checked=True)).unlink()
    library._loaded.cache_clear()
    assert reason(folder).fixes == (f"{REBUILD} --checked",)


@pytest.mark.parametrize(
    ("stamp", "told"), [("0123456789abcdef", "was built from other sources than those beside it"), ("", "was built")]
)
def test_a_library_of_another_version(folder, compiler, stamp, told):
    stub(folder, compiler, level=3, stamp=stamp or " ")
    assert told in reason(folder).reason


def python(code, **environment):
    """Run code in a process of its own; return its last line."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A saved program with its input sealed in it, and its spikes."""
    from factories import pair_network

    network = pair_network(projection="wires", output=None)
    made = nd.compile(network, "tiny")
    (name,) = (item.name for item in network.inputs)
    path = tmp_path_factory.mktemp("native") / "pair.ndp"
    sealed = nd.seal(made, {name: [[[1, 0], [0, 1], [1, 1], [1, 0]]]})
    nd.save(sealed, path)
    return path


VERIFY = """
import neurodeploy as nd
from neurodeploy_backends.emulator.engine.library import engine_missing
found = nd.verify(nd.load({path!r}))
print(found.identical, engine_missing().reason)
"""


@pytest.mark.slow
def test_optimized_python_runs_the_kernels(program):
    assert python(VERIFY.format(path=str(program)), PYTHONOPTIMIZE="2") == "True"


@pytest.mark.slow
def test_a_home_that_cannot_be_written_to(program):
    assert python(VERIFY.format(path=str(program)), HOME="/proc/none", XDG_CACHE_HOME="/proc/none") == "True"


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["v2", "off", "v9"])
def test_any_setting_gives_the_same_spikes(program, setting):
    assert python(VERIFY.format(path=str(program)), NEURODEPLOY_NATIVE=setting).startswith("True")


@pytest.mark.slow
@pytest.mark.parametrize("level", ["v2", "v3"])
def test_every_level_gives_the_golden_traces(root, level):
    """The default run uses the highest level that the processor has."""
    best = library.kernels(ENGINE).level
    if best not in ("v3", "v4") or level == best:
        pytest.skip(f"a lower level is missing and cannot be had: the processor has {best} alone")
    tests = [str(root / "tests" / "emulator" / name) for name in ("test_golden_traces.py", "test_random_programs.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "--rootdir", str(root), *tests],
        env={**os.environ, library.VARIABLE: level},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


FORK = """
import multiprocessing, sys
import neurodeploy as nd

def run(_):
    return nd.verify(nd.load({path!r})).identical

if __name__ == "__main__":
    first = run(0)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print([first, *pool.map(run, range(4))])
"""


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_processes_started_after_a_run(program, tmp_path, method):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("fork is missing and cannot be had: this is Windows")
    script = tmp_path / "parent.py"
    script.write_text(FORK.format(path=str(program), method=method))
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.strip() == str([True] * 5), done.stderr


def test_an_archive_of_python_files_gives_a_reason(tmp_path):
    """Not supported, and no traceback: there is no library in an archive."""
    archive = tmp_path / "all.zip"
    shutil.make_archive(str(archive.with_suffix("")), "zip", HERE.parents[1], "neurodeploy/native")
    code = (
        "import sys, types\n"
        f"package = types.ModuleType('neurodeploy'); package.__path__ = [{str(archive / 'neurodeploy')!r}]\n"
        "sys.modules['neurodeploy'] = package\n"
        "from pathlib import Path\n"
        "from neurodeploy.native import library\n"
        f"assert library.__file__.startswith({str(archive)!r})\n"
        "print(library.missing(Path(library.__file__).parent).reason)"
    )
    assert python(code) == f"{library_name()} was not built"


def test_a_build_that_fails_leaves_the_old_library(folder, compiler):
    before = (folder / library_name()).read_bytes()
    (folder / "broken.c").write_text("this is no C\n")
    with pytest.raises(BuildError) as caught:
        build(folder, compiler)
    assert "broken.c" in str(caught.value)
    assert (folder / library_name()).read_bytes() == before
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_stamps_are_of_the_sources(folder):
    assert stamp_of(folder) == stamp_of(ENGINE)
    assert Path(library_name()).suffix in (".so", ".dylib", ".dll")
