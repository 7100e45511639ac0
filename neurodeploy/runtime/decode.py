"""Verb: recordings to answers. Must not know any backend."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import FirstSpike, Membrane, Network
from neurodeploy.runtime.probes import membrane_probe
from neurodeploy.runtime.recording import Recording

__all__ = ["accuracy", "answers", "drain_steps"]


def answers(network: Network, recording: Recording) -> NDArray[np.int64] | None:
    """Return (n_samples,) the first output's answer to each sample; None without an output."""
    if not network.outputs:
        return None
    output = network.outputs[0]
    size = network.population_by_name[output.source].size
    if isinstance(output.decoder, Membrane):
        return recording.states[membrane_probe(output.name)][:, -1].argmax(axis=1)
    if isinstance(output.decoder, FirstSpike):
        first = np.full((recording.n_samples, size), recording.n_steps + 1)
        rows = recording.spikes[output.source]
        np.minimum.at(first, (rows[:, 0], rows[:, 2]), rows[:, 1])
        return first.argmin(axis=1)
    return recording.spike_counts(output.source, size).argmax(axis=1)


def accuracy(given: Any, labels: Any) -> float:
    """Return the fraction of answers that meet their labels."""
    same: NDArray[np.bool_] = np.equal(np.asarray(given), np.asarray(labels))
    return float(same.mean())


def drain_steps(network: Network) -> int:
    """Return the steps that the last input spike needs to have acted on every population, a loop passed once.

    Each projection takes 1 + its longest delay; the longest path over distinct populations from any input counts.
    """
    longest = {item.name: 0 for item in network.inputs}
    edges = [(item.source, item.target, 1 + int(np.max(np.asarray(item.delay_steps)))) for item in network.projections]
    for _ in range(len(network.populations)):
        before = dict(longest)
        for source, target, cost in edges:
            if source in before and not _loops_back(edges, source, target):
                longest[target] = max(longest.get(target, 0), before[source] + cost)
    return max(longest.values(), default=0)


def _loops_back(edges: list[tuple[str, str, int]], source: str, target: str) -> bool:
    """Whether the edge lies on a cycle: its target reaches its source."""
    seen, todo = {target}, [target]
    while todo:
        here = todo.pop()
        for start, stop, _ in edges:
            if start == here and stop not in seen:
                seen.add(stop)
                todo.append(stop)
    return source in seen
