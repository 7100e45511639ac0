"""Backend: runs a program's core tables bit for bit. Each sample is a thread's work; threads change no bit."""

from __future__ import annotations

from collections.abc import Iterable

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.backend import Progress

__all__ = ["EmulatorBackend"]


class EmulatorBackend:
    """The CPU emulator."""

    name = "emulator"
    trusted = True
    resumes = True
    summary = "bit-exact integer emulator on this CPU (numba)"

    def unavailable(self) -> Diagnostic | None:
        """Return what is missing: numba, where it has no wheel for this Python."""
        try:
            import numba  # noqa: F401  # pyright: ignore[reportUnusedImport, reportMissingTypeStubs]
        except ImportError as error:
            return finding(
                "ND501",
                f"backend '{self.name}'",
                f"numba cannot be imported: {error}",
                fixes=["pip install numba"],
            )
        return None

    def notice(self) -> str | None:
        """Return a line if numba has not compiled the kernels on this machine yet."""
        from neurodeploy_backends.emulator.engine.kernels import is_compiled

        return None if is_compiled() else "compiling the emulator's kernels, once on this machine (about 40 s) ..."

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return nothing: the emulator defines what a program means."""
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
        """Run every sample up to step `steps`; the bits do not depend on the threads."""
        from neurodeploy_backends.emulator.engine.job import run_job

        return run_job(program, stimulus, steps, options, progress)
