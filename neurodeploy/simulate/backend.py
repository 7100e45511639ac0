"""Protocol of backends. A backend translates a program and runs it; it never quantizes, partitions, places or checks limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.program.program import Program
from neurodeploy.signals import Progress, Recording, RunOptions, Stimulus

__all__ = ["Backend"]


@runtime_checkable
class Backend(Protocol):
    """Backend that runs programs, registered in the entry-point group `neurodeploy.backends`, constructed without arguments."""

    @property
    def name(self) -> str:
        """Name with which users select it."""
        ...

    @property
    def trusted(self) -> bool:
        """Whether spike rows of its recordings need no check; reserved for backends that are tested with this package."""
        ...

    @property
    def resumes(self) -> bool:
        """Whether it supports `keep_state` and `resume`."""
        ...

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that a run may choose between; empty if there is only one."""
        ...

    @property
    def summary(self) -> str:
        """One-line description for `neurodeploy backends`."""
        ...

    def unavailable(self) -> Diagnostic | None:
        """Return a finding with the reason why it cannot run on this machine, or None."""
        ...

    def notice(self) -> str | None:
        """Return a line to print before a run that starts unusually slowly, or None."""
        ...

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return findings for unsupported features of the program. Limits of the target are not checked here."""
        ...

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample up to step `steps`, which may exceed stimulus.n_steps while the network drains.

        The fields `steps`, `until` and `batch` of `options` are already applied.
        """
        ...
