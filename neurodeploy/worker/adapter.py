"""Base class of backends whose simulator runs in a separate interpreter.

An adapter names itself, its dialect, its environment and its script, declares in `lacks` and `cannot` what the simulator does
not support, and converts a program to a job in `job`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from neurodeploy.check.backend_support import Lacks, Unsupported, dialect_refusals, lacking, refusals
from neurodeploy.diagnostics import Diagnostic, raise_errors
from neurodeploy.program.program import Program
from neurodeploy.signals.options import Progress, RunOptions
from neurodeploy.signals.recording import RanOn, Recording
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable, probed_variables
from neurodeploy.worker.environment import BoardPackage, Environment, interpreter_of, missing, package_missing
from neurodeploy.worker.job import Script, run_job
from neurodeploy.worker.simulator_job import Origin, SimulatorJob, make_job, recording_of
from neurodeploy.worker.supervise import Limits

__all__ = ["SimulatorBackend"]


RULES = ("sum_of_products", "pes")
"""All kinds of learning rules."""


class SimulatorBackend:
    """A backend whose simulator runs in a worker. neurodeploy.simulate.backend.Backend documents the interface."""

    name: str
    summary: str
    dialect: str
    """Dialect that the simulator computes in. Programs of another dialect run only if the two are proven equal (ND543)."""
    environment: Environment
    """Environment that `backends install` creates."""
    script: Path
    """Script that the environment's interpreter runs; see worker/child/neurodeploy_worker.py."""
    lacks: Lacks
    """Features that the simulator does not support."""
    ran_on: RanOn = "vendor-emulator"
    package: BoardPackage | None = None
    """Additional package for access to a board."""
    trusted: bool = False
    resumes: bool = False

    @property
    def learns(self) -> tuple[str, ...]:
        """Kinds of learning rules that the simulator runs: those that `lacks` does not exclude."""
        return RULES if self.lacks.rules is None else self.lacks.rules

    def cannot(self, program: Program, steps: int, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
        """Yield further unsupported features, such as register ranges and states that cannot be recorded.

        `steps`: steps of one sample.
        """
        yield from ()

    def cannot_show(self, program: Program, stimulus: Stimulus) -> Iterator[Unsupported]:
        """Yield unsupported features of a stimulus."""
        yield from ()

    def job(self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions) -> SimulatorJob:
        """Return the job of a run, as the script expects it."""
        return make_job(program, stimulus, steps, options)

    def unavailable(self) -> Diagnostic | None:
        """Return ND501 if the interpreter is missing, ND545 if the package for the board is missing."""
        found = missing(self.environment, self.name)
        return found or (package_missing(self.environment, self.name, self.package) if self.package else None)

    def notice(self) -> str | None:
        """Return None: a worker starts within seconds."""
        return None

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return ND502 for unsupported features, and ND543 if results could differ from the program's dialect."""
        yield from dialect_refusals(program, self.dialect, self.name, None)
        steps, probes = program.network.time.steps_per_sample or 1, probed_variables(program.network)
        yield from refusals(self.name, [*lacking(program, self.lacks), *self.cannot(program, steps, probes)])

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample in the worker. Raises DiagnosticError: ND501, ND502, ND540-ND546."""
        probes = probed_variables(program.network, options.probes)
        unsupported = [*self.cannot(program, steps, probes), *self.cannot_show(program, stimulus)]
        here, interpreter = self.unavailable(), interpreter_of(self.environment)
        found = [*dialect_refusals(program, self.dialect, self.name, steps), *refusals(self.name, unsupported)]
        raise_errors("run", [*([here] if here else []), *found])
        assert interpreter is not None, "internal: an available backend has an interpreter"
        job = self.job(program, stimulus, steps, options)
        whole = stimulus.n_samples * steps
        total = max(len(job.runs) * steps * int(job.plan.get("passes", 1)), 1)
        result = run_job(
            Script(self.name, interpreter.path, self.script),
            job.plan,
            job.arrays,
            limits=Limits(wall_s=options.timeout_s),
            on_step=lambda done: progress(done * whole // total, whole) if progress else None,
        )
        return recording_of(program, stimulus, steps, options, job, result, Origin(self.name, self.ran_on))
