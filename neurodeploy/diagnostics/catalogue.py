"""The catalogue of diagnostic codes, read from the TOML files in `rules/`.

A code is stable and never reused. `neurodeploy explain CODE` prints the text of its rule.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from neurodeploy.base.noun import Noun
from neurodeploy.base.plain import as_table
from neurodeploy.base.toml import parse_toml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["STAGE_TITLES", "Rule", "RuleStage", "Severity", "rule", "rules"]

Severity = Literal["error", "warning", "info"]
RuleStage = Literal[
    "files",
    "targets",
    "import",
    "export",
    "convert",
    "stimulus",
    "network",
    "quantize",
    "limits",
    "dialects",
    "judgement",
    "mapping",
    "run",
    "faults",
    "figures",
    "serve",
    "stream",
    "monitor",
    "sweep",
    "usage",
    "process",
]
"""Stage that applies a rule."""
STAGE_TITLES: dict[RuleStage, str] = {
    "files": "Files",
    "targets": "Targets",
    "import": "Import",
    "export": "Export",
    "convert": "Trained networks",
    "stimulus": "Stimuli",
    "network": "Networks",
    "quantize": "Conversion to integers",
    "limits": "Limits of a core",
    "dialects": "Dialects",
    "judgement": "Other architectures",
    "mapping": "Mapping",
    "run": "Backends and runs",
    "faults": "Faults",
    "figures": "Profiles and budgets",
    "serve": "Servers",
    "stream": "Streams",
    "monitor": "Monitoring",
    "sweep": "Sweeps",
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
def _names() -> tuple[str, ...]:
    """Names of the files of rules."""
    return tuple(sorted(file.name for file in _folder().iterdir() if file.name.endswith(".toml")))


def _folder() -> Traversable:
    return files("neurodeploy.diagnostics").joinpath("rules")


@cache
def _rules_in(name: str) -> dict[str, Rule]:
    """The rules of a file by code. `stage` and `exit_status` of the file are defaults for its rules."""
    document = parse_toml(_folder().joinpath(name).read_text(encoding="utf-8"))
    defaults = {key: value for key, value in document.items() if as_table(value) is None}
    tables = {code: row for code, value in document.items() if (row := as_table(value)) is not None}
    return {code: Rule.model_validate({**defaults, "code": code, **row}) for code, row in tables.items()}


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by code, in the order of codes."""
    every = {code: item for name in _names() for code, item in _rules_in(name).items()}
    return dict(sorted(every.items()))


@cache
def rule(code: str) -> Rule:
    """Return the rule of a code. Raises KeyError for an unknown code.

    Files are read until it is found, first those whose names begin as most of their codes do, with "nd" and a digit.
    """
    for name in sorted(_names(), key=lambda name: not name.startswith(code[:3].lower())):
        if code in _rules_in(name):
            return _rules_in(name)[code]
    raise KeyError(code)
