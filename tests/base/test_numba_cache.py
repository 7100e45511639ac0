"""The cache of compiled functions: writable folders, truncated entries, and entries of older sources."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from neurodeploy.base import numba_cache


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    monkeypatch.delenv(numba_cache.VARIABLE, raising=False)
    monkeypatch.setattr(numba_cache.sys, "modules", {})
    monkeypatch.setattr(numba_cache, "_writable", lambda _: False)
    monkeypatch.setattr(numba_cache.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_without_a_writable_folder_the_cache_is_private_to_the_process(nowhere, monkeypatch):
    kept = []
    monkeypatch.setattr(numba_cache.atexit, "register", lambda *what, **_: kept.append(what))
    monkeypatch.setenv(numba_cache.VARIABLE, "/proc/nothing")
    numba_cache.ensure_cache("/somewhere/kernels.py")
    folder = Path(os.environ[numba_cache.VARIABLE])
    assert folder.parent == nowhere
    assert folder.stat().st_mode & 0o077 == 0, "its content is executed: nobody else may write"
    assert kept[0][1] == str(folder), "and it is removed with the process"


def test_a_writable_folder_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.delenv(numba_cache.VARIABLE, raising=False)
    numba_cache.ensure_cache(str(tmp_path / "kernels.py"))
    assert numba_cache.VARIABLE not in os.environ


def test_truncated_files_and_those_of_other_sources_are_removed(tmp_path):
    digest = numba_cache.source_digest(str(tmp_path / "source"))
    files = {
        "a.nbi": b"complete.",
        "a.1.nbc": b"trunc",
        "b.nbi": b"",
        "c.py": b"",
        f"d.src{digest}.nbi": b"complete.",
        "d.src0123456789ab.nbi": b"complete.",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    module = types.ModuleType("kernels")
    module.__file__ = str(tmp_path / "source" / "kernels.py")
    module.one, module.other = types.SimpleNamespace(stats=types.SimpleNamespace(cache_path=str(tmp_path))), 3
    numba_cache.tidy_cache(module)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nbi", "c.py", f"d.src{digest}.nbi"]


CALLER = """
from neurodeploy.base.numba_cache import cached_njit, tidy_cache
from kernels_of_a_test.callee import callee
import sys

@cached_njit(error_model="numpy")
def caller(x):
    return callee(x) + 1

tidy_cache(sys.modules[__name__])
print(caller(1), sum(caller.stats.cache_hits.values()), caller.py_func(1))
"""
CALLEE = """
from neurodeploy.base.numba_cache import cached_njit

@cached_njit()
def callee(x):
    return {factor} * x
"""


@pytest.mark.slow
def test_a_change_to_a_callee_in_another_file_is_compiled(tmp_path):
    """Numba alone would run the cached caller, which contains the old callee."""
    package = tmp_path / "kernels_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "caller.py").write_text(CALLER)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {key: value for key, value in os.environ.items() if key != numba_cache.VARIABLE}
    found = []
    for factor in (10, 10, 20):
        (package / "callee.py").write_text(CALLEE.format(factor=factor))
        run = subprocess.run(
            [sys.executable, "-B", "-c", "import kernels_of_a_test.caller"],
            capture_output=True,
            text=True,
            check=False,
            env={**environment, "PYTHONPATH": path},
        )
        assert run.returncode == 0, run.stderr
        found.append(run.stdout.split())
    assert found == [["11", "0", "11"], ["11", "1", "11"], ["21", "0", "21"]]
    assert len(list((package / "__pycache__").glob("caller.caller-*.nbi"))) == 1, "entries of earlier sources are gone"


def test_without_compilation_a_kernel_is_the_function_itself(monkeypatch):
    numba = importlib.import_module("numba")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    assert numba_cache.cached_njit()(len_of)([1, 2]) == 2


def len_of(items):
    return len(items)
