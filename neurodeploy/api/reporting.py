"""nd.report: a program and its run as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path

from neurodeploy.api.measuring import metrics as metrics_of
from neurodeploy.api.running import over_budget, require_own
from neurodeploy.api.running import profile as profile_of
from neurodeploy.base.noun import IntArray
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, sorted_findings
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diff import Differences
from neurodeploy.io.archive import write_atomically
from neurodeploy.profile import PROFILE_FIGURES, Profile, met_budgets, read_budgets
from neurodeploy.program import Program
from neurodeploy.simulate import Recording, Samples, SampleValues, Stimulus, part_findings, stop_findings
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
    changes: Differences | None = None,
    command: str = "",
) -> str:
    """Return the HTML of one page on a program and its run; the page needs no network. Equal arguments give equal bytes.

    `recording`: a run of `program`, on any backend; without it, or without a complete sample in it, the page shows the
    compilation. `path`: file to write the
    page to. `samples`: those that were run, with labels for the accuracy; a Stimulus has no values to show. `reference`:
    recording of the same samples on the backend "reference". `profile`: of the recording, if it is known; by default that
    of nd.profile. `budgets`: as for nd.over_budget. `findings`: further ones to show. `changes`: differences from a
    baseline, as nd.check_baseline and nd.diff return them; their findings are shown as well. `command`: text of the command that makes the page again.

    Raises DiagnosticError: ND002 (arguments), ND007 (the file cannot be written), ND505 (samples), ND513 (recording not
    sound), ND703 (recording of another program), ND706 and ND707 (budgets), ND775 (samples of another run).

    Example: nd.report(program, recording, "report.html", samples=samples)
    """
    from neurodeploy.report.page import ReportSubject, report_page  # with it come the tables of the terminal

    needs("report", program=(program, Program), recording=(recording, (Recording, NONE)), command=(command, str))
    several = (Sequence, Iterator)
    needs("report", path=(path, (str, PathLike, NONE)), budgets=(budgets, several), findings=(findings, several))
    findings = tuple(findings)
    needs("report", **{f"findings[{index}]": (item, Diagnostic) for index, item in enumerate(findings)})
    needs("report", profile=(profile, (Profile, NONE)), changes=(changes, (Differences, NONE)))
    if recording is not None:
        require_own("report", program, recording)
    if reference is not None:
        require_own("report", program, reference)
    stopped = stop_findings(recording) if recording is not None else ()
    recording = None if recording is not None and not recording.n_samples else recording
    values, labels = _values(program, recording, samples)
    if recording is not None:
        profile = profile or profile_of(program, recording, labels=labels, reference=reference)
        if labels is not None and profile.metrics is None:
            scores = metrics_of(program, recording, labels=labels)
            profile = profile.model_copy(update={"metrics": scores})
    wanted = (budgets,) if isinstance(budgets, str) else tuple(budgets)
    of_metrics = profile.metrics.findings if profile and profile.metrics else ()
    of_run = (*recording.findings, *of_metrics) if recording else ()
    own = (*program.findings, *stopped, *of_run, *(profile.findings if profile else ()))
    exceeded = over_budget(profile, wanted) if profile else ()
    moved = changes.findings if changes else ()
    found = tuple(sorted_findings(dict.fromkeys((*own, *findings, *moved, *exceeded))))
    met = met_budgets(read_budgets(wanted, PROFILE_FIGURES), found) if profile else ()
    page = report_page(
        ReportSubject(program, recording, reference, profile, values, found, tuple(met), command, changes)
    )
    if path is not None:
        write_atomically(Path(path), page.encode("utf-8"))
    return page


def _values(
    program: Program, recording: Recording | None, samples: Samples
) -> tuple[SampleValues | None, IntArray | None]:
    """The samples as values, those of the recording alone; and their labels, if its answers can be compared with them."""
    if samples is None or isinstance(samples, Stimulus):
        return None, None
    plain = normalized_samples(program.network, samples)
    if not isinstance(plain, SampleValues):
        message = "come from an iterator, which has passed"
        raise DiagnosticError(
            "report", (finding("ND505", about("samples"), message, fixes=["put them into an array"]),)
        )
    if recording is None:
        return plain, None
    stimulus = stimulus_of_recording(program.network, recording, plain)
    values = first_samples(program.network, plain, recording.n_samples)
    whole = recording.complete and not part_findings(program.network, recording, stimulus)
    return values, values.labels if whole and program.network.outputs else None
