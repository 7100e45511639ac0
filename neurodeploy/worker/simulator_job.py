"""Verb: a program as populations and links, as most simulators want it, and the recording of what they gave back.

Samples do not touch each other, so a simulator without a cleared state to return to is shown several at once: `copies` of
the whole network side by side, neuron k of copy c being neuron c * size + k. The job holds one copy; the child repeats it.
Stored zeros are left out. Arrays of a job: "population.0.du" and all other registers and parameters of the first population, "link.0.pre" of the first
link, "run.0.input.NAME" of the first run. Of a result: "run.0.spikes.NAME" (rows of step and neuron), "run.0.values.NAME"
(payloads row by row), "run.0.state.NAME" (steps, copies * size). Parts of the plan are networks that no link joins.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Current
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program.program import Program
from neurodeploy.program.synapse_tables import synapse_tables_of
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.recording import RanOn, Recording
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable, probed_variables
from neurodeploy.worker.job import Result

__all__ = ["Flat", "Origin", "flat", "recording_of", "registers", "senders_of_values"]

Array = NDArray[Any]
MOST_SYNAPSES, MOST_RECORDED = 2_000_000, 1 << 28
"""Synapses, and bytes of recorded steps, above which no further copy is put beside the others."""


class Flat(NamedTuple):
    """A job: plain data, arrays, and which samples each run shows."""

    plan: dict[str, Any]
    arrays: dict[str, Array]
    runs: tuple[range, ...]


def senders_of_values(program: Program) -> set[str]:
    """Return the populations whose spikes have values."""
    neurons = {item.name: item.neuron for item in program.network.populations}
    return {name for name, kind in neurons.items() if isinstance(kind, IntegerNeuron) and kind.sends_values}


def registers(program: Program, name: str) -> dict[str, Array]:
    """Return the registers of a population, each (size,) int64 in the order of its neurons."""
    rows, tables = program.table_rows[name], program.tables
    names = (
        "du",
        "dv",
        "vth_mant",
        "bias_mant",
        "bias_exp",
        "refract_delay",
        "vmin_exp",
        "vmax_exp",
        "spiking",
        "reset",
    )
    return {key: np.asarray(getattr(tables, key)[rows], dtype=np.int64) for key in names}


def _runs(program: Program, stimulus: Stimulus, steps: int, *, together: bool) -> tuple[range, ...]:
    """Samples by run, as many side by side as pays."""
    probes = probed_variables(program.network)
    width = sum(item.size for item in program.populations) + 8 * sum(
        item.size for item in program.populations for probe in probes if probe.population == item.name
    )
    synapses = max(program.tables.entry_target.size, 1)
    copies = min(MOST_SYNAPSES // synapses, MOST_RECORDED // max(width * steps, 1)) if together else 1
    step = max(1, copies)
    return tuple(range(first, min(first + step, stimulus.n_samples)) for first in range(0, stimulus.n_samples, step))


def flat(program: Program, stimulus: Stimulus, steps: int, options: RunOptions, *, together: bool = True) -> Flat:
    """Return the job of a run. `together`: show several samples at once."""
    links, arrays = _links(program)
    runs = _runs(program, stimulus, steps, together=together)
    probes = probed_variables(program.network, options.probes)
    parts = _parts(program)
    for number, samples in enumerate(runs):
        arrays |= _shown(program, stimulus, steps, samples, f"run.{number}.input.")
    populations, valued = list[dict[str, Any]](), senders_of_values(program)
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
    return Flat(plan, arrays, runs)


def _parts(program: Program) -> dict[str, int]:
    """Input or population -> number of the network it belongs to, when those that a projection joins belong together."""
    names = [*(item.name for item in program.network.inputs), *(item.name for item in program.populations)]
    part = {name: number for number, name in enumerate(names)}
    for item in program.network.projections:
        old, new = part[item.target], part[item.source]
        part = {name: new if number == old else number for name, number in part.items()}
    return part


def _links(program: Program) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    links, arrays, network = list[dict[str, Any]](), dict[str, Array](), program.network
    valued = {item.name for item in network.inputs if isinstance(item.encoder, Current)} | senders_of_values(program)
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


def _shown(program: Program, stimulus: Stimulus, steps: int, samples: range, prefix: str) -> dict[str, Array]:
    """What the inputs send in one run: rows (step, line of all copies), or (steps, lines of all copies) values."""
    found = dict[str, Array]()
    for item in program.network.inputs:
        if isinstance(item.encoder, Current):
            given = np.asarray(stimulus.currents.get(item.name, np.zeros((stimulus.n_samples, 0, item.size))))
            table = np.zeros((steps, len(samples), item.size))
            length = min(steps, given.shape[1])
            table[:length] = given[samples.start : samples.stop, :length].transpose(1, 0, 2)
            found[prefix + item.name] = table.reshape(steps, -1)
            continue
        rows = np.asarray(stimulus.rows(item.name), dtype=np.int64)
        mine = rows[(rows[:, 0] >= samples.start) & (rows[:, 0] < samples.stop) & (rows[:, 1] <= steps)]
        table = np.stack([mine[:, 1], (mine[:, 0] - samples.start) * item.size + mine[:, 2]], axis=1)
        found[prefix + item.name] = table[np.lexsort(table.T[::-1])]
    return found


class Origin(NamedTuple):
    """Where a recording comes from."""

    backend: str
    ran_on: RanOn


def recording_of(
    program: Program, stimulus: Stimulus, steps: int, options: RunOptions, job: Flat, result: Result, origin: Origin
) -> Recording:
    """Return the recording of a result, its samples numbered as the stimulus numbers them."""
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
    )


def _rows(job: Flat, result: Result, name: str, size: int) -> tuple[Array, Array | None]:
    """(rows of sample, step and neuron, sorted; payloads if the population has any)."""
    parts, values = list[Array](), list[Array]()
    for number, samples in enumerate(job.runs):
        rows = np.asarray(result.arrays[f"run.{number}.spikes.{name}"], dtype=np.int64).reshape(-1, 2)
        table = np.stack([samples.start + rows[:, 1] // size, rows[:, 0], rows[:, 1] % size], axis=1)
        order = np.lexsort(table.T[::-1])
        parts.append(table[order])
        given = result.arrays.get(f"run.{number}.values.{name}")
        if given is not None:
            values.append(np.asarray(given, dtype=np.int64)[order])
    return np.concatenate(parts).astype(np.int32), np.concatenate(values) if values else None


def _states(program: Program, job: Flat, result: Result, probe: ProbedVariable, spikes: dict[str, Array]) -> Array:
    """(samples, steps, size) of one probe. On a spike the register reads the refractory counter instead of v."""
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
