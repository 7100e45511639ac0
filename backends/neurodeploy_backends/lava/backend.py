"""Adapter that translates a program to processes of lava-nc and runs them in lava's interpreter, or on a board."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.hardware.files import load_dialect
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.plastic import plastic_projections
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.recording import RanOn
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable
from neurodeploy.worker import BoardPackage, Lacks, SimulatorBackend, SimulatorJob, Unsupported, make_job
from neurodeploy_backends.lava.convolution import as_convolutions
from neurodeploy_backends.lava.environment import LAVA
from neurodeploy_backends.lava.express import cannot_on_board, cannot_probe, cannot_reset, cannot_show, out_of_range
from neurodeploy_backends.lava.learning import cannot_learn, with_learning

__all__ = ["LavaBackend", "LavaLoihi1Backend", "LavaLoihi2Backend"]

DIALECT = "loihi2"
"""Dialect of the fixed-point models."""
FEW = 4
"""Up to this many samples each runs as a separate network, with Dense and Conv where possible; more run as copies side by side."""
LACKS = Lacks(
    reset="lava's LIF does nothing else",
    noise="and lava's LIF has none",
    refractory_delay_max=load_dialect(DIALECT).refractory_delay_max,
    refractory="has dead steps after a spike in {n} neurons, and lava's fixed-point LIF has none",
    delay_steps_max=load_dialect(DIALECT).delay_steps_max,
    delays="lava holds {most}",
    rules=("sum_of_products",),
    rule="which lava does not have",
)
ON_BOARD = LACKS.model_copy(
    update={
        "silent": "a LIF of a board always has a threshold",
        "periodic_reset": "is {kind} with a periodic reset, which lava makes on the host where its process is not LIF",
        "periodic_kinds": CUBA_KINDS,
        "rules": (),
        "rule": "which is run in lava's simulation only",
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
        """Yield registers and weights that lava accepts and computes wrongly, and states that it does not keep."""
        yield from out_of_range(program, load_dialect(DIALECT))
        yield from cannot_reset(program)
        yield from cannot_learn(program)
        yield from cannot_probe(program, probes)

    def cannot_show(self, program: Program, stimulus: Stimulus) -> Iterator[Unsupported]:
        """Yield input values that are not integers."""
        yield from cannot_show(program, stimulus)

    def job(self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions) -> SimulatorJob:
        """The job with fields that only lava needs; `passes`: number of unconnected networks, run one after the other."""
        alone = self.board is not None or stimulus.n_samples <= FEW or bool(plastic_projections(program.network))
        job = make_job(program, stimulus, steps, options, together=not alone)
        plan, arrays = _for_lava(program, job, self.board)
        parts = {item["part"] for item in job.plan["populations"]}
        whole = SimulatorJob({**plan, "passes": len(parts)}, arrays, job.runs)
        return with_learning(program, whole, options, stimulus.first_sample)


class LavaLoihi2Backend(LavaBackend):
    """A Loihi 2 board through Intel's lava-loihi, which is not public."""

    name = "lava-loihi2"
    summary = "Loihi 2 board through lava and Intel's lava-loihi"
    ran_on: RanOn = "silicon"
    package = BoardPackage("lava-loihi", "Intel's package for its boards, which members of INRC have", "lava")
    lacks = ON_BOARD
    board: str | None = "loihi2"

    def cannot(self, program: Program, steps: int, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
        """Yield what the simulation cannot run either, probed states, and sums of weights that would be split among processes."""
        yield from super().cannot(program, steps, ())
        yield from cannot_on_board(program, probes)


class LavaLoihi1Backend(LavaLoihi2Backend):
    """A Loihi 1 board through Intel's lava-loihi."""

    name = "lava-loihi1"
    summary = "Loihi 1 board through lava and Intel's lava-loihi"
    board: str | None = "loihi1"


def _for_lava(program: Program, job: SimulatorJob, board: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Plan and arrays with periodic resets, initial values of moving thresholds, and a threshold out of reach for neurons without one."""
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
