"""Consistency of the activity that a program carries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.program.activity import Activity, SpikeCounts
from neurodeploy.program.program import Program

__all__ = ["activity_faults"]


def activity_faults(program: Program) -> list[str]:
    """Return activity of unknown inputs and populations, and counts that no calibration can produce."""
    activity = program.activity
    if activity is None:
        return []
    sizes = {("input", item.name): item.size for item in program.network.inputs}
    sizes |= {("population", item.name): item.size for item in program.populations}
    keys = [(item.kind, item.name) for item in activity.counts]
    if len(set(keys)) != len(keys):
        return ["activity describes a population twice"]
    found = [f"activity of {kind} '{name}', which does not exist" for kind, name in keys if (kind, name) not in sizes]
    if found:
        return found
    return [
        f"activity of '{item.name}' {fault}"
        for item in activity.counts
        for fault in _count_faults(item, activity, sizes[item.kind, item.name])
    ]


def _count_faults(item: SpikeCounts, activity: Activity, size: int) -> Iterator[str]:
    if item.size != size or item.neuron_spikes.size != size:
        yield f"is of {item.size} neurons, with spikes of {item.neuron_spikes.size}; it has {size}"
        return
    if item.values.size != item.samples.size or not item.values.size:
        yield "has no number of samples for each number of spikes"
        return
    most = size * activity.n_steps
    if int(item.values[0]) < 0 or int(item.values[-1]) > most or bool((np.diff(item.values) <= 0).any()):
        yield f"has numbers of spikes that do not ascend from 0 to {most:,}"
    if int(item.samples.min()) < 1 or sum(item.samples.tolist()) != activity.n_samples:
        yield f"is not of the {activity.n_samples} samples of the calibration"
        return
    spikes = item.neuron_spikes.tolist()
    total = sum(value * number for value, number in zip(item.values.tolist(), item.samples.tolist(), strict=True))
    if min(spikes) < 0 or sum(spikes) != total:
        yield "has other spikes by neuron than by sample"
