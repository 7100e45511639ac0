"""Comparison of two entries of a baseline: every deterministic figure exactly, estimates for information."""

from __future__ import annotations

from neurodeploy.baseline.nouns import Baseline, BaselineEntry, EstimateRange
from neurodeploy.baseline.reasons import reasons_of
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diff.nouns import Difference, Differences, Reason, difference, moved_figures
from neurodeploy.diff.units import prefix_of, unit_of_total

__all__ = ["baseline_differences", "baseline_findings", "entry_differences", "missing_entry"]

NAMED = 5
"""Figures that a finding names."""


def _estimates(base: BaselineEntry, head: BaselineEntry) -> tuple[Difference, ...]:
    """Rows of estimates that moved. Overlapping intervals cannot be ranked."""
    names = dict.fromkeys((*base.estimates, *head.estimates))
    where, found = about("program", head.network), list[Difference]()
    for name in names:
        one, other = base.estimates.get(name), head.estimates.get(name)
        if one == other:
            continue
        unit = (one or other or EstimateRange(value=0, low=0, high=0, unit="", kind="derived")).unit
        before, after = (None if item is None else item.value for item in (one, other))
        why = "" if one is None or other is None else _not_ranked(one, other)
        apart = not why
        found.append(difference(where, name, before, after, unit, kind=None if apart else "unranked", why=why))
    return tuple(found)


def _not_ranked(one: EstimateRange, other: EstimateRange) -> str:
    """Why it cannot be said which of two estimates is lower; empty if it can."""
    if "scaled" in (one.kind, other.kind):
        return "figures are scaled from another chip"
    if one.high < other.low or other.high < one.low:
        return ""
    return f"intervals {_range(one)} and {_range(other)} overlap"


def _range(item: EstimateRange) -> str:
    scale, letter = prefix_of(item.value)
    return f"{item.low / scale:.3g} to {item.high / scale:.3g} {letter}{item.unit}"


def entry_differences(
    base: BaselineEntry, head: BaselineEntry, names: tuple[str, str] = ("base", "head")
) -> Differences:
    """Return how two entries differ. Any difference of a deterministic figure is a row, however small.

    Spikes that differ in time or neuron, but not in number, are a row "spikes.digest". `names`: what to call the two.
    """
    where = about("program", head.network)
    rows = moved_figures(base.figures, head.figures, unit_of_total, where)
    if base.spikes != head.spikes and not any(row.figure.startswith("spikes") for row in rows):
        rows += (difference(where, "spikes.digest", base.spikes[:12], head.spikes[:12]),)
    return Differences(
        of="baseline",
        base=names[0],
        head=names[1],
        rows=rows,
        reasons=reasons_of(base, head),
        information=_estimates(base, head),
    )


def baseline_differences(base: Baseline, head: Baseline, names: tuple[str, str] = ("base", "head")) -> Differences:
    """Return how two baselines differ, entry by entry; every row and reason names its entry.

    `base`, `head`: the baselines. `names`: what to call them.
    """
    rows, information, reasons = list[Difference](), list[Difference](), list[Reason]()
    for name in dict.fromkeys((*base.entries, *head.entries)):
        where = about("model", name)
        one, other = base.entries.get(name), head.entries.get(name)
        if one is None or other is None:
            first, second = (None if item is None else item.program[:12] for item in (one, other))
            rows.append(difference(where, "entry", first, second))
            continue
        found = entry_differences(one, other)
        rows += [row.model_copy(update={"subject": where}) for row in found.rows]
        information += [row.model_copy(update={"subject": where}) for row in found.information]
        reasons += [Reason(kind=reason.kind, text=f"{name}: {reason.text}") for reason in found.reasons]
    return Differences(
        of="baseline",
        base=names[0],
        head=names[1],
        rows=tuple(rows),
        reasons=tuple(reasons),
        information=tuple(information),
    )


def _row_text(row: Difference) -> str:
    if row.delta is None:
        return f"{row.figure} {_value(row.base)} -> {_value(row.head)}"
    share = f", {row.relative:+.2%}" if row.relative is not None else ""
    return f"{row.figure} {_value(row.base)} -> {_value(row.head)} ({row.delta:+,.10g}{share})"


def _names(rows: list[Difference]) -> str:
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return ", ".join(row.figure for row in rows[:NAMED]) + more


def _value(value: float | str | None) -> str:
    return "none" if value is None else value if isinstance(value, str) else f"{value:,.10g}"


def baseline_findings(name: str, found: Differences, path: str) -> tuple[Diagnostic, ...]:
    """Return the findings of a check: ND620 (figures moved), ND623 (figures that only one side has), ND624 (something changed
    and nothing moved).

    `name`: the entry. `found`: its differences. `path`: the baseline file, for the fix.
    """
    where, why = about("model", name), "; ".join(reason.text for reason in found.reasons)
    because = f"; {why}" if why else ""
    moved = [row for row in found.rows if row.kind == "moved"]
    lost = [row for row in found.rows if row.kind == "removed"]
    new = [row for row in found.rows if row.kind == "added"]
    fix = f"if this is intended, write the baseline again: neurodeploy baseline write MODEL --file {path}"
    findings = list[Diagnostic]()
    if moved:
        shown = ", ".join(_row_text(row) for row in moved[:NAMED])
        more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
        count = f"{len(moved)} figures moved" if len(moved) > 1 else "1 figure moved"
        findings.append(finding("ND620", where, f"{count}: {shown}{more}{because}", fixes=[fix]))
    if lost:
        shown = ", ".join(row.figure for row in lost)
        findings.append(
            finding("ND623", where, f"figures of the baseline are missing now: {shown}{because}", fixes=[fix])
        )
    if new:
        message = f"figures are not in the baseline: {_names(new)}"
        findings.append(finding("ND623", where, message, fixes=[fix], severity="warning"))
    if not found.rows and found.reasons:
        findings.append(finding("ND624", where, f"no figure moved, but {why}"))
    return tuple(findings)


def missing_entry(name: str, path: str, known: tuple[str, ...]) -> Diagnostic:
    """Return ND621: the baseline has no entry of this name.

    `path`: the baseline file. `known`: names of its entries.
    """
    message = f"is not in baseline '{path}', which has {', '.join(known[:NAMED]) or 'no entry'}"
    fix = f"add it: neurodeploy baseline write MODEL --name {name} --file {path}"
    return finding("ND621", about("model", name), message, fixes=[fix])
