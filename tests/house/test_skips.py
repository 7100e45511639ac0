"""A skipped test says what is missing; in CI a skip fails unless it also says why that cannot be had."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = ("skip", "skipif", "importorskip")


def reason_of(call: ast.Call) -> str:
    """The reason of a skip as it is written; what is filled in later is left out."""
    given = next((item.value for item in call.keywords if item.arg == "reason"), None)
    given = given or (call.args[0] if getattr(call.func, "attr", "") == "skip" and call.args else None)
    texts = [node.value for node in ast.walk(given) if isinstance(node, ast.Constant)] if given else []
    return "".join(text for text in texts if isinstance(text, str))


def test_every_skip_says_what_is_missing() -> None:
    silent = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SKIPS:
                named = isinstance(node.args[0], ast.Name) if node.args and node.func.attr == "skip" else False
                if not named and "missing" not in reason_of(node):
                    silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert silent == []


class Report:
    """What the hook reads of a report of pytest."""

    nodeid, skipped, outcome = "tests/test_it.py::test_it", True, "skipped"

    def __init__(self, reason: str) -> None:
        self.longrepr: object = ("test_it.py", 1, f"Skipped: {reason}")


@pytest.mark.parametrize(
    ("ci", "reason", "outcome"),
    [
        ("true", "scikit-learn is missing: it comes with the `test` extra", "failed"),
        ("true", "", "failed"),
        ("true", "named pipes are missing and cannot be had: Windows has none", "skipped"),
        ("", "scikit-learn is missing: it comes with the `test` extra", "skipped"),
    ],
)
def test_a_skip_in_ci_needs_an_excuse(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, ci: str, reason: str, outcome: str
) -> None:
    monkeypatch.setenv("CI", ci)
    conftest = pytestconfig.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))
    report = conftest.unexcused(Report(reason))
    assert report.outcome == outcome
    assert outcome == "skipped" or (reason in report.longrepr and report.nodeid in report.longrepr)
