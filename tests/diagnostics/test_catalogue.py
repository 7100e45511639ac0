"""Every diagnostic code is emitted by the code, documented, triggered here, and compared with its whole text."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from neurodeploy.diagnostics import DiagnosticError, render_all, rule, rules
from neurodeploy.diagnostics.document import markdown

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "diagnostics"


def _cases() -> dict:
    """Triggers by code, from `cases.py` and every `cases_*.py`; these import their builders from `diagnostic_cases`."""
    found = {}
    for file in (HERE / "cases.py", *sorted(HERE.glob("cases_*.py"))):
        name = file.stem.replace("cases", "diagnostic_cases", 1)
        spec = importlib.util.spec_from_file_location(name, file)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert not found.keys() & module.CASES.keys(), f"{file.name} repeats a code"
        found |= module.CASES
    return found


CASES = _cases()


def test_codes_in_code_docs_and_triggers_are_the_same(root):
    sources = [*root.glob("neurodeploy/**/*.py"), *root.glob("backends/**/*.py")]
    emitted = {code for file in sources for code in re.findall(r"\"(ND\d{3})\"", file.read_text())}
    documented = set(re.findall(r"^### (ND\d{3}) ", (root / "docs" / "diagnostics.md").read_text(), flags=re.MULTILINE))
    assert emitted == set(rules()), "codes that the code emits against rules"
    assert documented == set(rules()), "codes in docs/diagnostics.md against rules"
    assert set(CASES) == set(rules()), "codes with a trigger against rules"


def test_the_page_of_findings_is_current(root):
    text = (root / "docs" / "diagnostics.md").read_text()
    assert text == markdown(), "refresh it: python -m neurodeploy.diagnostics.document > docs/diagnostics.md"


@pytest.mark.parametrize("code", sorted(CASES))
def test_whole_text(code, tmp_path, monkeypatch, update_golden):
    monkeypatch.chdir(tmp_path)
    try:
        found = tuple(CASES[code](monkeypatch) or ())
    except DiagnosticError as error:
        found = error.diagnostics
    mine = [item for item in found if item.code == code]
    assert mine, f"{code} was not found, but {[item.code for item in found]}"
    text = render_all(mine) + "\n"
    file = GOLDEN / f"{code}.txt"
    if update_golden:
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("code", sorted(rules()))
def test_every_rule_is_told_in_full(code):
    item = rules()[code]
    assert rule(code) is item
    for text in (item.what, item.why, item.fix):
        assert text.endswith(".")
    assert item.what[0].isupper()
    assert re.fullmatch(r"[a-z0-9-]+", item.name)


def test_golden_files_belong_to_codes():
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(rules())
