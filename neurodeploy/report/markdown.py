"""Markdown for the comment of a pull request and the summary of a job: what moved on top, the rest folded.

A hidden marker on the first line lets a bot find and replace its own comment. GitHub takes 65,536 characters; the text stays
below that in bytes of UTF-8, and says what it left out. Names and messages may come from files of strangers, so that nothing in
them acts as Markdown, HTML, a link or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from neurodeploy.diagnostics import Diagnostic, comparison, errors_in, sorted_findings
from neurodeploy.diff import Difference, Differences
from neurodeploy.diff.units import unit_of_total
from neurodeploy.profile import Budget, Measure
from neurodeploy.report.difference_tables import delta_text, value_text

__all__ = ["LARGEST", "MarkdownSection", "comment_markdown", "escaped", "marker"]

LARGEST = 65_000
"""Most bytes of a comment."""
LEAST = 1_200
"""Bytes that a section needs to say anything; more sections are only counted."""
LONGEST = 400
"""Letters of one message."""
SHOWN_ERRORS, SHOWN_REASONS = 10, 8
IN_TABLE = ("ND620", "ND604")
"""Findings of figures that moved and of budgets that are not met, which the table shows."""
ACTIVE = re.compile(r"([\\`*_\[\]<>|~&$^{}])")
"""Characters of Markdown, tables, HTML and formulas."""
BREAK = "\u200b"
"""Zero-width space: separates what GitHub would otherwise turn into a mention, a reference or a link."""
LINKS = re.compile(r"@|#(?=\d)|GH-(?=\d)|:(?=//)|www(?=\.)", re.IGNORECASE)
HEAD = "| metric | base | head | delta | budget |\n|---|--:|--:|--:|---|\n"


class MarkdownSection(NamedTuple):
    """One network of a comment."""

    title: str
    """Its name."""
    differences: Differences | None = None
    """What moved; None: there is nothing to compare with."""
    figures: Mapping[str, int | float] = {}
    """Figures now, by the names of the differences; those that did not move are folded."""
    measures: Mapping[str, Measure] = {}
    """Figures that budgets refer to."""
    budgets: tuple[Budget, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    note: str = ""
    """Last line: program, target, version."""


def escaped(text: object) -> str:
    """Return a text as it is to be read: one line on which nothing acts as Markdown, HTML, a link or a mention.

    `text`: anything with a text.
    """
    plain = " ".join(str(text).split())
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in plain)
    cut = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
    return LINKS.sub(lambda found: found[0] + BREAK, ACTIVE.sub(r"\\\1", cut))


def marker(name: str) -> str:
    """Return the hidden line that identifies a comment. `name`: of the comment; other characters than letters, digits, _ and .
    become -.
    """
    return f"<!-- neurodeploy:{re.sub(r'[^A-Za-z0-9_.]+', '-', name).strip('-') or 'report'} -->"


def _size(text: str) -> int:
    return len(text.encode())


def _within(head: str, lines: Sequence[str], limit: int, what: str) -> str:
    """Lines below a head that take at most `limit` bytes, and how many more there are."""
    kept, left = list[str](), limit - _size(head) - 60
    for line in lines:
        left -= _size(line) + 1
        if left < 0:
            break
        kept.append(line)
    more = len(lines) - len(kept)
    text = head + "".join(f"{line}\n" for line in kept)
    return text + (f"\n{more:,} more {what} left out.\n" if more else "")


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{escaped(summary)}</summary>\n\n{body}\n</details>\n"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _wanted(section: MarkdownSection) -> dict[str, str]:
    """Figure -> its budgets with whether they are met."""
    failed, found = {item.subject.name for item in section.findings}, dict[str, list[str]]()
    for budget in section.budgets:
        bound = escaped(f"{budget.sign} {budget.number:g}{' ' if budget.unit not in ('', '%') else ''}{budget.unit}")
        state = "**not met**: " if budget.text in failed else "met: "
        found.setdefault(budget.figure, []).append(state + bound)
    return {name: "<br>".join(texts) for name, texts in found.items()}


def _row(row: Difference, budgets: Mapping[str, str], *, named: bool) -> str:
    name = f"{row.subject.name or row.subject.kind}: {row.figure}" if named else row.figure
    base, head = (value_text(value, row.unit) for value in (row.base, row.head))
    return _cells(escaped(name), escaped(base), escaped(head), escaped(delta_text(row)), budgets.get(row.figure, ""))


def _top(section: MarkdownSection, budgets: Mapping[str, str]) -> list[str]:
    """Rows of what moved: figures with a budget, whole figures, then their parts; last budgets on other figures."""
    found = section.differences.rows if section.differences else ()
    moved = sorted(found, key=lambda row: (row.figure not in budgets, "." in row.figure))
    named = len({str(row.subject) for row in moved}) > 1
    rows = [_row(row, budgets, named=named) for row in moved]
    known = {row.figure for row in moved}
    for figure, text in budgets.items():
        if figure not in known:
            measure = section.measures.get(figure, Measure(None, ""))
            now = escaped(value_text(measure.value, measure.unit))
            still = section.differences is not None and figure in section.figures
            rows.append(_cells(escaped(figure), now if still else "", now, "", text))
    return rows


def _still(section: MarkdownSection, budgets: Mapping[str, str]) -> list[str]:
    moved = {row.figure for row in section.differences.rows} if section.differences else set[str]()
    found = list[str]()
    for name, value in section.figures.items():
        if name not in moved and name not in budgets:
            shown = escaped(value_text(value, unit_of_total(name)))
            found.append(_cells(escaped(name), shown if section.differences else "", shown, "", ""))
    return found


def _verdict(section: MarkdownSection) -> str:
    """The outcome in one line."""
    found = section.differences
    over = sum(item.code == "ND604" for item in section.findings)
    errors = sum(item.code not in IN_TABLE for item in errors_in(section.findings))
    if found is None:
        moved = "nothing to compare with" if section.figures else "no figures"
    elif found.same:
        moved = "nothing moved"
    else:
        moved = f"{len(found.rows):,} figures moved" if len(found.rows) > 1 else "1 figure moved"
    parts = [moved] + ([f"{over} budget{'s' if over > 1 else ''} not met"] if over else [])
    return ", ".join(parts + ([f"{errors:,} error{'s' if errors > 1 else ''}"] if errors else []))


def _finding_line(item: Diagnostic) -> str:
    numbers = comparison(item)
    text = f"- **{item.severity} {item.code}** {escaped(f'{item.subject}: {item.message}')}"
    return text + (f" ({escaped(numbers)})" if numbers else "")


def _head(section: MarkdownSection) -> str:
    """Title, reasons and errors, which are never folded."""
    lines = [f"### {escaped(section.title)}: {_verdict(section)}\n"]
    reasons = section.differences.reasons if section.differences else ()
    if reasons:
        lines += ["**Why:** " + "; ".join(escaped(item.text) for item in reasons[:SHOWN_REASONS]) + "\n"]
    told = [item for item in section.findings if item.severity == "error" and item.code not in IN_TABLE]
    errors = [_finding_line(item) for item in sorted_findings(told)]
    if errors:
        lines += ["\n".join(errors[:SHOWN_ERRORS])]
        lines += [f"- {len(errors) - SHOWN_ERRORS:,} more errors are left out"] if len(errors) > SHOWN_ERRORS else []
        lines += [""]
    return "\n".join(lines) + "\n"


def _section(section: MarkdownSection, limit: int) -> str:
    """One section of at most `limit` bytes."""
    budgets, text = _wanted(section), _head(section)
    if _size(text) > limit:
        return f"### {escaped(section.title)}: {_verdict(section)}\n\n"
    top = _top(section, budgets)
    if top:
        text += _within(HEAD, top, (limit - _size(text)) * 3 // 4, "rows are") + "\n"
    folded = (
        (f"figures{' that did not move' if section.differences else ''}", HEAD, _still(section, budgets)),
        ("estimates, for information", HEAD, _estimates(section)),
        ("warnings and notes", "", [_finding_line(item) for item in _minor(section.findings)]),
    )
    for what, head, lines in folded:
        room = limit - _size(text) - 200 - _size(section.note)
        if lines and room > LEAST // 2:
            text += _folded(f"{len(lines):,} {what}", _within(head, lines, room * 3 // 4, "are"))
    return text + (f"\n<sub>{escaped(section.note)}</sub>\n" if section.note else "") + "\n"


def _minor(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [item for item in sorted_findings(findings) if item.severity != "error"]


def _estimates(section: MarkdownSection) -> list[str]:
    rows = section.differences.information if section.differences else ()
    named = len({str(row.subject) for row in rows}) > 1
    return [_row(row, {}, named=named) for row in rows]


def comment_markdown(name: str, sections: Sequence[MarkdownSection]) -> str:
    """Return the Markdown of a comment, with its hidden marker, below 65,536 characters.

    `name`: identifies the comment among others of the same pull request. `sections`: one for each network.
    """
    text = f"{marker(name)}\n"
    shown = sections[: LARGEST // LEAST]
    left = LARGEST - _size(text) - 100
    for index, section in enumerate(shown):
        made = _section(section, left // (len(shown) - index))
        text, left = text + made, left - _size(made)
    more = len(sections) - len(shown)
    return text + (f"{more:,} more networks are left out.\n" if more else "")
