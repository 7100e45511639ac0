"""Tables of a project on its targets, for terminals and for GitHub."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from neurodeploy.diagnostics import Diagnostic, errors_in, render
from neurodeploy.diff import Differences
from neurodeploy.profile import profile_measures, read_budgets
from neurodeploy.project import ProjectResult, TargetResult
from neurodeploy.project.baseline import moved_entry
from neurodeploy.project.run import FIGURES
from neurodeploy.report.markdown import LARGEST, MarkdownSection, comment_markdown, escaped, marker
from neurodeploy.report.quantity import count, si
from neurodeploy.report.tables import plain_table

__all__ = ["project_markdown", "project_table"]

UNKNOWN = "-"
HEADS = ("target", "verdict", "cores", "accuracy", "spikes", "energy", "met", "baseline")


def _cells(row: TargetResult) -> tuple[str, ...]:
    shown = row.profile
    measures = {} if shown is None else profile_measures(shown)
    accuracy, spikes, energy = (
        measures.get(name) for name in ("accuracy", "spikes_per_inference", "energy_per_inference")
    )
    over = sum(item.code in ("ND604", "ND605", "ND706") and item.subject.kind == "budget" for item in row.findings)
    budgets = len(row.met) + over
    return (
        row.label,
        row.verdict,
        UNKNOWN if row.cores is None else f"{row.cores:,}",
        UNKNOWN if accuracy is None or accuracy.value is None else f"{accuracy.value:.2%}",
        UNKNOWN if spikes is None else count(spikes.value),
        UNKNOWN if energy is None or energy.value is None else si(energy.value, energy.unit),
        f"{len(row.met)}/{budgets}" if budgets else UNKNOWN,
        row.baseline or UNKNOWN,
    )


def project_table(result: ProjectResult) -> Table:
    """Return a table with a row for each target; spikes and energy are those of one inference, and "met"
    counts budgets."""
    table = plain_table(f"{result.model} on {_targets(result)}", *HEADS)
    for column in table.columns[2:]:
        column.no_wrap = True
    for row in result.targets:
        table.add_row(*_cells(row))
    return table


def _targets(result: ProjectResult) -> str:
    return f"{len(result.targets)} target{'' if len(result.targets) == 1 else 's'}"


def project_markdown(result: ProjectResult, base: ProjectResult | None = None) -> str:
    """Return a summary for the page of a run, or for a comment on a pull request, below 65,536 characters.

    Its first line is a marker, by which a later run finds its comment. `base`: the result of the base branch, with which the
    figures are compared; None: those of the baseline, if there is one.
    """
    head = [
        marker(Path(result.project).parent.resolve().name),
        f"## neurodeploy: {'passed' if result.passed else 'failed'}",
        "",
        f"{escaped(result.model)} on {_targets(result)}; spikes and energy of one inference"
        + ("" if base is None else "; figures are compared with the base branch"),
        "",
        f"| {' | '.join(HEADS)} |",
        f"|{'---|' * len(HEADS)}",
        *(f"| {' | '.join(escaped(cell) for cell in _cells(row))} |" for row in result.targets),
    ]
    before = {} if base is None else {row.label: row for row in base.targets}
    compared = [(row, _differences(row, before.get(row.label), base)) for row in result.targets]
    sections = [_section(row, found) for row, found in compared if found is not None]
    alone = [*result.findings, *(item for row, found in compared if found is None for item in _of(result, row))]
    refused = set(errors_in(alone, strict=result.strict))
    lines = _listed("What fails", [item for item in alone if item in refused], opened=True)
    lines += _listed("Notes and warnings", [item for item in alone if item not in refused], opened=False)
    text = "\n".join([*head, *lines]) + "\n"
    if sections:
        text += "\n" + comment_markdown("", sections).partition("\n")[2]
    return _cut(text)


def _of(result: ProjectResult, row: TargetResult) -> list[Diagnostic]:
    """The findings of one target, which name it if there are several."""
    alone = result.model_copy(update={"findings": ()})
    known = set(row.findings)
    named = zip((item for each in alone.targets for item in each.findings), alone.every_finding(), strict=True)
    return [shown for item, shown in named if item in known]


def _differences(row: TargetResult, before: TargetResult | None, base: ProjectResult | None) -> Differences | None:
    """What moved on a target since the base, or without a base since the baseline; None if nothing is compared."""
    if base is None:
        return row.differences
    if before is None or before.entry is None or row.entry is None:
        return None
    return moved_entry(before.entry, row.entry, ("base", "head"))


def _section(row: TargetResult, found: Differences) -> MarkdownSection:
    """What moved on one target, with its budgets and its findings."""
    over = [item.subject.name for item in row.findings if item.subject.kind == "budget"]
    budgets = read_budgets((*row.met, *over), FIGURES)
    figures = {} if row.entry is None else dict(row.entry.figures)
    measures = {} if row.profile is None else profile_measures(row.profile)
    note = (
        "" if row.profile is None else f"program {row.profile.program_digest[:12]}, {row.profile.n_samples:,} samples"
    )
    return MarkdownSection(row.label, found, figures, measures, budgets, row.findings, note)


def _listed(title: str, found: list[Diagnostic], *, opened: bool) -> list[str]:
    """Findings as a block that can be folded."""
    if not found:
        return []
    texts = [render(item).replace("```", "'''") for item in found]
    start = f"<details{' open' if opened else ''}><summary>{title}: {len(found)}</summary>"
    return ["", start, "", "```text", "\n\n".join(texts), "```", "", "</details>"]


def _cut(text: str) -> str:
    """The text, cut where it is longer than a comment may be."""
    if len(text.encode()) <= LARGEST:
        return text
    kept = text.encode()[: LARGEST // 2].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}\n```\n\n</details>\n\nThe rest is left out: the text has {len(text):,} letters.\n"
