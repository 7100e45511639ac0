"""The emulator as a backend: runs the core tables of a program bit for bit, on the engine chosen for the run."""

from __future__ import annotations

from collections.abc import Iterable

from neurodeploy.c_export.nouns import CExportOptions, CSource
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.faults import require_faults
from neurodeploy.faults.edits import edits_of
from neurodeploy.native.findings import missing_finding
from neurodeploy.native.library import Missing, switched_off
from neurodeploy.network import SumOfProducts
from neurodeploy.program.program import Program
from neurodeploy.signals.options import Progress, RunOptions
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.backend import BackendSession, FaultRuns
from neurodeploy_backends.emulator.engine.library import engine_missing

__all__ = ["EmulatorBackend", "engine_of"]

PREFERRED: tuple[str, ...] = ("native", "spec")
"""Engines that "auto" chooses from: the first one that this machine can run."""


def _kernel_missing(program: Program) -> str:
    """The population or projection that the compiled engine cannot run; empty if it runs all."""
    from neurodeploy_backends.emulator.lowering.models import MODELS

    lacking = [f"{item.kind} of population '{item.name}'" for item in program.populations if item.kind not in MODELS]
    if program.target.dialect.learning == "brian2":
        sums = [item.name for item in program.network.projections if isinstance(item.plasticity, SumOfProducts)]
        lacking += [f"learning in every step of projection '{name}'" for name in sums]
    if program.faults and not lacking:
        from neurodeploy_backends.emulator.engine.disturbances import reached_by_faults
        from neurodeploy_backends.emulator.lowering.tolerance import cannot_be_patched

        require_faults(program)
        reached = reached_by_faults(program, [edits_of(program, fault) for fault in program.faults])
        lacking = [reason] if (reason := cannot_be_patched(program, reached)) else []
    return f"no compiled kernel for {lacking[0]}" if lacking else ""


def engine_of(program: Program, options: RunOptions) -> tuple[str, Missing]:
    """(engine that a run uses, why "auto" is not "native" if the user did not want that). Raises DiagnosticError: ND501."""
    named = [*PREFERRED] if options.engine == "auto" else [options.engine]
    if named[0] == "spec" or (named[1:] and switched_off()):
        return "spec", Missing("")
    kernel, library = _kernel_missing(program), engine_missing()
    lacking = Missing(kernel) if kernel else library
    if not lacking.reason:
        return "native", lacking
    if named[1:]:
        return named[1], lacking
    fixes = ["--engine spec", *library.fixes]
    raise DiagnosticError("run", (finding("ND501", about("engine", "native"), lacking.reason, fixes=fixes),))


class EmulatorBackend:
    """The emulator on this CPU."""

    name = "emulator"
    trusted = True
    resumes = True
    engines = ("native", "spec")
    learns = ("sum_of_products", "pes")
    summary = "bit-exact integer emulator on this CPU"

    def unavailable(self) -> Diagnostic | None:
        """None: without kernels the definition runs in numpy."""
        return None

    def notice(self) -> str | None:
        """A line if the definition in numpy has to run."""
        return None if switched_off() or not engine_missing().reason else "running without compiled kernels ..."

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Nothing: the emulator defines what a program means."""
        return ()

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
        progress: Progress | None = None,
    ) -> Recording:
        """The recording of every sample up to step `steps`; its bits depend on neither engine nor threads."""
        engine, lacking = engine_of(program, options)
        if engine == "native":
            from neurodeploy_backends.emulator.engine.run import run_native

            return run_native(program, stimulus, steps, options, progress)
        from neurodeploy_backends.emulator.spec_run import run_spec

        recording = run_spec(program, stimulus, steps, options, progress)
        findings = (missing_finding(lacking),) if lacking.reason else ()
        return recording.model_copy(update={"engine_note": lacking.reason, "findings": findings})

    def c_source(self, program: Program, options: CExportOptions) -> CSource:
        """The C of a program, from the rules of the compiled engine, see `CExportingBackend`. Raises DiagnosticError: ND985."""
        from neurodeploy_backends.emulator.c_export.source import c_source

        return c_source(program, options)

    def fault_runs(
        self, program: Program, stimulus: Stimulus, *, steps: int, options: RunOptions, every: int = 0
    ) -> FaultRuns | None:
        """Runs under many sets of faults on tables that are laid out once; None without the compiled engine."""
        if engine_of(program, options)[0] != "native":
            return None
        from neurodeploy_backends.emulator.engine.fault_runs import NativeFaultRuns

        return NativeFaultRuns(program, stimulus, steps, options, every)

    def session(self, program: Program, options: RunOptions) -> BackendSession:
        """One sample whose input arrives over time; its bits are those of `run`."""
        engine, lacking = engine_of(program, options)
        if engine == "native":
            from neurodeploy_backends.emulator.engine.session import NativeSession

            return NativeSession(program, options)
        from neurodeploy_backends.emulator.spec_session import SpecSession

        return SpecSession(program, options, (missing_finding(lacking),) if lacking.reason else ())
