"""Backend: translates a program to Brian2Loihi's groups and synapses and runs them in its own interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.check.bounds import state_bounds
from neurodeploy.check.foreign import dialect_refusals
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding, raise_errors
from neurodeploy.network import Current
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import Program
from neurodeploy.program.tables import RESETS
from neurodeploy.runtime.backend import Progress
from neurodeploy.runtime.recording import Recording
from neurodeploy.runtime.state import RunOptions
from neurodeploy.runtime.stimulus import Stimulus
from neurodeploy.target.files import load_dialect
from neurodeploy.worker import Environment, Limits, Origin, Script, flat, interpreter_of, missing, recording_of, run_job
from neurodeploy_backends.brian2_loihi.environment import BRIAN2_LOIHI

__all__ = ["Brian2LoihiBackend"]

DIALECT = "brian2loihi"
SCRIPT = Path(__file__).with_name("child") / "simulate.py"
INTEGER_BITS = 31
"""Brian2's int() gives 32 bits; beyond them its voltages and currents are no longer what its equations say."""


class Brian2LoihiBackend:
    """Brian2Loihi on Brian2's numpy code."""

    name = "brian2loihi"
    trusted = False
    resumes = False
    summary = "Brian2Loihi 0.5 (Brian2's numpy code), in its own Python 3.10"
    dialect = DIALECT

    @property
    def environment(self) -> Environment:
        """What `backends install` makes for it."""
        return BRIAN2_LOIHI

    def unavailable(self) -> Diagnostic | None:
        """Return what is missing: its interpreter."""
        return missing(BRIAN2_LOIHI, self.name)

    def notice(self) -> str | None:
        """Return None: it starts within seconds."""
        return None

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return all that its groups and synapses cannot express (ND502), and why the bits could differ (ND543)."""
        yield from dialect_refusals(program, DIALECT, self.name, None)
        yield from self._refused(program, program.network.time.steps_per_sample or 1)

    def _refused(self, program: Program, steps: int) -> Iterator[Diagnostic]:
        for message in (*_faults(program), *_range_faults(program, steps)):
            yield finding("ND502", f"backend '{self.name}'", message, fixes=["run it on the emulator"])

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample, several at once as copies of the network. Raises DiagnosticError: ND502, ND540-ND546."""
        raise_errors("run", [*dialect_refusals(program, DIALECT, self.name, steps), *self._refused(program, steps)])
        interpreter = interpreter_of(BRIAN2_LOIHI)
        if interpreter is None:
            raise DiagnosticError("run", tuple(item for item in [self.unavailable()] if item))
        job = flat(program, stimulus, steps, options)
        total, whole = len(job.runs) * steps, stimulus.n_samples * steps
        arrays: dict[str, Any] = dict(job.arrays)
        for number in range(len(program.populations)):
            spiking = arrays[f"population.{number}.spiking"] == 1
            arrays[f"population.{number}.vth_mant"] = np.where(spiking, arrays[f"population.{number}.vth_mant"], _top())
        result = run_job(
            Script(self.name, interpreter.path, SCRIPT),
            job.plan,
            arrays,
            limits=Limits(wall_s=options.timeout_s),
            on_step=lambda done: progress(done * whole // max(total, 1), whole) if progress else None,
        )
        return recording_of(program, stimulus, steps, options, job, result, Origin(self.name, "vendor-emulator"))


def _top() -> int:
    """The largest threshold that it takes."""
    dialect = load_dialect(DIALECT)
    return (1 << (dialect.state_bits - dialect.threshold_shift_bits)) - 1


def _faults(program: Program) -> Iterator[str]:
    """Yield what its groups and synapses do not have."""
    tables, dialect = program.tables, load_dialect(DIALECT)
    resets = {item.name: item.state_reset for item in program.network.populations}
    for index, item in enumerate(program.populations):
        where, rows = f"population '{item.name}'", tables.population == index
        if item.kind not in CUBA_KINDS:
            yield f"{where} is {item.kind}, which Brian2Loihi does not have"
        if bool((tables.reset[rows & (tables.spiking == 1)] != RESETS["zero"]).any()):
            yield f"{where} does not reset to 0, and its groups do nothing else"
        if "noise_at" in item.parameters:
            yield f"{where} has noise, which Brian2Loihi does not have"
        if resets[item.name] is not None:
            yield f"{where} has a periodic reset, which Brian2Loihi does not have"
        if bool((tables.bias_mant[rows] != 0).any()):
            yield f"{where} has a bias, which Brian2Loihi does not have"
        if bool((tables.vth_mant[rows] > _top()).any()):
            yield f"{where} has thresholds above {_top()}, the largest that it takes"
    for item in program.network.inputs:
        if isinstance(item.encoder, Current):
            yield f"input '{item.name}' shows values, and its generator spikes"
    longest = int(tables.entry_delay.max(initial=0))
    if longest > dialect.delay_steps_max:
        yield f"delays reach {longest} steps, and it holds {dialect.delay_steps_max}"


def _range_faults(program: Program, steps: int) -> Iterator[str]:
    """Yield populations whose states can leave what its numbers hold, or reach the threshold of a neuron that has none."""
    dialect = load_dialect(DIALECT)
    for index, bounds in enumerate(state_bounds(program, steps=steps)):
        where = f"population '{bounds.population}'"
        far = max(
            int(np.abs(np.asarray(getattr(bounds, name))).max(initial=0)) for name in ("u_low", "u_high", "v_low")
        )
        if program.populations[index].kind not in CUBA_KINDS:
            continue
        if max(far, int(np.asarray(bounds.v_high).max(initial=0))) >> INTEGER_BITS:
            yield f"{where} can leave the 32 bits in which Brian2 rounds"
        silent = program.tables.spiking[program.tables.population == index] == 0
        if (
            bool(silent.any())
            and int(np.asarray(bounds.v_high).max(initial=0)) > _top() << dialect.threshold_shift_bits
        ):
            yield f"{where} never spikes, and its v can reach the largest threshold that Brian2Loihi takes"
