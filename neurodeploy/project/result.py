"""Result of testing a project: a row for each of its targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import Noun
from neurodeploy.baseline import BaselineEntry
from neurodeploy.diagnostics import Diagnostic, errors_in
from neurodeploy.diff import Differences
from neurodeploy.profile.profile import Profile
from neurodeploy.program.program import Program
from neurodeploy.signals import Recording

__all__ = ["ProjectResult", "TargetResult", "TargetVerdict"]

TargetVerdict = Literal[
    "fits",
    "proven not to fit",
    "not placed by this mapper",
    "refused",
    "stopped",
    "within limits",
    "over limits",
    "not expressible",
    "not tried",
]


class TargetResult(Noun):
    """Result of a project on one target."""

    label: str
    """Name of the target with its board, rule set and dialect where they are chosen, e.g. "loihi1 nahuku8"."""
    verdict: TargetVerdict
    """The verdict of `check`; for a target of another architecture that of its judgement; "not tried" if the target cannot be
    read or the program cannot run."""
    cores: int | None = None
    """Cores of the program; None without one."""
    findings: tuple[Diagnostic, ...] = ()
    """Findings of the compilation, of the run and of the budgets."""
    met: tuple[str, ...] = ()
    """Budgets that are met, as written."""
    profile: Profile | None = None
    """Activity, resources and cost; None if nothing ran."""
    baseline: Literal["same", "moved", "absent"] | None = None
    """Comparison with the baseline: no figure moved, one did, or the baseline has no entry of this target; None without a
    baseline, or if nothing ran."""
    entry_name: str = ""
    """Name of its entry in a baseline, such as "digits.loihi1"; empty if nothing ran."""
    entry: BaselineEntry | None = Field(default=None, repr=False)
    """What a baseline holds of it; None if nothing ran."""
    differences: Differences | None = Field(default=None, repr=False)
    """What moved since the baseline was written, and why; None if it was not compared."""
    program: Program | None = Field(default=None, exclude=True, repr=False)
    """The program; None if the network does not fit."""
    recording: Recording | None = Field(default=None, exclude=True, repr=False)
    """Its recording; None if nothing ran."""

    def passes(self, *, strict: bool = False) -> bool:
        """Return whether it has no error. `strict`: nor a warning."""
        return not errors_in(self.findings, strict=strict)


class ProjectResult(Noun):
    """Result of a project on all its targets."""

    project: str
    """Path of the project file."""
    model: str
    """Path of the model."""
    strict: bool = False
    """Whether warnings count as errors, as the project's compile.strict says."""
    targets: tuple[TargetResult, ...] = ()
    """One result for each target, in the order of the project file; empty if the model cannot be read."""
    baseline: str | None = None
    """Path of the baseline that the figures were compared with, or that was written; None without one."""
    updated: bool = False
    """Whether the baseline was written."""
    findings: tuple[Diagnostic, ...] = ()
    """Findings of the model and of its samples, which are the same for every target."""

    @property
    def passed(self) -> bool:
        """Whether nothing fails on any target."""
        return not errors_in(tuple(self.every_finding()), strict=self.strict)

    def every_finding(self) -> Iterator[Diagnostic]:
        """Yield the findings of the model and of all targets; with several targets, the message of each names its target."""
        yield from self.findings
        for row in self.targets:
            for item in row.findings:
                if len(self.targets) == 1 or item.subject.name == row.entry_name:
                    yield item
                else:
                    yield item.model_copy(update={"message": f"on {row.label}: {item.message}"})
