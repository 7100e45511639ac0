"""Writing of the page of a report, for the commands that can."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from neurodeploy.cli.output import working
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diff import Differences
from neurodeploy.profile import Budget, Profile
from neurodeploy.program import Program
from neurodeploy.simulate import Recording, SampleValues, Stimulus

__all__ = ["Ran", "write_page"]


class Ran(NamedTuple):
    """What a page shows beside the program."""

    recording: Recording | None = None
    profile: Profile | None = None
    samples: SampleValues | None = None
    reference: Recording | None = None
    findings: tuple[Diagnostic, ...] = ()
    stimulus: Stimulus | None = None
    changes: Differences | None = None


def _words() -> str:
    """The command line as typed, for a shell; empty where a program calls the command."""
    named = Path(sys.argv[0]).name if sys.argv else ""
    return shlex.join(["neurodeploy", *sys.argv[1:]]) if named in ("neurodeploy", "__main__.py") else ""


def write_page(
    program: Program, ran: Ran, path: Path, budgets: tuple[Budget, ...], findings: tuple[Diagnostic, ...]
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
            command=_words(),
        )
    return len(page.encode("utf-8"))
