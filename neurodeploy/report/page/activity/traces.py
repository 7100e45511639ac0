"""Section with traces: the recorded states of a few neurons over the steps of a sample, with their threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Network
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES
from neurodeploy.program import Program
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity.trains import SampleShown, Train, samples_shown, trains_of
from neurodeploy.report.page.section import Plot, Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.signals import Recording
from neurodeploy.simulate.probes import probed_variables

__all__ = ["Probed", "most_active", "probed_of", "section", "thresholds_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_NEURONS, MOST_PROBES, MOST_STEPS = 4, 8, 1_000
"""Neurons of one drawing, drawings, and steps that are drawn."""
MOST_VALUES = 60_000
"""Values that the page has room for; samples after the first are left out above it."""
VOLTAGES = ("v", "v_register")


class Probed(NamedTuple):
    """A recorded state."""

    name: str
    """Name of the probe in the recording."""
    population: str
    variable: str
    """v, u, or another state of the neuron kind."""


def probed_of(network: Network, recording: Recording) -> tuple[Probed, ...]:
    """Return the states of populations in a recording whose population and variable are known, in its order.

    `network`: with the probes and outputs that name them; a probe of the run alone is named "population.variable".
    """
    known = {item.name: Probed(*item) for item in probed_variables(network) if not item.learned}
    found = list[Probed]()
    for name in recording.states:
        population, _, variable = name.rpartition(".")
        if name in known:
            found.append(known[name])
        elif population in network.population_by_name and variable not in LEARNED_VARIABLES:
            found.append(Probed(name, population, variable))
    return tuple(found)


def most_active(spikes: Ints, states: NDArray[Any]) -> Ints:
    """Return the neurons with the most spikes, ascending; of equal ones those whose state moves most, then the first.

    `spikes`: (size,) spikes in a sample. `states`: (steps, size) recorded values.
    """
    moved = states.max(axis=0).astype(np.float64) - states.min(axis=0)
    return np.sort(np.lexsort((-moved, -spikes))[:MOST_NEURONS])


def thresholds_of(program: Program, probed: Probed, neurons: Ints) -> list[int]:
    """Return the distinct thresholds of neurons in integer units, ascending; empty for a state without a threshold.

    `program`: with the registers. `probed`: the state. `neurons`: (n,) their numbers.
    """
    rows = program.table_rows[probed.population][neurons]
    tables = program.tables
    if probed.variable not in VOLTAGES or not tables.spiking[rows].all():
        return []
    shift = program.target.dialect.threshold_shift_bits
    return [int(value) << shift for value in np.unique(tables.vth_mant[rows].astype(np.int64))]


def _numbers(values: NDArray[Any]) -> list[Any]:
    """(n, steps) values by neuron, floats with five digits."""
    if values.dtype.kind in "iu":
        return values.astype(np.int64).tolist()
    return [[float(f"{value:.5g}") for value in row] for row in values.tolist()]


def _unit(program: Program, probed: Probed, neurons: Ints) -> tuple[float, float] | None:
    """(scale, frame) that make integer v the network's v; None where neurons differ, or integers are the network's."""
    placed = next(item for item in program.populations if item.name == probed.population)
    frames = np.unique(placed.v_frame[neurons])
    if probed.variable != "v" or placed.scale is None or frames.size != 1:
        return None
    return placed.scale, float(frames[0])


def _of_sample(
    subject: ReportSubject, recording: Recording, probed: Probed, sample: SampleShown, train: Train | None
) -> dict[str, Any]:
    """The neurons that are drawn for one sample, with their states, thresholds and spikes."""
    program, states = subject.program, recording.states[probed.name]
    first, steps = recording.first_step, min(states.shape[1], MOST_STEPS)
    rows = np.zeros((0, 2), dtype=np.int64) if train is None else train.of_sample(sample.number)
    neurons = most_active(np.bincount(rows[:, 1], minlength=states.shape[2]), states[sample.number])
    rows = rows[rows[:, 0] < first + steps]
    integers = states.dtype.kind in "iu"
    found: dict[str, Any] = {
        "title": sample.title,
        "neurons": neurons.tolist(),
        "values": _numbers(states[sample.number, :steps][:, neurons].T),
        "thresholds": thresholds_of(program, probed, neurons) if integers else [],
        "spikes": [rows[rows[:, 1] == neuron, 0].tolist() for neuron in neurons],
    }
    unit = _unit(program, probed, neurons) if integers else None
    if unit is None:
        return found
    found |= {"scale": unit[0], "frame": unit[1]}
    floats = None if subject.reference is None else subject.reference.states.get(probed.name)
    if floats is not None and floats.shape == states.shape:
        found["reference"] = _numbers((floats[sample.number, :steps][:, neurons].T - unit[1]) * unit[0])
    return found


def _drawn(
    subject: ReportSubject, recording: Recording, probed: Probed, samples: Sequence[SampleShown]
) -> dict[str, Any]:
    """The data of one drawing."""
    states = recording.states[probed.name]
    train = next((item for item in trains_of(subject, recording) if item.name == probed.population), None)
    steps = min(states.shape[1], MOST_STEPS)
    kept = samples[: max(1, MOST_VALUES // (steps * min(MOST_NEURONS, states.shape[2]) * MOST_PROBES))]
    unit = "integer units" if states.dtype.kind in "iu" else "units of the network"
    return {
        "title": probed.name,
        "first": recording.first_step,
        "steps": steps,
        "unit": f"{probed.variable}, {unit}",
        "samples": [_of_sample(subject, recording, probed, item, train) for item in kept],
    }


def _lead(data: dict[str, Any], probed: Probed, n_steps: int) -> str:
    """What a drawing shows, and what it leaves out."""
    one = data["samples"][0]
    most = "with the most spikes in the sample" if any(one["spikes"]) else "that move most in the sample"
    parts = [f"{probed.variable} of {probed.population}: the {len(one['neurons'])} neurons {most}"]
    if one["thresholds"]:
        parts.append("the threshold is dashed")
    if "reference" in one:
        parts.append("the float reference is dotted")
    end = f" The first {data['steps']:,} of {n_steps:,} steps are drawn." if data["steps"] < n_steps else ""
    return "; ".join(parts) + "." + end


def section(subject: ReportSubject) -> Section | None:
    """Return the traces of probes. `subject`: with a recording; None without one, or without a recorded state."""
    recording = subject.recording
    if recording is None:
        return None
    samples = samples_shown(subject, recording)
    every = [
        item for item in probed_of(subject.program.network, recording) if 0 not in recording.states[item.name].shape
    ]
    if not samples or not every:
        return None
    body, plots = "", list[Plot]()
    for at, probed in enumerate(every[:MOST_PROBES]):
        plot = Plot(f"traces-plot-{at + 1}", "traces", _drawn(subject, recording, probed, samples))
        n_steps = recording.states[probed.name].shape[1]
        body += element("h3", text(probed.name)) + element("p", text(_lead(plot.data, probed, n_steps)), class_="note")
        body += element("div", id=plot.name, class_="plot")
        plots.append(plot)
    intro = "States are those after the reset of a step. A triangle on top marks a spike."
    more = f" {len(every) - MOST_PROBES} more probes were recorded." if len(every) > MOST_PROBES else ""
    return Section("traces", "Traces", element("p", text(intro + more)) + body, tuple(plots))
