"""Differences of two recordings: spikes of each population, and the first one that differs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.base.noun import IntArray
from neurodeploy.diagnostics import about
from neurodeploy.diff.fields import array_difference, mean_size
from neurodeploy.diff.nouns import Difference, Differences, Reason, difference
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.compare import first_divergence, not_comparable

__all__ = ["recording_differences"]

FIELDS = {
    "backend": "backend",
    "n_samples": "samples",
    "first_step": "first step",
    "n_steps": "last step",
    "seed": "seed",
}
"""Field of a recording -> word for it."""


def _spikes(base: Recording, head: Recording) -> Iterator[Difference]:
    """Numbers of spikes, and for equal numbers how many lie in other steps or neurons."""
    for name in dict.fromkeys((*base.spikes, *head.spikes)):
        where = about("population", name)
        one, other = base.spikes.get(name), head.spikes.get(name)
        counts = [None if rows is None else len(rows) for rows in (one, other)]
        if one is None or other is None or counts[0] != counts[1]:
            yield difference(where, "spikes", counts[0], counts[1], "spike")
        elif not np.array_equal(one, other):
            moved = int((one != other).any(axis=1).sum())
            why = f"{moved:,} of {len(one):,} spikes are in another sample, step or neuron"
            yield difference(where, "spikes", counts[0], counts[1], "spike", kind="moved", why=why)


def _states(base: Recording, head: Recording) -> Iterator[Difference]:
    for name in dict.fromkeys((*base.states, *head.states)):
        one, other = base.states.get(name), head.states.get(name)
        if one is None or other is None or one.shape != other.shape:
            before, after = (None if item is None else str(list(item.shape)) for item in (one, other))
            yield difference(about("probe", name), "states", before, after)
        elif not np.array_equal(one, other):
            apart = np.abs(other.astype(np.float64) - one.astype(np.float64))
            why = f"{int((apart > 0).sum()):,} of {apart.size:,} values differ, by at most {apart.max():.6g}"
            sizes = mean_size(one), mean_size(other)
            yield difference(about("probe", name), "states (mean size)", sizes[0], sizes[1], kind="moved", why=why)


def _learned(base: Recording, head: Recording) -> Iterator[Difference]:
    one, other = ({} if item.learned is None else item.learned.synapses for item in (base, head))
    for name in dict.fromkeys((*one, *other)):
        projection, _, variable = name.rpartition(".")
        where, field = about("projection", projection), f"learned {variable}"
        if name not in one or name not in other:
            before, after = (str(list(held[name].shape)) if name in held else None for held in (one, other))
            yield difference(where, field, before, after)
        elif (row := array_difference(where, field, one[name], other[name])) is not None:
            yield row


def _reasons(base: Recording, head: Recording) -> Iterator[Reason]:
    if base.program_digest != head.program_digest:
        text = f"of different programs: {base.program_digest[:12]} and {head.program_digest[:12]}"
        yield Reason(kind="network", text=text)
    for field, word in FIELDS.items():
        one, other = getattr(base, field), getattr(head, field)
        if one != other:
            yield Reason(kind="backend" if field == "backend" else "run", text=f"{word} changed: {one} -> {other}")
    names = dict.fromkeys((*base.input_spikes, *head.input_spikes))
    other_input = [name for name in names if not np.array_equal(_rows(base, name), _rows(head, name))]
    if other_input:
        yield Reason(kind="stimulus", text=f"other input spikes: {', '.join(other_input)}")


def _rows(recording: Recording, name: str) -> IntArray:
    return recording.input_spikes.get(name, np.zeros((0, 3), dtype=np.int32))


def recording_differences(base: Recording, head: Recording, names: tuple[str, str] = ("base", "head")) -> Differences:
    """Return how two recordings differ, whatever they are of. `base`, `head`: the recordings. `names`: what to call them.

    For two runs of one program, the earliest difference is a row; `nd.compare` says more about it.
    """
    rows = [*_spikes(base, head), *_states(base, head), *_learned(base, head)]
    reasons = tuple(_reasons(base, head))
    first = first_divergence(base, head) if rows and not not_comparable(base, head) else None
    if first is not None:
        where = about("population", first.population)
        place = f"step {first.step}, sample {first.sample}, neuron {first.neuron}"
        rows.insert(0, difference(where, f"first: {first.variable}", first.left, first.right, kind="moved", why=place))
    return Differences(of="recordings", base=names[0], head=names[1], rows=tuple(rows), reasons=reasons)
