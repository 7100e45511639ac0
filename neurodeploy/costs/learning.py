"""Updates of plastic synapses in a run, counted from its spikes.

A rule is evaluated at the end of an epoch, for the synapses of which one of its products can be other than 0: with x0, those
of sources that spiked in the epoch; with y0, those of targets that did; with u_k, all of them in every 2**k-th epoch. PES
visits all synapses in every epoch. Each synapse counts once in an epoch, however many products and variables its rule has.
The count assumes that the run learned, and that no source spiked before the first step of a resumed recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct, places_of
from neurodeploy.network.connectivity import SynapseList
from neurodeploy.network.plasticity import Pes, Plasticity
from neurodeploy.program.plastic import plastic_synapses
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording

__all__ = ["SynapseUpdates", "synapse_updates"]

Ints = NDArray[np.int64]
CHUNK = 1 << 21
"""Synapses that are visited at a time."""


class SynapseUpdates(NamedTuple):
    """Updates of the synapses of one projection; one row for each epoch and core with any, by ascending step."""

    projection: str
    kind: str
    """Kind of the rule."""
    synapses: int
    """Synapses of the projection."""
    step: Ints
    """(n,) last step of the epoch, counted from 0 over all samples of the recording."""
    core: Ints
    """(n,) core of the synapses."""
    updated: Ints
    """(n,) synapses that are updated."""


def synapse_updates(program: Program, recording: Recording) -> Iterator[SynapseUpdates]:
    """Yield the updates of each plastic projection of a sound `program` in a sound `recording` of it."""
    core_of_row = np.repeat(np.arange(program.tables.n_cores), np.diff(program.tables.compartment_ptr))
    spikes, length = {**recording.input_spikes, **recording.spikes}, recording.n_steps - recording.first_step + 1
    for name, item in plastic_synapses(program).items():
        core = core_of_row[program.table_rows[item.projection.target]]
        rows = tuple(spikes.get(end, NONE) for end in (item.projection.source, item.projection.target))
        parts = [np.zeros((3, 0), dtype=np.int64)]
        for sample in range(recording.n_samples):
            x, y = (_of_sample(values, sample) for values in rows)
            count = _in_sample(item.rule, item.listed, x, y, recording.n_steps, core, program.tables.n_cores)
            epoch, where = np.nonzero(count)
            step = (epoch + 1) * item.rule.epoch_steps - recording.first_step
            kept = step >= 0
            parts.append(np.stack([step + sample * length, where, count[epoch, where]])[:, kept])
        yield SynapseUpdates(name, item.rule.kind, item.entry.size, *np.concatenate(parts, axis=1))


NONE: Ints = np.zeros((0, 3), dtype=np.int64)


def _of_sample(rows: Any, sample: int) -> Ints:
    """(n, 2) rows (step, neuron) of one sample."""
    low, high = np.searchsorted(rows[:, 0], [sample, sample + 1])
    return np.asarray(rows[low:high, 1:], dtype=np.int64)


def _in_sample(rule: Plasticity, listed: SynapseList, x: Ints, y: Ints, steps: int, core: Ints, n_cores: int) -> Ints:
    """(epochs, n_cores) synapses that are updated. `x`, `y`: rows (step, neuron) of source and target."""
    epochs = steps // rule.epoch_steps
    whole, by_source, by_target = _dependencies(rule, epochs)
    total: Ints = np.zeros((epochs, n_cores), dtype=np.int64)
    total[whole] = np.bincount(core[listed.post], minlength=n_cores)
    sources = _distinct(x, rule.epoch_steps, whole, listed.n_source) if by_source else NONE[:, 0]
    targets = _distinct(y, rule.epoch_steps, whole, listed.n_target) if by_target else NONE[:, 0]
    order = np.argsort(listed.post, kind="stable")
    ptr = np.r_[0, np.cumsum(np.bincount(listed.post, minlength=listed.n_target))]
    for epoch, synapse in _expanded(sources, listed.n_source, listed.indptr):
        total += np.bincount(epoch * n_cores + core[listed.post[synapse]], minlength=total.size).reshape(total.shape)
    for epoch, place in _expanded(targets, listed.n_target, ptr):
        synapse = order[place]
        new = ~_member(epoch * listed.n_source + listed.pre[synapse], sources)  # that source has not counted it
        key = epoch[new] * n_cores + core[listed.post[synapse[new]]]
        total += np.bincount(key, minlength=total.size).reshape(total.shape)
    return total


def _dependencies(rule: Plasticity, epochs: int) -> tuple[NDArray[np.bool_], bool, bool]:
    """((epochs,) whether all synapses are updated, whether those of sources that spiked are, and those of targets)."""
    if isinstance(rule, Pes):
        return np.ones(epochs, dtype=bool), False, False
    products = (*rule.dw, *rule.dd, *rule.dt)
    number, whole = np.arange(1, epochs + 1), np.zeros(epochs, dtype=bool)
    for item in products:
        if item.decimation is not None:
            whole |= number % (1 << item.decimation) == 0
    named = {item.dependency for item in products}
    return whole, "x0" in named, "y0" in named


def _distinct(rows: Ints, epoch_steps: int, whole: NDArray[np.bool_], size: int) -> Ints:
    """Ascending keys epoch * size + neuron of rows (step, neuron), in complete epochs that do not update all synapses."""
    epoch = (rows[:, 0] - 1) // epoch_steps
    inside = epoch < whole.size
    epoch, neuron = epoch[inside], rows[inside, 1]
    left = ~whole[epoch]
    return distinct(epoch[left] * size + neuron[left])


def _expanded(keys: Ints, size: int, ptr: Any) -> Iterator[tuple[Ints, Ints]]:
    """Yield (epoch, place) of every synapse of the neurons in keys epoch * size + neuron, some at a time."""
    epoch, neuron = np.divmod(keys, size)
    start, count = ptr[neuron], ptr[neuron + 1] - ptr[neuron]
    part = np.cumsum(count) // CHUNK
    for number in np.unique(part):
        mine = part == number
        yield np.repeat(epoch[mine], count[mine]), places_of(start[mine], count[mine])


def _member(keys: Ints, among: Ints) -> NDArray[np.bool_]:
    """(n,) whether keys occur in the ascending keys `among`."""
    if not among.size:
        return np.zeros(keys.size, dtype=bool)
    at = np.minimum(np.searchsorted(among, keys), among.size - 1)
    return among[at] == keys
