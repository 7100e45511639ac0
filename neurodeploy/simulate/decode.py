"""Answers and values of a network decoded from recordings, their accuracy, and the steps that a network needs to drain."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.base.rows import Bound, row_messages
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.network import FirstSpike, Linear, Membrane, Network, Output
from neurodeploy.network.delays import possible_delays
from neurodeploy.program import Program
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.probes import membrane_probe, reads_v

__all__ = ["Units", "accuracy", "answers", "decoded", "drain_steps", "scores", "units_of"]

Units = Mapping[str, tuple[float, NDArray[np.float64]]]
"""Population -> (scale, (size,) frame): the network's v is the integer v / scale + frame."""


def units_of(program: Program) -> Units:
    """Return the units of v of the populations of a program whose network is not made of integers."""
    return {item.name: (item.scale, item.v_frame) for item in program.populations if item.scale is not None}


def answers(network: Network, recording: Recording, units: Units | None = None) -> NDArray[np.int64] | None:
    """Return the answers of the first output, (n_samples,) indices of neurons or of groups; None without an output.

    `units`: as for `decoded`.

    Raises DiagnosticError: ND513 (the recording is not sound, or of another network), ND514 (the output's population was not
    recorded).
    """
    found = scores(network, recording, units)
    return None if found is None else found.argmax(axis=1)


def scores(network: Network, recording: Recording, units: Units | None = None) -> NDArray[np.float64] | None:
    """Return the scores of the first output, (n_samples, neurons, groups or values), the largest of which is the answer.

    They are numbers of spikes, the last v plus the offset, the last values of a linear output, or, for the first spike, its
    step with a minus sign, where a neuron that never spikes counts as one step late. None without an output.

    `network`, `recording`: what ran, and what it gave. `units`: as for `decoded`. Raises DiagnosticError: ND513, ND514.
    """
    if not network.outputs:
        return None
    output = network.outputs[0]
    size = network.population_by_name[output.source].size
    raise_errors("decode", _unread(output, size, recording))
    if isinstance(output.decoder, Membrane):
        last: NDArray[np.float64] = recording.states[membrane_probe(output.name)][:, -1] + output.decoder.offset
        return last.astype(np.float64)
    if isinstance(output.decoder, Linear):
        return _linear(output.decoder, output, recording, network.time.dt_s, units)[:, -1]
    if isinstance(output.decoder, FirstSpike):
        first = np.full((recording.n_samples, size), recording.n_steps + 1)
        rows = recording.spikes[output.source]
        np.minimum.at(first, (rows[:, 0], rows[:, 2]), rows[:, 1])
        return -first.astype(np.float64)
    counts = recording.spike_counts(output.source, size)
    return counts.reshape(len(counts), output.decoder.groups or size, -1).sum(axis=2).astype(np.float64)


def decoded(network: Network, recording: Recording, units: Units | None = None) -> dict[str, NDArray[np.float64]]:
    """Return the values of every linear output, output -> (n_samples, n_steps, values); other outputs have none.

    `units`: those of the program (see `units_of`), so that recorded integers of v are read in the units of the network; None:
    as they are.

    Raises DiagnosticError: ND513 (the recording is not sound, or of another network), ND514 (an output's population was not
    recorded).
    """
    found = dict[str, NDArray[np.float64]]()
    linear = [item for item in network.outputs if isinstance(item.decoder, Linear)]
    sizes = [network.population_by_name[item.source].size for item in linear]
    raise_errors(
        "decode", [fault for item, size in zip(linear, sizes, strict=True) for fault in _unread(item, size, recording)]
    )
    for item in linear:
        assert isinstance(item.decoder, Linear), "internal: only linear outputs are listed"
        found[item.name] = _linear(item.decoder, item, recording, network.time.dt_s, units)
    return found


