"""Backend: translates a program to blocks of nengo-loihi and runs them in its own interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from neurodeploy.check.foreign import dialect_refusals
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding, raise_errors
from neurodeploy.network import Current
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import Program
from neurodeploy.program.tables import RESETS
from neurodeploy.runtime.backend import Progress
from neurodeploy.runtime.recording import RanOn, Recording
from neurodeploy.runtime.state import RunOptions
from neurodeploy.runtime.stimulus import Stimulus
from neurodeploy.target.files import load_dialect
from neurodeploy.worker import (
    Environment,
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
from neurodeploy_backends.nengo_loihi.blocks import blocks_of
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI

__all__ = ["NengoLoihiBackend", "NengoLoihiBoardBackend"]

DIALECT = "nengo"
SCRIPT = Path(__file__).with_name("child") / "simulate.py"


class NengoLoihiBackend:
    """nengo-loihi's emulator, given integers."""

    name = "nengo-loihi"
    trusted = False
    resumes = False
    summary = "nengo-loihi 1.1 emulator at block level, in its own Python 3.10"
    board = False
    ran_on: RanOn = "vendor-emulator"
    dialect = DIALECT

    @property
    def environment(self) -> Environment:
        """What `backends install` makes for it."""
        return NENGO_LOIHI

    def unavailable(self) -> Diagnostic | None:
        """Return what is missing: its interpreter."""
        return missing(NENGO_LOIHI, self.name)

    def notice(self) -> str | None:
        """Return None: it starts within a second."""
        return None

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return all that blocks cannot express (ND502), and why the bits could differ (ND543)."""
        yield from dialect_refusals(program, DIALECT, self.name, None)
        for message, fix in (*_faults(program), *(_too_many_axons(program) if self.board else ())):
            yield finding(
                "ND502", f"backend '{self.name}'", message, fixes=[*([fix] if fix else []), "run it on the emulator"]
            )

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
        progress: Progress | None = None,
    ) -> Recording:
        """Run sample after sample. Raises DiagnosticError: ND540-ND546."""
        raise_errors("run", dialect_refusals(program, DIALECT, self.name, steps))
        interpreter = interpreter_of(NENGO_LOIHI)
        if interpreter is None:
            raise DiagnosticError("run", tuple(item for item in [self.unavailable()] if item))
        job = flat(program, stimulus, steps, options, together=False)
        blocks, arrays = blocks_of(program)
        shown = {name: values for name, values in job.arrays.items() if name.startswith("run.")}
        plan = {**job.plan, "blocks": blocks["blocks"], "links": blocks["block_links"], "board": self.board}
        plan["chips"] = int(program.tables.core_id.max(initial=0)) // int(program.target.chip.cores.value) + 1
        whole = stimulus.n_samples * steps
        result = run_job(
            Script(self.name, interpreter.path, SCRIPT),
            plan,
            {**shown, **arrays},
            limits=Limits(wall_s=options.timeout_s),
            on_step=lambda done: progress(done, whole) if progress else None,
        )
        return recording_of(program, stimulus, steps, options, job, result, Origin(self.name, self.ran_on))


def _faults(program: Program) -> Iterator[tuple[str, str]]:
    """Yield (what blocks cannot express, what to change)."""
    tables, dialect = program.tables, load_dialect(DIALECT)
    resets = {item.name: item.state_reset for item in program.network.populations}
    for index, item in enumerate(program.populations):
        where, rows = f"population '{item.name}'", tables.population == index
        if item.kind not in CUBA_KINDS:
            yield f"{where} is {item.kind}, which nengo-loihi does not have", ""
        if bool((tables.reset[rows & (tables.spiking == 1)] != RESETS["zero"]).any()):
            yield f"{where} does not reset to 0, and a compartment of nengo-loihi does nothing else", "reset = zero"
        if "noise_at" in item.parameters:
            yield f"{where} has noise, which nengo-loihi draws from another generator", ""
        if resets[item.name] is not None:
            yield f"{where} has a periodic reset, which nengo-loihi does not have", ""
        dead = int(np.count_nonzero(tables.refract_delay[rows] > dialect.refractory_delay_max))
        if dead:
            yield f"{where} has {dead} neurons with more dead steps than its register holds", "fewer refractory_steps"
    for item in program.network.inputs:
        if isinstance(item.encoder, Current):
            yield f"input '{item.name}' shows values, and nengo-loihi's blocks take spikes", "an encoder that spikes"
    longest = int(tables.entry_delay.max(initial=0))
    if longest > dialect.delay_steps_max:
        yield f"delays reach {longest} steps, and nengo-loihi's emulator has none", "delay_steps = 0"


def _too_many_axons(program: Program) -> Iterator[tuple[str, str]]:
    """Yield what a board cannot hold of a program whose sources share axons: links are written with discrete ones."""
    tables, limits = program.tables, program.target.limits
    if tables.in_axon_id is None:
        return
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    sent = np.bincount(np.repeat(core, np.diff(tables.out_axon_ptr)), minlength=tables.n_cores)
    for what, used, limit in (
        ("input", np.diff(tables.in_axon_ptr), limits.input_axons),
        ("output", sent, limits.output_axons),
    ):
        worst = int(np.argmax(used))
        if limit is not None and used[worst] > limit.value:
            yield (
                f"core {worst} takes {int(used[worst]):,} discrete {what} axons, and a core has {limit.value:,.0f}: axons "
                "that several sources share are not written",
                "",
            )


class NengoLoihiBoardBackend(NengoLoihiBackend):
    """A Loihi 1 board through nengo-loihi and Intel's NxSDK, which is not public."""

    name = "nengo-loihi-board"
    summary = "Loihi 1 board through nengo-loihi and Intel's NxSDK"
    board = True
    ran_on: RanOn = "silicon"

    def unavailable(self) -> Diagnostic | None:
        """Return what is missing: its interpreter (ND501), or NxSDK in it (ND545)."""
        lacking = needs(NENGO_LOIHI, self.name, "nxsdk", "Intel's Loihi 1 package, which members of INRC have")
        return super().unavailable() or lacking
