"""The page about Nengo does what it says, where nengo-loihi is installed; the default tests leave its examples out."""

from __future__ import annotations

import importlib.util
import re
import shutil

import pytest
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI

from neurodeploy.worker import missing

NEEDS = "not run: needs nengo-loihi"
DIGEST = re.compile(r"program [0-9a-f]{12}")


def documentation(root):
    """The module that runs pages."""
    spec = importlib.util.spec_from_file_location("pages", root / "tests" / "house" / "test_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_examples_print_what_is_shown(root, tmp_path, capsys, monkeypatch):
    absent = missing(NENGO_LOIHI, "nengo-loihi")
    if absent is not None:
        pytest.skip(f"the simulator is missing: {absent.message}: {absent.fixes[0].text}")
    shutil.copytree(root / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    pages = documentation(root)
    reader, printed, compared = pages.Reader(tmp_path, capsys), "", 0
    for item in pages.blocks((root / "docs" / "how-to" / "from-nengo.md").read_text()):
        if item.kind == "text":
            given = "".join(line for line in printed.splitlines(keepends=True) if line.strip())
            assert DIGEST.sub("", given).startswith(DIGEST.sub("", item.body))
            compared += 1
        elif item.title or item.note == NEEDS:
            printed = reader.follow(item)
    assert compared == 4
