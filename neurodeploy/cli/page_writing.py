"""Writing of the page of a report, or of a comment of a pull request, for the commands that can."""

from __future__ import annotations

import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from neurodeploy.baseline import BaselineEntry, entry_of
from neurodeploy.cli.common_options import usage
from neurodeploy.cli.output import show_lines, working
from neurodeploy.diagnostics import Diagnostic, about
from neurodeploy.diff import Differences
from neurodeploy.io.archive import write_atomically
from neurodeploy.profile import Budget, Profile
from neurodeploy.program import Program
from neurodeploy.simulate import Recording, SampleValues, Stimulus

__all__ = ["PageFormat", "Ran", "require_page", "typed_words", "write_comment", "write_page"]


class PageFormat(str, Enum):
    """Forms of a report."""

    html = "html"
    markdown = "markdown"


class Ran(NamedTuple):
    """What a page shows beside the program."""

    recording: Recording | None = None
    profile: Profile | None = None
    samples: SampleValues | None = None
    reference: Recording | None = None
    findings: tuple[Diagnostic, ...] = ()
    stimulus: Stimulus | None = None
    changes: Differences | None = None
    entry: BaselineEntry | None = None
    """Figures of the run as a baseline keeps them, if they were compared with one."""


SUFFIXES = {PageFormat.html: ".html", PageFormat.markdown: ".md"}


def require_page(path: Path | None, form: PageFormat) -> None:
    """Raise DiagnosticError: ND701 without a file for a page of HTML, or for a suffix of another form.

    `path`: to write; None: the comment is printed. `form`: of the report.
    """
    suffix = SUFFIXES[form]
    if path is None and form is PageFormat.html:
        raise usage("ND701", about("option", "--out"), "is needed: the page to write", "-o report.html")
    if path is not None and path.suffix not in (suffix, ""):
        message = f"'{path}' does not end in {suffix}, the suffix of such files"
        raise usage("ND701", about("option", "--out"), message, path.with_suffix(suffix).name)


def typed_words() -> str:
    """Return the command line as typed, for a shell; empty where a program calls the command."""
    named = Path(sys.argv[0]).name if sys.argv else ""
    return shlex.join(["neurodeploy", *sys.argv[1:]]) if named in ("neurodeploy", "__main__.py") else ""


def write_page(
    program: Program, ran: Ran, path: Path | None, budgets: tuple[Budget, ...], findings: tuple[Diagnostic, ...]
) -> int:
    """Write the page of a report and return its size in bytes.

    `program`, `ran`: what it shows. `path`: of the page. `budgets`: of the user. `findings`: of all stages.
    """
    from neurodeploy.api.reporting import report  # drawing takes time to load, which other commands need not spend

    with working("writing the report"):
        page = report(
            program,
            ran.recording,
            path,
            samples=ran.samples,
            reference=ran.reference,
            profile=ran.profile,
            budgets=[item.text for item in budgets],
            findings=findings,
            changes=ran.changes,
            command=typed_words(),
        )
    return len(page.encode("utf-8"))


def write_comment(
    program: Program, ran: Ran, path: Path | None, budgets: tuple[Budget, ...], findings: tuple[Diagnostic, ...]
) -> int:
    """Write or print the comment of a pull request and return its size in bytes.

    `program`, `ran`: what it shows. `path`: of the file; None: it is printed. `budgets`: of the user. `findings`: of all stages.
    """
    from neurodeploy.api.commenting import report_markdown

    entry = ran.entry
    if entry is None and ran.recording is not None and ran.profile is not None and ran.recording.complete:
        labels = None if ran.stimulus is None or not program.network.outputs else ran.stimulus.labels
        entry = entry_of(program, ran.recording, ran.profile, labels=labels, stimulus=ran.stimulus)
    comment = report_markdown(
        ran.changes,
        name=program.network.name,
        entry=entry,
        profile=ran.profile,
        budgets=[item.text for item in budgets],
        findings=findings,
    )
    comment = _with_learned(comment, program, ran.recording)
    if path is None:
        show_lines(comment.rstrip("\n"))
    else:
        write_atomically(path, comment.encode())
    return len(comment.encode())


def _with_learned(comment: str, program: Program, recording: Recording | None) -> str:
    """A comment with a line for each plastic projection, as long as GitHub takes it."""
    from neurodeploy.report.learned_tables import learned_lines
    from neurodeploy.report.markdown import LARGEST, escaped

    lines = [] if recording is None else learned_lines(program, recording)
    longer = "\n\n".join((comment.rstrip("\n"), *map(escaped, lines))) + "\n"
    return longer if lines and len(longer.encode()) <= LARGEST else comment
