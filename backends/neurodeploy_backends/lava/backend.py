"""Backend: translates a program to lava-nc processes and runs them in lava's own interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.hardware.files import load_dialect
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.recording import RanOn
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable
from neurodeploy.worker import BoardPackage, Lacks, SimulatorBackend, SimulatorJob, Unsupported, make_job
from neurodeploy_backends.lava.convolution import as_convolutions
from neurodeploy_backends.lava.environment import LAVA
from neurodeploy_backends.lava.express import cannot_on_board, cannot_probe, cannot_reset, cannot_show, out_of_range

__all__ = ["LavaBackend", "LavaLoihi1Backend", "LavaLoihi2Backend"]

DIALECT = "loihi2"
"""What the fixed-point models compute."""
FEW = 4
"""Samples up to which each is a network of its own, of Dense and Conv where it can be; more are copies side by side."""
LACKS = Lacks(
    reset="lava's LIF does nothing else",
    noise="and lava's LIF has none",
    refractory_delay_max=load_dialect(DIALECT).refractory_delay_max,
    refractory="has dead steps after a spike in {n} neurons, and lava's fixed-point LIF has none",
    delay_steps_max=load_dialect(DIALECT).delay_steps_max,
    delays="lava holds {most}",
)
ON_BOARD = LACKS.model_copy(
    update={
        "silent": "a LIF of a board always has a threshold",
        "periodic_reset": "is {kind} with a periodic reset, which lava makes on the host where its process is not LIF",
        "periodic_kinds": CUBA_KINDS,
    }
)


class LavaBackend(SimulatorBackend):
    """lava-nc's fixed-point process models on this CPU."""

    name = "lava"
    summary = "lava-nc 0.10 fixed_pt simulation, in its own Python 3.10"
    dialect = DIALECT
    environment = LAVA
    script = Path(__file__).with_name("child") / "simulate.py"
    lacks = LACKS
    board: str | None = None

    def cannot(self, program: Program, steps: int, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
        """Yield registers and weights that lava takes without a word and computes something else with, and lost states."""
        yield from out_of_range(program, load_dialect(DIALECT))
        yield from cannot_reset(program)
        yield from cannot_probe(program, probes)

    def cannot_show(self, program: Program, stimulus: Stimulus) -> Iterator[Unsupported]:
        """Yield values that are no integers."""
        yield from cannot_show(program, stimulus)

    def job(self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions) -> SimulatorJob:
        """Return the job with what only lava wants; `passes`: networks that no link joins, run one after the other."""
        job = make_job(program, stimulus, steps, options, together=self.board is None and stimulus.n_samples > FEW)
        plan, arrays = _for_lava(program, job, self.board)
        parts = {item["part"] for item in job.plan["populations"]}
        return SimulatorJob({**plan, "passes": len(parts)}, arrays, job.runs)


class LavaLoihi2Backend(LavaBackend):
    """Loihi 2 through Intel's lava-loihi, which is not public."""

    name = "lava-loihi2"
    summary = "Loihi 2 board through lava and Intel's lava-loihi"
    ran_on: RanOn = "silicon"
    package = BoardPackage("lava-loihi", "Intel's package for its boards, which members of INRC have", "lava")
    lacks = ON_BOARD
    board: str | None = "loihi2"

    def cannot(self, program: Program, steps: int, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
        """Yield what the simulation cannot do either, states, and sums of weights that are divided among processes."""
        yield from super().cannot(program, steps, ())
        yield from cannot_on_board(program, probes)


class LavaLoihi1Backend(LavaLoihi2Backend):
    """Loihi 1 through the same."""

    name = "lava-loihi1"
    summary = "Loihi 1 board through lava and Intel's lava-loihi"
    board: str | None = "loihi1"


def _for_lava(program: Program, job: SimulatorJob, board: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job with what only lava wants: periodic resets, the start of thresholds that move, a threshold out of reach for none."""
    dialect, arrays, populations = load_dialect(DIALECT), dict(job.arrays), list[dict[str, Any]]()
    never = 1 << (dialect.state_bits - dialect.threshold_shift_bits)
    for number, (row, item) in enumerate(zip(job.plan["populations"], program.network.populations, strict=True)):
        threshold, spiking = (job.arrays[f"population.{number}.{name}"] for name in ("vth_mant", "spiking"))
        arrays[f"population.{number}.vth_mant"] = np.where(spiking == 1, threshold, never)
        if item.neuron.kind == "adaptive_lif":
            start = job.arrays[f"population.{number}.theta_0"] * float(1 << dialect.threshold_shift_bits)
            arrays[f"population.{number}.theta_at_reset"] = np.trunc(start).astype(np.int64)
        reset = item.state_reset
        every = {"reset_every": reset.interval_steps, "reset_at": reset.offset_steps} if reset else {}
        apart = board is not None and item.neuron.kind in CUBA_KINDS
        populations.append({**row, **every, "apart": apart})
    links, kernels = as_convolutions(program, job, dialect)
    return {**job.plan, "populations": populations, "links": links, "board": board}, {
        **arrays,
        **kernels,
    }
