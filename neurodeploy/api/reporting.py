"""nd.report: a program and its run as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path

from neurodeploy.api.running import over_budget, require_own
from neurodeploy.api.running import profile as profile_of
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, sorted_findings
from neurodeploy.diagnostics.choices import needs
from neurodeploy.io.archive import write_atomically
from neurodeploy.profile import PROFILE_FIGURES, Profile, met_budgets, read_budgets
from neurodeploy.program import Program
from neurodeploy.report.page import Changes, ReportSubject, report_page
from neurodeploy.simulate import Recording, Samples, SampleValues, Stimulus
from neurodeploy.simulate.recorded_samples import first_samples, stimulus_of_recording
from neurodeploy.simulate.samples import normalized_samples

__all__ = ["report"]

NONE = type(None)


def report(
    program: Program,
    recording: Recording | None = None,
    path: str | PathLike[str] | None = None,
    *,
    samples: Samples = None,
    reference: Recording | None = None,
    profile: Profile | None = None,
    budgets: str | Iterable[str] = (),
    findings: Iterable[Diagnostic] = (),
    changes: Changes | None = None,
    command: str = "",
) -> str:
    """Return the HTML of one page on a program and its run; the page needs no network. Equal arguments give equal bytes.

    `recording`: a run of `program`, on any backend; without it the page shows the compilation. `path`: file to write the
    page to. `samples`: those that were run, with labels for the accuracy; a Stimulus has no values to show. `reference`:
    recording of the same samples on the backend "reference". `profile`: of the recording, if it is known; by default that
    of nd.profile. `budgets`: as for nd.over_budget. `findings`: further ones to show. `changes`: differences from a
    baseline. `command`: text of the command that makes the page again.

    Raises DiagnosticError: ND002 (arguments), ND007 (the file cannot be written), ND505 (samples), ND513 (recording not
    sound), ND703 (recording of another program), ND706 and ND707 (budgets), ND775 (samples of another run).

    Example: nd.report(program, recording, "report.html", samples=samples)
    """
    needs("report", program=(program, Program), recording=(recording, (Recording, NONE)), command=(command, str))
    needs("report", path=(path, (str, PathLike, NONE)), budgets=(budgets, (Sequence, Iterator, Iterable)))
    needs("report", profile=(profile, (Profile, NONE)), changes=(changes, (Changes, NONE)))
    if recording is not None:
        require_own("report", program, recording)
    if reference is not None:
        require_own("report", program, reference)
    values = _values(program, recording, samples)
    if recording is not None and profile is None:
        labels = None if values is None or values.labels is None else values.labels[: recording.n_samples]
        labels = labels if program.network.outputs else None
        profile = profile_of(program, recording, labels=labels, reference=reference)
    wanted = (budgets,) if isinstance(budgets, str) else tuple(budgets)
    own = (*program.findings, *(recording.findings if recording else ()), *(profile.findings if profile else ()))
    exceeded = over_budget(profile, wanted) if profile else ()
    found = tuple(sorted_findings(dict.fromkeys((*own, *findings, *exceeded))))
    met = met_budgets(read_budgets(wanted, PROFILE_FIGURES), found) if profile else ()
    page = report_page(
        ReportSubject(program, recording, reference, profile, values, found, tuple(met), command, changes)
    )
    if path is not None:
        write_atomically(Path(path), page.encode("utf-8"))
    return page


def _values(program: Program, recording: Recording | None, samples: Samples) -> SampleValues | None:
    """The samples as values, those of the recording alone."""
    if samples is None or isinstance(samples, Stimulus):
        return None
    plain = normalized_samples(program.network, samples)
    if not isinstance(plain, SampleValues):
        message = "come from an iterator, which has passed"
        raise DiagnosticError(
            "report", (finding("ND505", about("samples"), message, fixes=["put them into an array"]),)
        )
    if recording is None:
        return plain
    stimulus_of_recording(program.network, recording, plain)
    return first_samples(program.network, plain, recording.n_samples)
