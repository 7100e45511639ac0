"""Contract: what a backend is. An adapter translates and runs; it never quantizes, cuts, places or re-checks limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.program.program import Program
from neurodeploy.signals import Progress, Recording, RunOptions, Stimulus

__all__ = ["Backend"]


@runtime_checkable
class Backend(Protocol):
    """Runs programs. Found by the entry-point group `neurodeploy.backends`, made without arguments."""

    @property
    def name(self) -> str:
        """The name users type."""
        ...

    @property
    def trusted(self) -> bool:
        """Whether its rows need no check: only of a backend that is proven with this package."""
        ...

    @property
    def resumes(self) -> bool:
        """Whether it keeps the state of a run and goes on from one."""
        ...

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that a run may choose between; empty if there is only one."""
        ...

    @property
    def summary(self) -> str:
        """One line for `neurodeploy backends`."""
        ...

    def unavailable(self) -> Diagnostic | None:
        """Return why it cannot run here, or None."""
        ...

    def notice(self) -> str | None:
        """Return a line to print before a run that takes unusually long to start, or None."""
        ...

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return what of the program it cannot express; limits of the target are not its business."""
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
        """Run every sample up to step `steps`, which may exceed stimulus.n_steps (drain)."""
        ...
