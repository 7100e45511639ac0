"""Replaced names and uninformative openings of docstrings do not come back."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("neurodeploy", "backends", "targets", "tests", "examples", "benchmarks", "docs")
SUFFIXES = {".py", ".toml", ".md", ".template"}

REPLACED = {
    r"neurodeploy\.target\b": "neurodeploy.hardware",
    r"neurodeploy\.runtime\b": "neurodeploy.simulate",
    r"neurodeploy\.check\.other\b": "neurodeploy.feasibility",
    r"\bOtherTarget\b": "FeasibilityTarget",
    r"\bMappingAccount\b": "MappingQuality",
    r"\bLack\b": "Unsupported",
    r"\bParting\b": "DialectDifference",
    r"\bWatch\b": "the callback's own name",
    r"\bZones\b": "PinGroups",
    r"\bRINGED\b": "DELAYED",
    r"\bDemand\b": "CoreUsage",
    r"\brun_(program|samples)\b": "nd.run",
    r"\bsample_forms\b": "simulate.samples",
    r"\brun_checks\b": "simulate.run_warnings",
    r"\bshown_steps\b": "simulate.encoding_findings",
    r"\bAsked\b": "ReportOptions",
    r"\bTalk\b": "CoreTraffic",
    r"\bWires\b": "Connectivity, Hypergraph",
    r"\b_press\b": "_reduce_cores_by_annealing",
    r"\bforetells?\b": "extrapolates",
    r"\bFact\b": "BlockStats",
    r"\bPiece\b": "TileClass",
    r"\bReach\b": "PopulationAxonFormat",
    r"\bRoom\b": "AddressSpace",
    r"\bIncoming\b": "Connectivity",
    r"\b(quantize|program|mapping)\.wires\b": "connectivity, synapse_tables, hypergraph",
    r"\bcheck\.(foreign|sends|recount|patterns|words)\b": "backend_support, and modules of resources",
}
"""Pattern of a name that was replaced -> the name to use."""
OPENING = re.compile(r"(Verb|Noun|Contract)s?:")


@cache
def texts() -> dict[str, str]:
    """Path -> text of every source file and page, this one left out."""
    found = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES and "__pycache__" not in path.parts and path != Path(__file__)
    }
    assert found, "there are no sources"
    return found


@pytest.mark.parametrize("pattern", REPLACED)
def test_a_replaced_name_is_gone(pattern: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts().items()
        if re.search(pattern, text)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == [], f"use {REPLACED[pattern]}"


def docstrings(text: str) -> list[str]:
    """Docstrings of a module, its classes and functions, and of the fields and constants that they follow."""
    return [
        node.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


def test_docstrings_open_with_what_the_thing_is() -> None:
    found = [
        f"{path}: {text[:60]}"
        for path, source in texts().items()
        if path.endswith(".py")
        for text in docstrings(source)
        if OPENING.match(text)
    ]
    assert found == []
