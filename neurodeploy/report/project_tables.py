"""Tables of a project on its targets, for terminals and for GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from neurodeploy.diagnostics import Diagnostic, errors_in, render
from neurodeploy.profile import Measure, profile_measures
from neurodeploy.project import ProjectResult, TargetResult
from neurodeploy.report.quantity import count, si
from neurodeploy.report.tables import plain_table

__all__ = ["project_markdown", "project_table"]

LONGEST = 60_000
"""Most letters of the Markdown text: a comment of GitHub takes 65,536."""
EXACT = re.compile(r"(cores|lower_bound|accuracy|accuracy_drop|silent_neurons|\w+_per_inference|\w+\.total)$")
"""Figures that are compared with a base: counts, and what is computed from them."""
UNKNOWN = "-"
HEADS = ("target", "verdict", "cores", "accuracy", "spikes", "energy", "budgets", "baseline")


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
        f"{len(row.met)} of {budgets} met" if budgets else UNKNOWN,
        row.baseline or UNKNOWN,
    )


def project_table(result: ProjectResult) -> Table:
    """Return a table with a row for each target; spikes and energy are those of one inference."""
    table = plain_table(f"{result.model} on {_targets(result)}", *HEADS)
    for row in result.targets:
        table.add_row(*_cells(row))
    return table


def _targets(result: ProjectResult) -> str:
    return f"{len(result.targets)} target{'' if len(result.targets) == 1 else 's'}"


def project_markdown(result: ProjectResult, base: ProjectResult | None = None) -> str:
    """Return a summary for the page of a run, or for a comment on a pull request, below 65,536 characters.

    Its first line is a marker, by which a later run finds its comment. `base`: the result of the base branch, with which the
    figures are compared.
    """
    lines = [
        f"<!-- neurodeploy:{_plain(Path(result.project).parent.resolve().name)} -->",
        f"## neurodeploy: {'passed' if result.passed else 'failed'}",
        "",
        f"{_escaped(result.model)} on {_targets(result)}; spikes and energy of one inference",
        "",
        *_markdown_table(HEADS, [tuple(_escaped(cell) for cell in _cells(row)) for row in result.targets]),
    ]
    lines += [] if base is None else ["", *_moved(result, base)]
    found = tuple(result.every_finding())
    refused = set(errors_in(found, strict=result.strict))
    lines += _listed("What fails", [item for item in found if item in refused], opened=True)
    lines += _listed("Notes and warnings", [item for item in found if item not in refused], opened=False)
    return _cut("\n".join(lines)) + "\n"


def _plain(name: str) -> str:
    """A name that cannot end a comment of HTML."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.") or "project"


def _escaped(text: str) -> str:
    """Text in a cell of a Markdown table that starts no markup, link or mention."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#|~!])", r"\\\1", plain).replace("@", "&#64;")


def _markdown_table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _moved(result: ProjectResult, base: ProjectResult) -> Iterator[str]:
    """The figures that differ from those of the base."""
    before = {row.label: row for row in base.targets}
    rows = [cells for row in result.targets for cells in _changes(row, before.get(row.label))]
    yield "### Compared with the base branch"
    yield ""
    if rows:
        yield from _markdown_table(("target", "figure", "base", "head", "change"), rows)
    else:
        yield "No figure moved."


def _changes(row: TargetResult, before: TargetResult | None) -> Iterator[tuple[str, ...]]:
    label = _escaped(row.label)
    if before is None:
        yield (label, "verdict", "not tested", row.verdict, "new")
        return
    if before.verdict != row.verdict:
        yield (label, "verdict", before.verdict, row.verdict, "")
    old = {} if before.profile is None else profile_measures(before.profile)
    new = {} if row.profile is None else profile_measures(row.profile)
    for name, measure in new.items():
        other = old.get(name)
        if EXACT.match(name) and other is not None and other.value != measure.value:
            yield (label, _escaped(name), _value(other), _value(measure), _change(other.value, measure.value))


def _value(measure: Measure) -> str:
    if measure.value is None:
        return UNKNOWN
    if measure.unit in ("J", "s", "W"):
        return si(measure.value, measure.unit)
    return f"{measure.value:.2%}" if measure.unit == "fraction" else count(measure.value)


def _change(old: float | None, new: float | None) -> str:
    return f"{(new - old) / old:+.1%}" if old and new is not None else ""


def _listed(title: str, found: list[Diagnostic], *, opened: bool) -> list[str]:
    """Findings as a block that can be folded."""
    if not found:
        return []
    texts = [render(item).replace("```", "'''") for item in found]
    start = f"<details{' open' if opened else ''}><summary>{title}: {len(found)}</summary>"
    return ["", start, "", "```text", "\n\n".join(texts), "```", "", "</details>"]


def _cut(text: str) -> str:
    """The text, cut where it is longer than a comment may be."""
    if len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    kept = text[: LONGEST // 2].rpartition("\n")[0]
    return f"{kept}\n```\n\n</details>\n\nThe rest is left out: the text has {len(text):,} letters."