def _linear(
    decoder: Linear, output: Output, recording: Recording, dt_s: float, units: Units | None
) -> NDArray[np.float64]:
    """Values of a linear output, (n_samples, n_steps, values)."""
    weights = np.asarray(decoder.weights, dtype=np.float64)
    values = np.zeros((recording.n_samples, recording.n_steps, weights.shape[0]))
    if decoder.reads == "v":
        states = recording.states[membrane_probe(output.name)]
        if states.dtype.kind in "iu" and units and output.source in units:
            scale, frame = units[output.source]
            states = states / scale + frame
        values[:, recording.n_steps - states.shape[1] :] = states @ weights.T
    else:
        sample, step, neuron = recording.spikes[output.source].T
        np.add.at(values, (sample, step - 1), weights.T[neuron])
    if decoder.tau_s is None:
        return values
    keep, last = math.exp(-dt_s / decoder.tau_s), np.zeros(values[:, 0].shape)
    for step in range(values.shape[1]):
        last = values[:, step] = keep * last + (1 - keep) * values[:, step]
    return values


def _unread(output: Output, size: int, recording: Recording) -> list[Diagnostic]:
    """Faults of the part of a recording that an output reads."""
    where, name = about("output", output.name), output.source
    if reads_v(output):
        states = recording.states.get(membrane_probe(output.name))
        if states is None:
            return [finding("ND514", where, f"reads v of population '{name}', which was not recorded")]
        if states.ndim == 3 and states.shape[0] == recording.n_samples and states.shape[1] and states.shape[2] == size:
            return []
        message = f"has states of shape {list(states.shape)} for output '{output.name}'; needs [{recording.n_samples}, steps, {size}]"
        return [finding("ND513", about("recording"), message)]
    rows = recording.spikes.get(name)
    if rows is None or (recording.recorded is not None and name not in recording.recorded):
        return [finding("ND514", where, f"reads the spikes of population '{name}', which were not recorded")]
    when = Bound("sample", 0, recording.n_samples - 1), Bound("step", recording.first_step, recording.n_steps)
    message = row_messages(rows, (*when, Bound("neuron", 0, size - 1)), f"spikes of population '{name}'", ordered=True)
    return [finding("ND513", about("recording"), item) for item in message]


def accuracy(given: ArrayLike, labels: ArrayLike) -> float:
    """Return the fraction of answers that equal their labels, both (n_samples,). Raises DiagnosticError: ND505 (shapes)."""
    shapes = np.shape(given), np.shape(labels)
    if shapes[0] != shapes[1] or len(shapes[0]) != 1:
        message = f"labels have shape {list(shapes[1])}; the answers have {list(shapes[0])}"
        raise DiagnosticError("decode", (finding("ND505", about("labels"), message),))
    same: NDArray[np.bool_] = np.equal(np.asarray(given), np.asarray(labels))
    return float(same.mean())


def drain_steps(network: Network) -> int:
    """Return the steps after which the last input spike has acted on every population, loops passed once.

    Each projection takes 1 step plus its longest delay, or the longest that it can draw; the longest path from any input counts.
    """
    longest = {item.name: 0 for item in network.inputs}
    edges = [(item.source, item.target, 1 + int(possible_delays(item).max(initial=0))) for item in network.projections]
    forward = [edge for edge in edges if not _loops_back(edges, edge[0], edge[1])]
    for _ in range(len(network.populations)):
        before = dict(longest)
        for source, target, cost in forward:
            if source in before:
                longest[target] = max(longest.get(target, 0), before[source] + cost)
        if longest == before:
            break
    return max(longest.values(), default=0)


def _loops_back(edges: list[tuple[str, str, int]], source: str, target: str) -> bool:
    """Whether an edge lies on a cycle, that is, its target reaches its source."""
    reached, todo = {target}, [target]
    while todo:
        here = todo.pop()
        for start, stop, _ in edges:
            if start == here and stop not in reached:
                reached.add(stop)
                todo.append(stop)
    return source in reached
