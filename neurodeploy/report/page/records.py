"""Sections at the end of the page: the ledger, the findings with their fixes, and how to make the page again."""

from __future__ import annotations

from importlib.metadata import version

from neurodeploy.diagnostics import Diagnostic, Fix, comparison, rule
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.io.tensors import digest_of
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.blocks import folded, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject

__all__ = ["findings", "ledger", "reproduce"]

LINES, FINDINGS = 400, 100
"""Largest numbers of lines of the ledger and of findings that the page shows."""
ORDER = ("dropped", "extension", "assumed", "approximate", "rounded", "exact")
"""Levels of a ledger, from what changes most."""


def findings(subject: ReportSubject) -> Section:
    """Return the findings of all stages, each with its fixes. `subject`: what the page is about."""
    found = subject.findings
    if not found:
        return Section("findings", "Findings", element("p", "No stage found anything to report."))
    body = [_finding(item) for item in found[:FINDINGS]]
    if len(found) > FINDINGS:
        body.append(note(f"{len(found) - FINDINGS:,} more are left out."))
    return Section("findings", "Findings", "".join(body))


def _finding(item: Diagnostic) -> str:
    kind = {"error": "error", "warning": "warn"}.get(item.severity, "soft")
    head = element(
        "p",
        element("strong", text(f"{item.severity} {item.code}"), class_=kind),
        f" {text(item.subject)}: {text(item.message)}.",
    )
    meta = [comparison(item) or "", f"{rule(item.code).words[1]} from {item.limit_source}" if item.limit_source else ""]
    lines = "".join(element("p", text(line), class_="meta") for line in meta if line)
    fixes = element("ul", *(element("li", *_fix(fix)) for fix in item.fixes)) if item.fixes else ""
    return element("div", head, lines, fixes, class_=f"finding {item.severity}")


def _fix(fix: Fix) -> list[str]:
    return [text(fix.text), *([": ", element("code", text(fix.flag))] if fix.flag else [])]


def ledger(subject: ReportSubject) -> Section | None:
    """Return every value that import and conversion changed; None if none was. `subject`: what the page is about."""
    lines = sorted(subject.program.ledger, key=lambda line: ORDER.index(line.level))
    if not lines:
        return None
    levels = [line.level for line in lines]
    counted = ", ".join(f"{levels.count(level):,} {level}" for level in ORDER if level in levels)
    rows = [_line(line) for line in lines[:LINES]]
    heads = ("where", "quantity", "asked", "got", "level", "error", "note")
    body = [element("p", text(f"{len(lines):,} values of the network, and what became of them: {counted}."))]
    shown = table(heads, rows, numbers=(5,), prose=(2, 3, 6), tall=len(rows) > 12)
    body.append(
        shown
        if len(rows) <= 12
        else folded(f"All {len(rows):,} lines" if len(rows) == len(lines) else f"The first {LINES} lines", shown)
    )
    return Section("ledger", "Ledger", "".join(body))


def _line(line: LedgerLine) -> tuple[str, ...]:
    error = f"{line.relative_error:.2%}" if line.relative_error is not None else ""
    return str(line.subject), line.quantity, line.asked, line.got, line.level, error, line.note


def reproduce(subject: ReportSubject) -> Section:
    """Return the command and the digests of everything that went in. `subject`: what the page is about."""
    program, recording = subject.program, subject.recording
    rows = {
        "Program": program.digest(),
        "Network": digest_of(program.network),
        "Target": f"{program.target.file or program.target.name}, {digest_of(program.target)}",
        "Placement": f"seed {program.placement_seed}",
    }
    if recording is not None:
        rows["Recording"] = digest_of(recording)
        rows["Run"] = f"backend {recording.backend}, seed {recording.seed}"
    if subject.reference is not None:
        rows["Reference"] = digest_of(subject.reference)
    rows["Made with"] = f"neurodeploy {version('neurodeploy')}"
    listed = "".join(
        element("dt", text(name)) + element("dd", text(value), class_="mono") for name, value in rows.items()
    )
    command = element("pre", element("code", text(subject.command)), tabindex=0) if subject.command else ""
    said = "The same files and options give the same digests, and this page byte by byte."
    return Section("reproduce", "How to reproduce", command + element("dl", listed) + note(said))
