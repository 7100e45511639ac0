"""What a report is about."""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diff import Differences
from neurodeploy.profile import Profile
from neurodeploy.program import Program
from neurodeploy.simulate import Recording, SampleValues

__all__ = ["ReportSubject"]


class ReportSubject(NamedTuple):
    """Everything that a report shows. Sections of data that is absent are left out, and the page says why."""

    program: Program
    """The compiled network, with the ledger of its conversion and the network itself."""
    recording: Recording | None = None
    """Recording of one run of the program."""
    reference: Recording | None = None
    """Recording of the same samples on the float reference."""
    profile: Profile | None = None
    """Activity, resources and cost of `recording`."""
    samples: SampleValues | None = None
    """Samples of the run, with their labels."""
    findings: tuple[Diagnostic, ...] = ()
    """Findings of all stages, errors first."""
    met_budgets: tuple[str, ...] = ()
    """Budgets without a finding, as typed."""
    command: str = ""
    """Command that makes this page again."""
    differences: Differences | None = None
    """Differences from a baseline; None: none was given."""
