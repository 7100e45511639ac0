"""What neurons respond to, in numbers: the average input at their spikes, and their spikes for each label."""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Input
from neurodeploy.report.page.activity.trains import Train

__all__ = ["LeadIn", "image_shape", "selectivity", "spikes_before", "weighted_average"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST_SQUARE = 36
"""Lines from which a flat input is drawn as a square."""


class LeadIn(NamedTuple):
    """Average number of input spikes in the steps before a spike."""

    before: Floats
    """(neurons, lines) mean over the spikes of a neuron; 0 for a neuron without spikes."""
    always: Floats
    """(lines,) the same mean over all steps of all samples."""


def image_shape(item: Input) -> tuple[int, int, int] | None:
    """Return (channels, height, width) of an input that is an image; None for other inputs.

    `item`: of shape (height, width) or (channels, height, width), or flat with a square number of lines, from
    `LEAST_SQUARE` on.
    """
    shape = item.shape
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return 1, shape[0], shape[1]
    side = isqrt(shape[0]) if len(shape) == 1 else 0
    return (1, side, side) if side * side == shape[0] >= LEAST_SQUARE else None


def weighted_average(values: Floats, counts: Ints) -> Floats:
    """Return the spike-triggered average of values that are constant over a sample, less their mean over samples.

    The average is sum over samples of spikes * value, divided by the spikes; 0 for a neuron without spikes (E. J.
    Chichilnisky, Network: Computation in Neural Systems 12, 2001, equation 3).

    `values`: (samples, lines). `counts`: (samples, neurons) spikes. Returns (neurons, lines).
    """
    total = counts.sum(axis=0)
    sums = counts.T.astype(np.float64) @ values
    average = sums / np.maximum(total, 1)[:, None] - values.mean(axis=0)
    return np.where(total[:, None] > 0, average, 0.0)


def spikes_before(source: Train, train: Train, neurons: Ints, n_samples: int, extent: tuple[int, int, int]) -> LeadIn:
    """Return the average number of input spikes in the steps before a spike.

    `source`: the input. `train`: the population. `neurons`: (n,) those that are averaged. `n_samples`: how many samples, from
    the first on, are averaged. `extent`: first step, number of steps, and steps before a spike that count; steps before the
    first have no spikes.
    """
    first, steps, window = extent
    here = slice(0, int(np.searchsorted(source.rows[:, 0], n_samples)))
    sample, when, line = source.column(0)[here], source.column(1)[here] - first, source.column(2)[here]
    last = np.minimum(when + window, steps - 1)  # the last step whose window holds the input spike
    before, total = np.zeros((neurons.size, source.size)), np.zeros(neurons.size)
    for at, neuron in enumerate(neurons):
        mine = (train.rows[:, 2] == neuron) & (train.rows[:, 0] < n_samples)
        flat = train.column(0)[mine] * steps + train.column(1)[mine] - first
        fired = np.bincount(flat, minlength=n_samples * steps).reshape(n_samples, steps)
        until = np.concatenate([np.zeros((n_samples, 1)), np.cumsum(fired, axis=1)], axis=1)
        weight = until[sample, last + 1] - until[sample, np.minimum(when + 1, steps)]
        before[at] = np.bincount(line, weight, source.size)
        total[at] = flat.size
    always = np.bincount(line, last - when, source.size)
    return LeadIn(before / np.maximum(total, 1)[:, None], always / max(1, n_samples * steps))


def selectivity(train: Train, labels: Ints) -> tuple[Ints, Floats]:
    """Return the labels that occur, (n_labels,) ascending, and the mean spikes of each neuron for each, (neurons, n_labels).

    `train`: a population. `labels`: (samples,).
    """
    names, at = np.unique(labels, return_inverse=True)
    flat = at.ravel()[train.column(0)] * train.size + train.column(2)
    sums = np.bincount(flat, minlength=names.size * train.size).reshape(names.size, train.size)
    return names, (sums / np.bincount(at.ravel())[:, None]).T
