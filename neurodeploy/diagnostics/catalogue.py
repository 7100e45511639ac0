"""Noun: the catalogue of finding codes, read from the TOML files in `rules/`, one file per hundred.

A code is stable and never reused. The text of a rule is what `neurodeploy explain` prints.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.base.toml import parse_toml

__all__ = ["Rule", "Severity", "rule", "rules"]

Severity = Literal["error", "warning", "info"]


class Rule(Noun):
    """One catalogue row."""

    code: str
    name: str
    """Short kebab-case name, e.g. "synapse-memory"."""
    severity: Severity
    words: tuple[str, str] = ("found", "limit")
    """How the two numbers of a finding are called: found/limit or asked/got."""
    what: str
    why: str
    example: str
    fix: str
    source: str = ""


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by code, in the order of the codes."""
    found: dict[str, Rule] = {}
    for file in sorted(files("neurodeploy.diagnostics").joinpath("rules").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            for code, row in parse_toml(file.read_text(encoding="utf-8")).items():
                found[code] = Rule(code=code, **row)
    return dict(sorted(found.items()))


def rule(code: str) -> Rule:
    """Return the rule of a code; KeyError for an unknown code."""
    return rules()[code]
