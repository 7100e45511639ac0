"""Adapter that translates a program to blocks of nengo-loihi and runs them in its interpreter, or on a board."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.files import load_dialect
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.recording import RanOn
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.noise import noise_draws
from neurodeploy.simulate.probes import ProbedVariable
from neurodeploy.worker import BoardPackage, Lacks, SimulatorBackend, SimulatorJob, Unsupported, make_job
from neurodeploy_backends.nengo_loihi.blocks import blocks_of, divided
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI
from neurodeploy_backends.nengo_loihi.learning import cannot_learn, learning_of, learning_runs

__all__ = ["NengoLoihiBackend", "NengoLoihiBoardBackend"]

DIALECT = "nengo"
LACKS = Lacks(
    kinds=CUBA_KINDS,
    kind="which nengo-loihi does not have",
    reset="a compartment of nengo-loihi does nothing else",
    periodic_reset="has a periodic reset, which nengo-loihi does not have",
    refractory_delay_max=load_dialect(DIALECT).refractory_delay_max,
    refractory="has {n} neurons with more dead steps than its register holds",
    values="nengo-loihi's blocks take spikes",
    delay_steps_max=load_dialect(DIALECT).delay_steps_max,
    delays="nengo-loihi's emulator has none",
    rules=("pes",),
    rule="and nengo-loihi only by pes",
)
ON_BOARD = LACKS.model_copy(
    update={
        "noise": "and the chip's generator is not public, so its draws cannot be compared with anything",
        "silent": "a compartment of a board always has a threshold",
        "rules": (),
        "rule": "and errors reach a board through a network of Nengo only",
    }
)


class NengoLoihiBackend(SimulatorBackend):
    """nengo-loihi's emulator, driven with integers."""

    name = "nengo-loihi"
    summary = "nengo-loihi 1.1 emulator at block level, in its own Python 3.10"
    dialect = DIALECT
    environment = NENGO_LOIHI
    script = Path(__file__).with_name("child") / "simulate.py"
    lacks = LACKS
    board = False

    def cannot(self, program: Program, steps: int, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
        """Yield PES projections that a learning synapse cannot hold."""
        yield from cannot_learn(program)

    def job(self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions) -> SimulatorJob:
        """The job, one block for each core; samples run one after the other, because a model can run only once."""
        job = make_job(program, stimulus, steps, options, together=False)
        blocks, arrays = blocks_of(program)
        shown = {name: values for name, values in job.arrays.items() if name.startswith("run.")}
        learning, learning_arrays = learning_of(program, divided(program))
        arrays |= learning_arrays | learning_runs(program, stimulus, steps, options)
        plan: dict[str, Any] = {**job.plan, **blocks, "board": self.board, "learning": learning, "learn": options.learn}
        # on a board each block takes a core
        plan["chips"] = -(-len(plan["blocks"]) // int(program.target.chip.cores.value))
        return SimulatorJob(plan, {**shown, **arrays, **_noise(program, stimulus, steps, options, arrays)}, job.runs)


def _noise(
    program: Program, stimulus: Stimulus, steps: int, options: RunOptions, arrays: dict[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Draws for the emulator's generator in each run, (steps, rows of all blocks); empty without noise."""
    draws = noise_draws(program, stimulus, steps, options)
    if not draws:
        return {}
    table = np.zeros((stimulus.n_samples, steps, program.tables.n_rows), dtype=np.int32)
    for name, values in draws.items():
        table[:, :, arrays[f"rows.{name}"]] = values
    return {f"run.{sample}.noise": rows for sample, rows in enumerate(table)}


def _too_many_axons(program: Program) -> Iterator[Unsupported]:
    """Yield cores with too many axons: programs whose sources share axons are written with discrete ones."""
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
            yield Unsupported(
                f"core {worst} takes {int(used[worst]):,} discrete {what} axons, and a core has {limit.value:,.0f}: axons "
                "that several sources share are not written"
            )


class NengoLoihiBoardBackend(NengoLoihiBackend):
    """A Loihi 1 board through nengo-loihi and Intel's NxSDK, which is not public."""

    name = "nengo-loihi-board"
    summary = "Loihi 1 board through nengo-loihi and Intel's NxSDK"
    ran_on: RanOn = "silicon"
    package = BoardPackage("nxsdk", "Intel's package for Loihi 1, which members of INRC have", "nengo-loihi")
    board = True
    lacks = ON_BOARD

    def cannot(self, program: Program, steps: int, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
        """Yield thresholds that nengo-loihi cannot write to a board, and cores that only fit with shared axons."""
        yield from _too_many_axons(program)
        for name, rows in program.table_rows.items():
            zero = int(np.count_nonzero((program.tables.vth_mant[rows] < 1) & (program.tables.spiking[rows] == 1)))
            if zero:
                message = (
                    f"population '{name}' has {zero} thresholds below 1, which nengo-loihi cannot write to a board"
                )
                yield Unsupported(message, ("a threshold of 1 or more",))
