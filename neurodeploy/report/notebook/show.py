"""The HTML of any object that notebooks show."""

from __future__ import annotations

from neurodeploy.blame.nouns import Blame, Study
from neurodeploy.campaign import Campaign
from neurodeploy.compiler import Compilation
from neurodeploy.convert.options import Conversion
from neurodeploy.diagnostics import Diagnostic, DiagnosticError
from neurodeploy.importers.options import Imported
from neurodeploy.network import Network
from neurodeploy.profile import Profile
from neurodeploy.program import Program
from neurodeploy.report.blame_tables import blame_report, study_report
from neurodeploy.report.conversion_tables import conversion_table
from neurodeploy.report.fault_tables import campaign_report
from neurodeploy.report.notebook.findings import findings_html, folded_findings, one_finding
from neurodeploy.report.notebook.nouns import (
    compilation_html,
    learned_html,
    network_html,
    profile_html,
    program_html,
    recording_html,
)
from neurodeploy.report.notebook.parts import box, from_rich
from neurodeploy.report.sweep_tables import sweep_report
from neurodeploy.signals import Learned, Recording
from neurodeploy.sweep.nouns import Sweep
from neurodeploy.sweep.pareto import pareto, usual_measures

__all__ = ["html"]


def html(shown: object) -> str | None:
    """Return the HTML of a network, import, program, recording, learned weights, profile, compilation, study, blame, sweep,
    campaign or finding, or of the findings of an error; None for everything else.
    """
    if isinstance(shown, Diagnostic):
        return box(one_finding(shown))
    if isinstance(shown, DiagnosticError):
        return findings_html(shown.stage, shown.diagnostics)
    if isinstance(shown, Network):
        return network_html(shown)
    if isinstance(shown, Program):
        return program_html(shown)
    if isinstance(shown, Recording):
        return recording_html(shown)
    if isinstance(shown, Learned):
        return learned_html(shown)
    if isinstance(shown, Profile):
        return profile_html(shown)
    if isinstance(shown, Compilation):
        return compilation_html(shown)
    return _studied(shown)


def _studied(shown: object) -> str | None:
    if isinstance(shown, (Study, Blame)):
        report = study_report(shown) if isinstance(shown, Study) else blame_report(shown)
        return box(from_rich(report), folded_findings(shown.findings))
    if isinstance(shown, Sweep):
        best = pareto(shown) if any(usual_measures(shown)) else ()
        return box(from_rich(sweep_report(shown, best)), folded_findings(shown.findings))
    if isinstance(shown, Campaign):
        return box(*map(from_rich, campaign_report(shown)), folded_findings(shown.findings))
    if isinstance(shown, Imported):
        layers = from_rich(conversion_table(shown)) if isinstance(shown, Conversion) else ""
        return box(network_html(shown.network), layers, folded_findings(shown.findings))
    return None
