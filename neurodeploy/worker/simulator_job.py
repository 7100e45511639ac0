"""Jobs of simulators: a program as populations and links, and the recording of the result.

Samples are independent. A simulator that cannot reset its state runs several at once, as parallel `copies` of the network:
neuron k of copy c is neuron c * size + k. The job contains one copy, which the child repeats. Stored zeros are omitted.

Arrays of a job: "population.0.du" and all other registers and parameters of the first population, "link.0.pre" of the first
link, "run.0.input.NAME" of the first run. Arrays of a result: "run.0.spikes.NAME" (rows of step and neuron),
"run.0.values.NAME" (payloads, row by row), "run.0.state.NAME" (steps, copies * size), "run.0.learned.PROJECTION.w" (synapses).
Parts of the plan are subnetworks that no link and no third factor connects.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Current, SumOfProducts
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program.program import Program
from neurodeploy.program.registers import registers
from neurodeploy.program.synapse_tables import synapse_tables_of
from neurodeploy.signals.learned import Learned
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.recording import RanOn, Recording
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable, probed_variables
from neurodeploy.worker.job import Result

__all__ = ["Origin", "SimulatorJob", "graded_populations", "make_job", "recording_of"]

Array = NDArray[Any]
MOST_SYNAPSES, MOST_RECORDED = 2_000_000, 1 << 28
"""Limits of the copies in one run: synapses, and bytes of recorded states."""


class SimulatorJob(NamedTuple):
    """Job of a simulator: plain data, arrays, and the samples of each run."""

    plan: dict[str, Any]
    arrays: dict[str, Array]
    runs: tuple[range, ...]


def graded_populations(program: Program) -> set[str]:
    """Return the names of populations with graded spikes."""
    neurons = {item.name: item.neuron for item in program.network.populations}
    return {name for name, kind in neurons.items() if isinstance(kind, IntegerNeuron) and kind.sends_values}


def _runs(program: Program, stimulus: Stimulus, steps: int, *, together: bool) -> tuple[range, ...]:
    """Samples of each run: as many as fit into one run."""
    probes = probed_variables(program.network)
    width = sum(item.size for item in program.populations) + 8 * sum(
        item.size for item in program.populations for probe in probes if probe.population == item.name
    )
    synapses = max(program.tables.entry_target.size, 1)
    copies = min(MOST_SYNAPSES // synapses, MOST_RECORDED // max(width * steps, 1)) if together else 1
    step = max(1, copies)
    return tuple(range(first, min(first + step, stimulus.n_samples)) for first in range(0, stimulus.n_samples, step))


def make_job(
    program: Program, stimulus: Stimulus, steps: int, options: RunOptions, *, together: bool = True
) -> SimulatorJob:
    """Return the job that runs every sample up to step `steps`. `together`: run several samples at once."""
    links, arrays = _links(program)
    runs = _runs(program, stimulus, steps, together=together)
    probes = probed_variables(program.network, options.probes)
    parts = _parts(program)
    for number, samples in enumerate(runs):
        arrays |= _stimulus_arrays(program, stimulus, steps, samples, f"run.{number}.input.")
    populations, valued = list[dict[str, Any]](), graded_populations(program)
    for number, item in enumerate(program.populations):
        row = {"name": item.name, "size": item.size, "kind": item.kind, "graded": item.name in valued}
        populations.append({**row, "part": parts[item.name]})
        columns = {**registers(program, item.name), **item.parameters}
        arrays |= {f"population.{number}.{name}": values for name, values in columns.items()}
    plan = {
        "steps": steps,
        "inputs": [
            {
                "name": item.name,
                "size": item.size,
                "values": isinstance(item.encoder, Current),
                "part": parts[item.name],
            }
            for item in program.network.inputs
        ],
        "populations": populations,
        "links": links,
        "runs": [{"copies": len(samples)} for samples in runs],
        "probes": [item._asdict() for item in probes],
    }
    return SimulatorJob(plan, arrays, runs)


def _parts(program: Program) -> dict[str, int]:
    """Input or population -> number of the connected subnetwork that it belongs to."""
    names = [*(item.name for item in program.network.inputs), *(item.name for item in program.populations)]
    part = {name: number for number, name in enumerate(names)}
    pairs = [(item.source, item.target) for item in program.network.projections]
    for item in program.network.projections:
        thirds = item.plasticity.third_factors if isinstance(item.plasticity, SumOfProducts) else ()
        pairs += [(third.source, item.target) for third in thirds]
    for source, target in pairs:
        old, new = part[target], part[source]
        part = {name: new if number == old else number for name, number in part.items()}
    return part


def _links(program: Program) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    links, arrays, network = list[dict[str, Any]](), dict[str, Array](), program.network
    valued = {item.name for item in network.inputs if isinstance(item.encoder, Current)} | graded_populations(program)
    for number, wire in enumerate(synapse_tables_of(program)):
        style, kept = wire.style, np.flatnonzero(wire.mantissas)
        row = {"projection": wire.projection, "source": wire.source, "target": wire.target, "port": wire.port}
        row |= {"n_source": network.source_size(wire.source), "n_target": network.source_size(wire.target)}
        row |= {"weight_bits": style.weight_bits, "exponent": style.exponent, "sign_mode": style.sign_mode}
        columns = {"pre": wire.pre, "post": wire.post, "mantissas": wire.mantissas, "delay_steps": wire.delay_steps}
        columns = {name: values[kept] for name, values in columns.items()}
        links.append(
            {**row, "delay_steps": int(columns["delay_steps"].max(initial=0)), "graded": wire.source in valued}
        )
        arrays |= {f"link.{number}.{name}": values for name, values in columns.items()}
    return links, arrays


def _stimulus_arrays(program: Program, stimulus: Stimulus, steps: int, samples: range, prefix: str) -> dict[str, Array]:
    """Stimulus of one run: rows (step, line of all copies), or (steps, lines of all copies) values, by array name."""
    found = dict[str, Array]()
    for item in program.network.inputs:
        if isinstance(item.encoder, Current):
            currents = np.asarray(stimulus.currents.get(item.name, np.zeros((stimulus.n_samples, 0, item.size))))
            table = np.zeros((steps, len(samples), item.size))
            length = min(steps, currents.shape[1])
            table[:length] = currents[samples.start : samples.stop, :length].transpose(1, 0, 2)
            found[prefix + item.name] = table.reshape(steps, -1)
            continue
        rows = np.asarray(stimulus.rows(item.name), dtype=np.int64)
        mine = rows[(rows[:, 0] >= samples.start) & (rows[:, 0] < samples.stop) & (rows[:, 1] <= steps)]
        table = np.stack([mine[:, 1], (mine[:, 0] - samples.start) * item.size + mine[:, 2]], axis=1)
        found[prefix + item.name] = table[np.lexsort(table.T[::-1])]
    return found


class Origin(NamedTuple):
    """Provenance of a recording."""

    backend: str
    ran_on: RanOn


def recording_of(
    program: Program,
    stimulus: Stimulus,
    steps: int,
    options: RunOptions,
    job: SimulatorJob,
    result: Result,
    origin: Origin,
) -> Recording:
    """Return the recording of a result, with samples numbered as in the stimulus."""
    spikes, payloads = dict[str, Array](), dict[str, Array]()
    for item in program.populations:
        rows, values = _rows(job, result, item.name, item.size)
        spikes[item.name] = rows
        if values is not None:
            payloads[item.name] = values
    probes = probed_variables(program.network, options.probes)
    states = {probe.name: _states(program, job, result, probe, spikes) for probe in probes}
    shown = {name: stimulus.rows(name) for name in (*stimulus.spikes, *stimulus.rasters)}
    wanted = set(spikes) if options.record is None else set(options.record)
    for name in set(spikes) - wanted:
        spikes[name] = np.zeros((0, 3), dtype=np.int32)
        payloads.pop(name, None)
    return Recording(
        ran_on=origin.ran_on,
        backend=origin.backend,
        program_digest=program.digest(),
        seed=options.seed,
        recorded=options.record,
        n_samples=stimulus.n_samples,
        n_steps=steps,
        spikes=spikes,
        payloads=payloads,
        states=states,
        input_spikes={name: rows[rows[:, 1] <= steps] for name, rows in shown.items()},
        learned=_learned(program, steps, options, job, result),
    )


def _learned(program: Program, steps: int, options: RunOptions, job: SimulatorJob, result: Result) -> Learned | None:
    """What the runs have learned: of each if they learn apart, of the last if in sequence; None without any."""
    prefix = "run.0.learned."
    names = [name[len(prefix) :] for name in result.arrays if name.startswith(prefix)]
    last = len(job.runs) - 1
    runs = range(last, last + 1) if options.learn == "sequential" else range(last + 1)
    synapses = {
        name: np.stack([result.arrays[f"run.{number}.learned.{name}"] for number in runs]).astype(np.int16)
        for name in names
    }
    return Learned(program_digest=program.digest(), step=steps, synapses=synapses) if synapses else None


def _rows(job: SimulatorJob, result: Result, name: str, size: int) -> tuple[Array, Array | None]:
    """Sorted rows (sample, step, neuron), and the payloads if the population has any."""
    parts, values = list[Array](), list[Array]()
    for number, samples in enumerate(job.runs):
        rows = np.asarray(result.arrays[f"run.{number}.spikes.{name}"], dtype=np.int64).reshape(-1, 2)
        table = np.stack([samples.start + rows[:, 1] // size, rows[:, 0], rows[:, 1] % size], axis=1)
        order = np.lexsort(table.T[::-1])
        parts.append(table[order])
        payloads = result.arrays.get(f"run.{number}.values.{name}")
        if payloads is not None:
            values.append(np.asarray(payloads, dtype=np.int64)[order])
    return np.concatenate(parts).astype(np.int32), np.concatenate(values) if values else None


def _states(
    program: Program, job: SimulatorJob, result: Result, probe: ProbedVariable, spikes: dict[str, Array]
) -> Array:
    """(samples, steps, size) states of one probe. On a spike, v_register holds the refractory counter instead of v."""
    parts = list[Array]()
    for number, samples in enumerate(job.runs):
        table = np.asarray(result.arrays[f"run.{number}.state.{probe.name}"])
        parts.append(table.reshape(table.shape[0], len(samples), -1).transpose(1, 0, 2))
    found = np.concatenate(parts).astype(np.int64)
    if probe.variable == "v_register":
        unit = program.target.dialect.register_value_per_refractory_step
        sample, step, neuron = spikes[probe.population].T
        found[sample, step - 1, neuron] = unit * registers(program, probe.population)["refract_delay"][neuron]
    return found
