"""The folder of benchmarks, whose modules tests import as its scripts do."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
needs_benchmarks = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="benchmarks/ is missing and cannot be had: a source distribution leaves it out"
)


@contextmanager
def importing() -> Iterator[Callable[[str], ModuleType]]:
    """Yield what imports a module of the folder; all of its modules are forgotten afterwards."""
    sys.path.insert(0, str(FOLDER))
    before = set(sys.modules)
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).is_relative_to(FOLDER):
                del sys.modules[name]
