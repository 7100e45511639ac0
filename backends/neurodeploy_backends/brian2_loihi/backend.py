"""Adapter that translates a program to groups and synapses of Brian2Loihi and runs them in its interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neurodeploy.check.state_bounds import StateBounds, state_bounds
from neurodeploy.diagnostics.subject import about
from neurodeploy.hardware.files import load_dialect
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.plastic import plastic_projections
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable
from neurodeploy.worker import Lacks, SimulatorBackend, SimulatorJob, Unsupported, make_job
from neurodeploy_backends.brian2_loihi.environment import BRIAN2_LOIHI
from neurodeploy_backends.brian2_loihi.learning import cannot_learn, with_learning

__all__ = ["Brian2LoihiBackend"]

DIALECT = "brian2loihi"
INTEGER_BITS = 31
"""Brian2's int() returns 32 bits; beyond them, voltages and currents no longer follow its equations."""
LACKS = Lacks(
    kinds=CUBA_KINDS,
    kind="which Brian2Loihi does not have",
    reset="its groups do nothing else",
    noise="which Brian2Loihi does not have",
    periodic_reset="has a periodic reset, which Brian2Loihi does not have",
    bias="which Brian2Loihi does not have",
    values="its generator spikes",
    delay_steps_max=load_dialect(DIALECT).delay_steps_max,
    delays="it holds {most}",
    rules=("sum_of_products",),
    rule="which Brian2Loihi does not have",
)


class Brian2LoihiBackend(SimulatorBackend):
    """Brian2Loihi on Brian2's numpy code."""

    name = "brian2loihi"
    summary = "Brian2Loihi 0.5 (Brian2's numpy code), in its own Python 3.10"
    dialect = DIALECT
    environment = BRIAN2_LOIHI
    script = Path(__file__).with_name("child") / "simulate.py"
    lacks = LACKS

    def cannot(self, program: Program, steps: int, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
        """Yield thresholds and states outside the range of its numbers, and rules that it cannot learn."""
        yield from cannot_learn(program)
        for index, bounds in enumerate(state_bounds(program, steps=steps)):
            if program.populations[index].kind in CUBA_KINDS:
                yield from _range_faults(program, bounds)

    def job(self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions) -> SimulatorJob:
        """The job; neurons without a threshold get the largest one."""
        learns = bool(plastic_projections(program.network))
        job = make_job(program, stimulus, steps, options, together=not learns)
        if learns:
            job = with_learning(program, job, options, stimulus.first_sample)
        arrays = dict(job.arrays)
        for number in range(len(program.populations)):
            spiking = arrays[f"population.{number}.spiking"] == 1
            arrays[f"population.{number}.vth_mant"] = np.where(spiking, arrays[f"population.{number}.vth_mant"], _top())
        return SimulatorJob(job.plan, arrays, job.runs)


def _top() -> int:
    """Largest threshold mantissa that Brian2Loihi accepts."""
    dialect = load_dialect(DIALECT)
    return (1 << (dialect.state_bits - dialect.threshold_shift_bits)) - 1


def _range_faults(program: Program, bounds: StateBounds) -> Iterator[Unsupported]:
    """Yield thresholds that are too large, states that may leave 32 bits, and silent neurons that may reach a threshold."""
    where, rows = about("population", bounds.population), program.table_rows[bounds.population]
    if bool((program.tables.vth_mant[rows] > _top()).any()):
        yield Unsupported(f"{where} has thresholds above {_top()}, the largest that it takes")
    highest = int(np.asarray(bounds.v_high).max(initial=0))
    lows = (np.asarray(getattr(bounds, name)) for name in ("u_low", "u_high", "v_low"))
    if max(highest, *(int(np.abs(values).max(initial=0)) for values in lows)) >> INTEGER_BITS:
        yield Unsupported(f"{where} can leave the 32 bits in which Brian2 rounds")
    silent = bool((program.tables.spiking[rows] == 0).any())
    if silent and highest > _top() << load_dialect(DIALECT).threshold_shift_bits:
        yield Unsupported(f"{where} never spikes, and its v can reach the largest threshold that Brian2Loihi takes")
