"""What numba compiled is kept where it can be, and what was cut off is compiled again."""

from __future__ import annotations

import os
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


def test_without_a_place_to_write_what_is_compiled_lies_in_a_folder_of_this_process(nowhere, monkeypatch):
    kept = []
    monkeypatch.setattr(numba_cache.atexit, "register", lambda *what, **_: kept.append(what))
    monkeypatch.setenv(numba_cache.VARIABLE, "/proc/nothing")
    numba_cache.ensure_cache("/somewhere/kernels.py")
    folder = Path(os.environ[numba_cache.VARIABLE])
    assert folder.parent == nowhere
    assert folder.stat().st_mode & 0o077 == 0, "what lies there is executed: nobody else may write"
    assert kept[0][1] == str(folder), "and it goes with the process"


def test_where_there_is_a_place_nothing_is_changed(monkeypatch, tmp_path):
    monkeypatch.delenv(numba_cache.VARIABLE, raising=False)
    numba_cache.ensure_cache(str(tmp_path / "kernels.py"))
    assert numba_cache.VARIABLE not in os.environ


def test_files_that_were_cut_off_are_removed_and_whole_ones_stay(tmp_path):
    for name, content in {"a.nbi": b"whole.", "a.1.nbc": b"cut", "b.nbi": b"", "c.py": b""}.items():
        (tmp_path / name).write_bytes(content)
    stats = types.SimpleNamespace(stats=types.SimpleNamespace(cache_path=str(tmp_path)))
    module = types.ModuleType("kernels")
    module.one, module.other = stats, 3
    numba_cache.tidy_cache(module)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nbi", "c.py"]
