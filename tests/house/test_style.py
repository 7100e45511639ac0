"""The source passes the linter, the formatter and the strict type checker that pyproject.toml pins."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESS_STRICT = {"neurodeploy/importers/hdf5.py", "neurodeploy/exporters/nir/write.py"}
"""Modules that are checked less strictly: those of h5py, which has no types."""


def tool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_ruff_finds_nothing() -> None:
    result = tool("ruff", "check", "--no-cache", ".")
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_would_format_nothing() -> None:
    result = tool("ruff", "format", "--check", "--no-cache", ".")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.skipif(
    sys.version_info < (3, 12),
    reason="the types of a current numpy are missing and cannot be had: this Python is older than 3.12",
)
def test_types_are_strict() -> None:
    result = tool("basedpyright", "--level", "error", "--pythonpath", sys.executable)
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_named_modules_are_typed_less_strictly() -> None:
    packaged = [path for folder in ("neurodeploy", "backends", "targets") for path in (ROOT / folder).rglob("*.py")]
    lenient = {
        path.relative_to(ROOT).as_posix()
        for path in packaged
        if re.search(
            r"^# *pyright: *(basic|standard|off)|^# type: ignore", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert lenient <= LESS_STRICT
