"""nd.report_markdown: differences and budgets as the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from neurodeploy.baseline import BaselineEntry
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diff import Differences
from neurodeploy.profile import PROFILE_FIGURES, Budget, Profile, budget_findings, profile_measures, read_budgets

if TYPE_CHECKING:
    from neurodeploy.report import MarkdownSection

__all__ = ["markdown_section", "report_markdown"]


def markdown_section(
    title: str,
    found: Differences | None,
    *,
    entry: BaselineEntry | None = None,
    profile: Profile | None = None,
    budgets: tuple[Budget, ...] = (),
    findings: Iterable[Diagnostic] = (),
) -> MarkdownSection:
    """Return one network of a comment.

    `title`: its name. `found`: what moved; None: it is not in the baseline. `entry`: its figures now. `profile`: of the same
    run, for budgets. `budgets`: as read. `findings`: of the whole run, those of the budgets included.
    """
    from neurodeploy.report import MarkdownSection  # with it come the tables of terminals, which take long to import

    note = ""
    if entry is not None:
        board = f" on {entry.board}" if entry.board else ""
        note = f"program {entry.program[:12]} for {entry.target}{board}, {entry.n_samples:,} samples on {entry.backend}, neurodeploy {entry.neurodeploy}"
    elif profile is not None:
        note = f"program {profile.program_digest[:12]} for {profile.target}, {profile.n_samples:,} samples on {profile.backend}"
    measures = {} if profile is None else profile_measures(profile)
    figures = {} if entry is None else dict(entry.figures)
    return MarkdownSection(title, found, figures, measures, budgets, tuple(findings), note)


def report_markdown(
    found: Differences | None = None,
    *,
    name: str = "neurodeploy",
    entry: BaselineEntry | None = None,
    profile: Profile | None = None,
    budgets: str | Iterable[str] = (),
    findings: Iterable[Diagnostic] = (),
) -> str:
    """Return differences, budgets and findings as Markdown for a comment of a pull request: a table of what moved, with base,
    head, delta and budget, the rest folded, always below the 65,536 characters that GitHub takes.

    `found`: as nd.check_baseline or nd.diff returns it; its findings are included. `name`: identifies the comment by the hidden
    line "<!-- neurodeploy:NAME -->", so that a bot can replace its own. `entry`: the figures now; those that did not move are
    folded. `profile`: of the same run, for `budgets` such as "cores<=4", whose findings are added. `findings`: further ones.

    Raises DiagnosticError: ND002 (arguments), ND706 and ND707 (budgets).

    Example: nd.report_markdown(nd.check_baseline(entry), entry=entry, name="net")
    """
    from neurodeploy.report import comment_markdown

    nothing, several = type(None), (Sequence, Iterator)
    needs("report_markdown", found=(found, (Differences, nothing)), name=(name, str))
    needs("report_markdown", entry=(entry, (BaselineEntry, nothing)), profile=(profile, (Profile, nothing)))
    needs("report_markdown", budgets=(budgets, several), findings=(findings, several))
    given = tuple(findings)
    needs("report_markdown", **{f"findings[{index}]": (item, Diagnostic) for index, item in enumerate(given)})
    read = read_budgets([budgets] if isinstance(budgets, str) else budgets, PROFILE_FIGURES)
    judged = budget_findings(read, {} if profile is None else profile_measures(profile))
    own = () if found is None else found.findings
    every = tuple(dict.fromkeys((*given, *own, *judged)))
    return comment_markdown(
        name, [markdown_section(name, found, entry=entry, profile=profile, budgets=read, findings=every)]
    )
