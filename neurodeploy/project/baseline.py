"""The baseline of a project: an entry for each target, compared with the file that the repository keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from neurodeploy.baseline import (
    FILE,
    Baseline,
    BaselineEntry,
    baseline_findings,
    entry_differences,
    entry_of,
    load_baseline,
    merged,
    missing_entry,
    save_baseline,
)
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Fix
from neurodeploy.diff import Difference, Differences
from neurodeploy.profile import Profile
from neurodeploy.program import Program
from neurodeploy.project.project import Project
from neurodeploy.project.result import TargetResult
from neurodeploy.signals import Recording
from neurodeploy.simulate import Stimulus, answers

__all__ = [
    "BaselineUse",
    "baseline_path",
    "compared",
    "entry_name",
    "kept_baseline",
    "measured_entry",
    "moved_entry",
    "written",
]

BaselineUse = Literal["check", "update", "ignore"]
"""What to do with the baseline of a project."""
WRITE = "write it: neurodeploy test --update-baseline"
FIRST = ("cores", "chips", "accuracy", "spikes", "synops", "messages", "chip_messages", "synapse_memory.total")
"""Figures that are named first if they moved."""
UPDATE = "if this is intended: neurodeploy test --update-baseline"


def baseline_path(project: Project) -> Path | None:
    """Return the path of the baseline: the one that the project names, or neurodeploy-baseline.json beside it if it exists."""
    if project.settings.baseline is not None:
        return project.at(project.settings.baseline)
    usual = project.at(FILE)
    return usual if usual.exists() else None


def kept_baseline(project: Project, use: BaselineUse) -> Baseline | None:
    """Return the baseline with which a project is compared; None if there is none, or if it is not to be checked.

    `use`: what to do with it. Raises DiagnosticError: ND622 (the file is missing, or is no baseline).
    """
    path = baseline_path(project)
    if path is None or use == "ignore" or (use == "update" and not path.exists()):
        return None
    try:
        return load_baseline(path)
    except DiagnosticError as error:
        fix = (Fix(text=WRITE),)
        found = (item if path.exists() else item.model_copy(update={"fixes": fix}) for item in error.diagnostics)
        raise DiagnosticError("project", tuple(found)) from None


def entry_name(network: str, label: str) -> str:
    """Return the name of the entry of a network on a target, such as "digits.loihi1"."""
    return f"{network}.{re.sub(r'[^A-Za-z0-9_.-]', '-', label)}"[:200]


def measured_entry(program: Program, recording: Recording, shown: Profile, stimulus: Stimulus) -> BaselineEntry | None:
    """Return what a run adds to a baseline; None if it was stopped before its end.

    `shown`: the profile of the run. The accuracy of the float reference is left out, because the last digits of float sums
    depend on the processor. `stimulus`: its samples.
    """
    if not recording.complete or not recording.n_samples:
        return None
    labels = stimulus.labels
    known = labels is not None and answers(program.network, recording) is not None
    exact = shown.model_copy(update={"reference_accuracy": None})
    return entry_of(program, recording, exact, labels=labels if known else None, stimulus=stimulus)


def compared(name: str, entry: BaselineEntry, base: Baseline, path: Path) -> Differences:
    """Return how an entry differs from the baseline, with the findings ND620, ND621, ND623 and ND624.

    `name`: of the entry. `path`: of the file.
    """
    before = base.entries.get(name)
    if before is None:
        missing = missing_entry(name, str(path), tuple(base.entries))
        return Differences(of="baseline", base=str(path), head=name, findings=_with_update((missing,)))
    found = moved_entry(before, entry, (str(path), name))
    return found.model_copy(update={"findings": _with_update(baseline_findings(name, found, str(path)))})


def moved_entry(before: BaselineEntry, now: BaselineEntry, names: tuple[str, str]) -> Differences:
    """Return the differences of two entries, the figures that matter most first. `names`: what to call the two."""
    found = entry_differences(before, now, names)
    return found.model_copy(update={"rows": tuple(sorted(found.rows, key=_importance))})


def _with_update(found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Findings whose fix is the command of a project."""
    fix = (Fix(text=UPDATE),)
    return tuple(item.model_copy(update={"fixes": fix}) if item.fixes else item for item in found)


def _importance(row: Difference) -> int:
    """The place of a figure in a finding, which names only the first ones."""
    return FIRST.index(row.figure) if row.figure in FIRST else len(FIRST)


def written(project: Project, base: Baseline | None, rows: Iterable[TargetResult]) -> Path | None:
    """Write the entries of all targets that ran, and return the path of the file; None if nothing ran.

    `base`: whose other entries are kept. Raises DiagnosticError: ND007.
    """
    entries = {name: row.entry for row in rows if row.entry is not None and (name := row.entry_name)}
    if not entries:
        return None
    path = baseline_path(project) or project.at(FILE)
    save_baseline(merged(base, entries), path)
    return path
