"""Protocol of backends. A backend translates a program and runs it; it never quantizes, partitions, places or checks limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from neurodeploy.base.noun import FloatArray, IntArray
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.program.fault import Fault
from neurodeploy.program.program import Program
from neurodeploy.signals import Chunk, Learned, Progress, Recording, RunOptions, RunState, Stimulus

__all__ = ["Backend", "BackendSession", "FaultBackend", "FaultRuns", "StreamingBackend"]


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
    def learns(self) -> tuple[str, ...]:
        """Kinds of learning rules that it runs, such as "sum_of_products"; a backend without this field runs none."""
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


class BackendSession(Protocol):
    """One sample in the middle of a run, whose input arrives over time. Its arguments are checked before it gets them."""

    @property
    def step(self) -> int:
        """Last step that was run; 0 at the start."""
        ...

    @property
    def engine(self) -> str:
        """Engine that runs it; empty if the backend has only one."""
        ...

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What users should know of it, such as a slower engine than they expect."""
        ...

    def run(self, until: int, rows: Mapping[str, IntArray], values: Mapping[str, FloatArray]) -> Chunk:
        """Run the steps `step` + 1 to `until`; there may be none.

        `rows`: input of spikes -> (n, 3) int32 rows (0, step, line) of these steps, strictly ascending; one that is absent is
        silent. `values`: input of values -> (n, lines) float64 of the first n of these steps; the others are 0.
        """
        ...

    def state(self, shown: tuple[str, ...]) -> RunState:
        """Return the state after `step`, which is not 0, as a run returns it. `shown`: its hashes of the input."""
        ...

    def learned(self) -> Learned | None:
        """Return what plastic projections have learned so far; None without any."""
        ...


class FaultRuns(Protocol):
    """A program and a stimulus on which one set of faults after the other is tried. Not for several threads at once."""

    @property
    def golden(self) -> Mapping[str, IntArray]:
        """Recorded population -> (n, 3) rows (sample, step, neuron) of the run without faults."""
        ...

    def spikes(self, faults: Sequence[Fault]) -> Mapping[str, IntArray]:
        """Return the same of the run under `faults`, with the bits of `run` of a program into which they are injected.

        Steps before the first fault are not run again, nor those after the state is that of the run without faults and no
        fault follows. Raises DiagnosticError: ND970-ND973 (faults that the program cannot have).
        """
        ...

    def saved(self) -> tuple[int, int]:
        """Return (steps that were run, steps that runs from the first to the last step would have taken), of all calls."""
        ...

    def copy(self) -> FaultRuns:
        """Return one for another thread, which shares what no call changes and has counted nothing."""
        ...


@runtime_checkable
class FaultBackend(Protocol):
    """The optional part of a backend that runs programs with faults. Without it they are refused."""

    def fault_runs(
        self, program: Program, stimulus: Stimulus, *, steps: int, options: RunOptions, every: int = 0
    ) -> FaultRuns | None:
        """Return runs of a `program` without faults under many sets of faults; None if there is no faster way than `run`.

        `stimulus`, `steps`, `options`: as for `run`; `options.record`: the populations whose rows are returned. `every`: steps
        between two states that are kept of the run without faults; 0 keeps none, which runs everything from the first step.
        """
        ...


@runtime_checkable
class StreamingBackend(Protocol):
    """The optional part of a backend that runs programs whose input arrives over time. Without it there is no nd.stream."""

    def session(self, program: Program, options: RunOptions) -> BackendSession:
        """Return a session of one sample from the cleared state, or from `options.resume`.

        It gives the bits of `run`, however its steps are divided. Of `options`, `steps`, `until`, `batch`, `threads`,
        `activity`, `noise`, `keep_state`, `time_origin` and `timeout_s` do not apply. Raises DiagnosticError: ND501 (the
        engine), ND509 (the state).
        """
        ...
