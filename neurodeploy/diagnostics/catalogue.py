"""The catalogue of diagnostic codes, read from the TOML files in `rules/`.

A code is stable and never reused. `neurodeploy explain CODE` prints the text of its rule.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.base.plain import as_table
from neurodeploy.base.toml import parse_toml

__all__ = ["STAGE_TITLES", "Rule", "RuleStage", "Severity", "rule", "rules"]

Severity = Literal["error", "warning", "info"]
RuleStage = Literal[
    "files",
    "targets",
    "import",
    "stimulus",
    "network",
    "quantize",
    "limits",
    "dialects",
    "judgement",
    "mapping",
    "run",
    "figures",
    "usage",
    "process",
]
"""Stage that applies a rule."""
STAGE_TITLES: dict[RuleStage, str] = {
    "files": "Files",
    "targets": "Targets",
    "import": "Import",
    "stimulus": "Stimuli",
    "network": "Networks",
    "quantize": "Conversion to integers",
    "limits": "Limits of a core",
    "dialects": "Dialects",
    "judgement": "Other architectures",
    "mapping": "Mapping",
    "run": "Backends and runs",
    "figures": "Profiles and budgets",
    "usage": "Command-line usage",
    "process": "The process",
}
"""Headings of the page of findings, in order."""


class Rule(Noun):
    """One diagnostic code and its documentation."""

    code: str
    """ND and three digits."""
    name: str
    """Short kebab-case name, e.g. "synapse-memory"."""
    stage: RuleStage
    """The stage that applies the rule; "limits" are proofs that a neuron fits no core."""
    severity: Severity
    """Severity of its findings unless they set their own."""
    exit_status: int = 1
    """Exit status of a command that fails with this finding."""
    words: tuple[str, str] = ("found", "limit")
    """Labels of the two numbers of a finding, e.g. found and limit, or tolerated and got."""
    what: str
    """What is wrong."""
    why: str
    """Why it matters."""
    example: str
    """An example of the cause."""
    fix: str
    """How to fix it in general."""
    source: str = ""
    """Source of the rule, if it has one."""


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by code, in the order of codes. `stage` and `exit_status` of a file are defaults for its rules."""
    found: dict[str, Rule] = {}
    for file in files("neurodeploy.diagnostics").joinpath("rules").iterdir():
        if not file.name.endswith(".toml"):
            continue
        document = parse_toml(file.read_text(encoding="utf-8"))
        defaults = {key: value for key, value in document.items() if as_table(value) is None}
        for code, value in document.items():
            row = as_table(value)
            if row is not None:
                found[code] = Rule.model_validate({**defaults, "code": code, **row})
    return dict(sorted(found.items()))


def rule(code: str) -> Rule:
    """Return the rule of a code. Raises KeyError for an unknown code."""
    return rules()[code]
