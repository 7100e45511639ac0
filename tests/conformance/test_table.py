"""docs/conformance.md states what the suite asserts."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from neurodeploy.conformance import corpus, judge

HERE = Path(__file__).parent


def refused(module):
    spec = importlib.util.spec_from_file_location(module, HERE / f"{module}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return set(loaded.REFUSED)


@pytest.fixture
def table(root):
    """Backend -> case -> cell."""
    found, names = {}, []
    for line in (root / "docs" / "conformance.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| case"):
            names = cells[1:]
        elif re.match(r"\| [a-z0-9]", line):
            for name, cell in zip(names, cells[1:], strict=True):
                found.setdefault(name, {})[cells[0]] = cell
    return found


def test_the_page_is_of_this_corpus_and_nothing_in_it_differs(table):
    assert set(table) == {"lava", "nengo-loihi", "brian2loihi"}
    for cells in table.values():
        assert set(cells) == {case.name for case in corpus()}
        assert all(re.fullmatch(r"exact|refused ND\d{3}", cell) for cell in cells.values())


@pytest.mark.parametrize("module", ["test_lava", "test_nengo_loihi", "test_brian2loihi"])
def test_what_the_page_refuses_is_what_the_suite_refuses(table, module):
    name = {"test_nengo_loihi": "nengo-loihi"}.get(module, module.removeprefix("test_"))
    assert {case for case, cell in table[name].items() if cell != "exact"} == refused(module)


def test_the_page_gives_the_reasons_of_the_adapters(root, table):
    """Refusals need no simulator: they are made before one starts. The page has no reasons that adapters no longer give."""
    text = (root / "docs" / "conformance.md").read_text()
    shown = set(re.findall(r"^- (\S+), (ND\d{3}): (.*)$", text.partition("## Why")[2], re.MULTILINE))
    given = set()
    for name, cells in table.items():
        for case in corpus():
            if cells[case.name] != "exact":
                judgement = judge(case, name)
                assert f"{judgement.outcome} {judgement.code}" == cells[case.name]
                given.add((name, judgement.code, judgement.message))
    assert shown == given


def test_the_page_counts_right(root, table):
    text = (root / "docs" / "conformance.md").read_text()
    for name, cells in table.items():
        exact = sum(cell == "exact" for cell in cells.values())
        assert f"- {name}: {exact} exact, {len(cells) - exact} refused" in text
