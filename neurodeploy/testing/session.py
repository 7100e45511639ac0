"""The fixture `neurodeploy_run` of one test: cached programs, budgets of its markers, its baseline, what it records."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import neurodeploy as nd
from neurodeploy.baseline import (
    FILE,
    BaselineEntry,
    baseline_findings,
    entry_differences,
    load_baseline,
    merged,
    missing_entry,
    save_baseline,
)
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, Fix
from neurodeploy.hardware import load_target, on_board, on_dialect, with_rules
from neurodeploy.hardware.target import Target
from neurodeploy.io.upwards import find_project
from neurodeploy.io.write import locked
from neurodeploy.profile import Profile, profile_measures
from neurodeploy.project import load_project
from neurodeploy.report.quantity import count, si
from neurodeploy.testing.cache import compilation_key, keep, kept
from neurodeploy.testing.marks import Marked
from neurodeploy.testing.runs import Measured, Request, measured, require

__all__ = ["RunContext", "Shown", "baseline_file", "judged_run"]

UPDATE = "if this is intended: pytest --neurodeploy-update-baseline"
RECORDED = ("cores", "accuracy", "spikes_per_inference", "synops_per_inference", "energy_per_inference")
"""Figures that become properties of a test in JUnit files."""


class RunContext(NamedTuple):
    """What a test says beside its calls."""

    marked: Marked
    test: str
    """Name of the test."""
    cache: Path | None
    """Folder of compiled programs; None: nothing is kept."""
    root: Path
    """Root folder of the tests."""
    update: bool
    """Whether entries of the baseline are written instead of compared."""


class Shown(NamedTuple):
    """What a run leaves in the reports of its test."""

    line: str
    """Target and figures, in one line."""
    properties: tuple[tuple[str, object], ...]
    """Name and value of each figure, for JUnit files."""


def baseline_file(root: Path) -> Path:
    """Return the path of the baseline of the tests below `root`: that of their project, or the usual name in `root`."""
    path = find_project(root)
    if path is None:
        return root / FILE
    project = load_project(path)
    return project.at(project.settings.baseline or FILE)


def judged_run(request: Request, budgets: Iterable[str], context: RunContext, shown: list[Shown]) -> Measured:
    """Return a run that meets all budgets and the baseline. `shown`: gets its figures, even if it does not.

    `request`: of the call. `budgets`: of the call, to which those of the markers are added.

    Raises DiagnosticError: with every finding.
    """
    __tracebackhide__ = True
    own = list(budgets)
    run = measured(request, [*own, *context.marked.names], lambda wanted: _cached(wanted, context.cache))
    shown.append(_shown(run.profile))
    over = nd.over_budget(run.profile, [*own, *context.marked.budgets(run.profile)])
    found = require((*run.findings, *over, *_baseline(request, run, context, len(shown))), strict=request.strict)
    return run._replace(findings=found)


def _cached(request: Request, folder: Path | None) -> Compilation:
    """The compilation of a request, from the cache if it is there."""
    target = _target(request)
    key = "" if folder is None else compilation_key(request.network, target, request.options)
    found = None if folder is None else kept(folder, key)
    if found is not None:
        return found
    result = nd.check(request.network, target, options=request.options)
    if folder is not None:
        keep(folder, key, result)
    return result


def _target(request: Request) -> Target:
    target = request.target if isinstance(request.target, Target) else load_target(request.target)
    target = target if request.rules is None else with_rules(target, request.rules)
    return on_dialect(target if request.board is None else on_board(target, request.board), request.dialect)


def _shown(profile: Profile) -> Shown:
    measures = profile_measures(profile)
    known = {name: measures[name] for name in RECORDED if measures[name].value is not None}
    words = [f"{profile.cores} core{'' if profile.cores == 1 else 's'}"]
    if profile.accuracy is not None:
        words.append(f"accuracy {profile.accuracy:.2%}")
    words.append(f"{count(measures['spikes_per_inference'].value)} spikes")
    energy = measures["energy_per_inference"]
    words += [] if energy.value is None else [si(energy.value, energy.unit)]
    place = " ".join([profile.target, *([profile.board] if profile.board else [])])
    return Shown(f"{place}: {', '.join(words)}", tuple((name, item.value) for name, item in known.items()))


def _baseline(request: Request, run: Measured, context: RunContext, number: int) -> tuple[Diagnostic, ...]:
    """The findings against the baseline, or none after its entry was written. `number`: of the run in its test."""
    wanted = context.marked.baseline
    if not wanted:
        return ()
    name = wanted if isinstance(wanted, str) else context.test
    name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_.-") else "-" for letter in name)
    name = name.lstrip(".-") + ("" if number == 1 else f".{number}")
    entry = nd.baseline(run.program, run.recording, labels=request.labels)
    path = baseline_file(context.root)
    if context.update:
        _write(path, name, entry)
        return ()
    base = load_baseline(path)
    before = base.entries.get(name)
    missing = (missing_entry(name, str(path), tuple(base.entries)),)
    found = missing if before is None else baseline_findings(name, entry_differences(before, entry), str(path))
    return tuple(item.model_copy(update={"fixes": (Fix(text=UPDATE),)}) if item.fixes else item for item in found)


def _write(path: Path, name: str, entry: BaselineEntry) -> None:
    """Write one entry; processes of pytest-xdist wait for each other, as each keeps the entries of the others."""
    with locked(path.parent):
        save_baseline(merged(load_baseline(path) if path.exists() else None, {name: entry}), path)
