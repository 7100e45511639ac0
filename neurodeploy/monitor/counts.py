"""Spikes per sample of a recording, and the activity that a program carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import CubaLi, Li
from neurodeploy.program.activity import Activity, SpikeCounts
from neurodeploy.program.plastic import plastic_projections
from neurodeploy.program.program import Program
from neurodeploy.signals import Progress, Recording, Samples
from neurodeploy.simulate import run

__all__ = ["activity_of", "activity_of_counts", "calibrated", "sample_counts", "spiking_sizes"]

Ints = NDArray[np.int64]
Sizes = dict[tuple[str, str], int]


def spiking_sizes(program: Program) -> Sizes:
    """Return (kind, name) -> size of the inputs with spikes and the populations that can spike. `program`: with them."""
    inputs = {("input", item.name): item.size for item in program.network.inputs}
    return inputs | {
        ("population", item.name): item.size
        for item in program.network.populations
        if not isinstance(item.neuron, (Li, CubaLi))
    }


def sample_counts(recording: Recording, names: Iterable[str] | None = None) -> dict[str, Ints]:
    """Return input or population -> (n_samples,) numbers of its spikes in each sample; those that were not recorded are left out.

    `recording`: of a run. `names`: the ones wanted; None for all.
    """
    recorded = set(recording.spikes) if recording.recorded is None else set(recording.recorded)
    every = recording.input_spikes | {name: rows for name, rows in recording.spikes.items() if name in recorded}
    wanted = every if names is None else [name for name in names if name in every]
    return {name: np.bincount(every[name][:, 0], minlength=recording.n_samples) for name in wanted}


def activity_of(program: Program, recording: Recording) -> Activity:
    """Return the activity of a recording: spikes per sample of the inputs and populations of its `program`.

    `recording`: of all populations, complete.
    """
    rows = {("input", name): item for name, item in recording.input_spikes.items()}
    rows |= {("population", name): item for name, item in recording.spikes.items()}
    found = tuple(
        _spike_counts(
            key,
            np.bincount(rows[key][:, 0], minlength=recording.n_samples),
            np.bincount(rows[key][:, 2], minlength=size).astype(np.int64),
        )
        for key, size in spiking_sizes(program).items()
        if key in rows
    )
    return Activity(n_samples=recording.n_samples, n_steps=recording.n_steps, seed=recording.seed, counts=found)


def activity_of_counts(counts: Mapping[str, Ints], n_steps: int = 1) -> Activity:
    """Return the activity of populations of one neuron each. `counts`: population -> (n_samples,) spikes in `n_steps` steps."""
    found = tuple(
        _spike_counts(("population", name), values, values.sum(keepdims=True)) for name, values in counts.items()
    )
    return Activity(n_samples=len(next(iter(counts.values()))), n_steps=n_steps, counts=found)


def _spike_counts(key: tuple[str, str], counts: Ints, by_neuron: Ints) -> SpikeCounts:
    kind, name = key
    values, samples = np.unique(counts, return_counts=True)
    return SpikeCounts(
        name=name,
        kind="input" if kind == "input" else "population",
        size=by_neuron.size,
        values=values.astype(np.int64),
        samples=samples.astype(np.int64),
        neuron_spikes=by_neuron,
        autocorrelation=_autocorrelation(counts),
    )


def _autocorrelation(counts: Ints) -> float:
    """Correlation of neighbours; 0 for counts that do not vary."""
    apart = counts - counts.mean()
    spread = float(apart @ apart)
    return float(np.clip(apart[1:] @ apart[:-1] / spread, -1, 1)) if spread else 0.0


def calibrated(
    program: Program, samples: Samples, *, steps: int | None = None, seed: int = 0, progress: Progress | None = None
) -> Program:
    """Return the program with the activity of the emulator on `samples`, shown for `steps`; its digest is unchanged.

    `seed`: of encoders and noise. `progress`: called with (steps done, total steps). Raises DiagnosticError: the codes of nd.run.
    """
    mode = "apart" if plastic_projections(program.network) else None
    recording = run(program, samples, steps=steps, seed=seed, learn=mode, progress=progress)
    return program.model_copy(update={"activity": activity_of(program, recording)})
