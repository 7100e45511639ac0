"""Backend: translates a program to lava-nc processes and runs them in lava's own interpreter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.check.foreign import dialect_refusals
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding, raise_errors
from neurodeploy.program.program import Program
from neurodeploy.runtime.backend import Progress
from neurodeploy.runtime.probes import probed_variables
from neurodeploy.runtime.recording import RanOn, Recording
from neurodeploy.runtime.state import RunOptions
from neurodeploy.runtime.stimulus import Stimulus
from neurodeploy.target.files import load_dialect
from neurodeploy.worker import (
    Environment,
    Flat,
    Limits,
    Origin,
    Script,
    flat,
    interpreter_of,
    missing,
    needs,
    recording_of,
    run_job,
)
from neurodeploy_backends.lava.convolution import as_convolutions
from neurodeploy_backends.lava.environment import LAVA
from neurodeploy_backends.lava.express import population_faults, probe_faults, stimulus_faults, table_faults

__all__ = ["LavaBackend", "LavaLoihi1Backend", "LavaLoihi2Backend"]

DIALECT = "loihi2"
"""What the fixed-point models compute."""
FEW = 4
"""Samples up to which each is a network of its own, of Dense and Conv where it can be; more are copies side by side."""
SCRIPT = Path(__file__).with_name("child") / "simulate.py"


class LavaBackend:
    """lava-nc's fixed-point process models on this CPU."""

    name = "lava"
    trusted = False
    resumes = False
    summary = "lava-nc 0.10 fixed_pt simulation, in its own Python 3.10"
    board: str | None = None
    ran_on: RanOn = "vendor-emulator"
    dialect = DIALECT

    @property
    def environment(self) -> Environment:
        """What `backends install` makes for it."""
        return LAVA

    def unavailable(self) -> Diagnostic | None:
        """Return what is missing: lava's interpreter."""
        return missing(LAVA, self.name)

    def notice(self) -> str | None:
        """Return None: it starts within a second."""
        return None

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return all that lava cannot express (ND502), and why its bits could differ (ND543)."""
        dialect = load_dialect(DIALECT)
        yield from dialect_refusals(program, DIALECT, self.name, None)
        yield from population_faults(program, self.name, dialect)
        yield from table_faults(program, self.name, dialect)
        yield from probe_faults(program, probed_variables(program.network), self.name)

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample in lava, several at once as copies of the network. Raises DiagnosticError: ND502, ND540-ND546."""
        found = [*dialect_refusals(program, DIALECT, self.name, steps), *stimulus_faults(program, stimulus, self.name)]
        raise_errors(
            "run", [*found, *probe_faults(program, probed_variables(program.network, options.probes), self.name)]
        )
        job = flat(program, stimulus, steps, options, together=self.board is None and stimulus.n_samples > FEW)
        interpreter = interpreter_of(LAVA)
        if interpreter is None:
            raise DiagnosticError("run", (missing(LAVA, self.name) or _nowhere(self.name),))
        parts = len({item["part"] for item in job.plan["populations"]})
        total, whole = len(job.runs) * parts * steps, stimulus.n_samples * steps

        def tell(done: int) -> None:
            if progress:
                progress(done * whole // max(total, 1), whole)

        script = Script(self.name, interpreter.path, SCRIPT)
        plan, arrays = _for_lava(program, job, self.board)
        result = run_job(script, plan, arrays, limits=Limits(wall_s=options.timeout_s), on_step=tell)
        return recording_of(program, stimulus, steps, options, job, result, Origin(self.name, self.ran_on))


class LavaLoihi2Backend(LavaBackend):
    """Loihi 2 through Intel's lava-loihi, which is not public."""

    name = "lava-loihi2"
    summary = "Loihi 2 board through lava and Intel's lava-loihi"
    board: str | None = "loihi2"
    ran_on: RanOn = "silicon"

    def unavailable(self) -> Diagnostic | None:
        """Return what is missing: lava's interpreter (ND501), or Intel's package in it (ND545)."""
        return super().unavailable() or needs(
            LAVA, self.name, "lava-loihi", "Intel's Loihi 2 package, which members of INRC have"
        )


class LavaLoihi1Backend(LavaLoihi2Backend):
    """Loihi 1 through the same."""

    name = "lava-loihi1"
    summary = "Loihi 1 board through lava and Intel's lava-loihi"
    board: str | None = "loihi1"


def _nowhere(backend: str) -> Diagnostic:
    return finding("ND501", f"backend '{backend}'", "has no interpreter to run in")


def _for_lava(program: Program, job: Flat, board: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job with what only lava wants: periodic resets, and a threshold out of reach where a neuron has none."""
    dialect, arrays, populations = load_dialect(DIALECT), dict(job.arrays), list[dict[str, Any]]()
    never = 1 << (dialect.state_bits - dialect.threshold_shift_bits)
    for number, (row, item) in enumerate(zip(job.plan["populations"], program.network.populations, strict=True)):
        threshold, spiking = (job.arrays[f"population.{number}.{name}"] for name in ("vth_mant", "spiking"))
        arrays[f"population.{number}.vth_mant"] = np.where(spiking == 1, threshold, never)
        reset = item.state_reset
        every = {"reset_every": reset.interval_steps, "reset_at": reset.offset_steps} if reset else {}
        populations.append({**row, **every})
    links, kernels = as_convolutions(program, job, dialect)
    return {**job.plan, "populations": populations, "links": links, "board": board}, {**arrays, **kernels}
