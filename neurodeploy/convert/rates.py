"""Values of layers in floats, and a layer by layer simulation of a plan in floats: fast, for calibration and for blame.

Every population is simulated over all steps before the next, which is exact because layers are not recurrent. Population l
receives its first input in step l + 1 of the chip; here every population counts its own steps from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.apply import apply_all
from neurodeploy.convert.coding import Coded
from neurodeploy.convert.inputs import input_levels
from neurodeploy.convert.plan import Plan, Planned
from neurodeploy.network.levels import rate_spikes
from neurodeploy.trained.forward import activated, windows_of
from neurodeploy.trained.layers import Layer, Layers
from neurodeploy.trained.operations import MaxPool

__all__ = ["LayerValues", "Run", "driven", "emitted", "input_rates", "layer_values", "simulate", "spikes_of_rates"]

Array = NDArray[Any]
START = 0.5
"""v at the start, in thresholds: a rate is then rounded to the nearest count of spikes, not down."""
GROUP = 1 << 22
"""Numbers of a layer in all steps that are simulated at once."""


class LayerValues(NamedTuple):
    """Values of layers before and after the activation, layer -> (samples, size)."""

    sums: dict[str, Array]
    values: dict[str, Array]


def layer_values(layers: Layers, inputs: Mapping[str, Array]) -> LayerValues:
    """Return the values of every layer for input -> (samples, size) values, computed for groups of samples."""
    n_samples = len(next(iter(inputs.values())))
    widest = max([rows.shape[1] for rows in inputs.values()] + [layer.bias.size for layer in layers.layers])
    rows = max(GROUP // widest, 1)
    starts = range(0, max(n_samples, 1), rows)
    found = [_layer_values(layers, {key: x[first : first + rows] for key, x in inputs.items()}) for first in starts]
    if len(found) == 1:
        return found[0]
    return LayerValues(
        {key: np.concatenate([part.sums[key] for part in found]) for key in found[0].sums},
        {key: np.concatenate([part.values[key] for part in found]) for key in found[0].values},
    )


def _layer_values(layers: Layers, inputs: Mapping[str, Array]) -> LayerValues:
    values, sums = dict(inputs), dict[str, Array]()
    for layer in layers.layers:
        terms = [apply_all(term.steps, values[term.source]) for term in layer.terms]
        total = sum(terms[1:], start=terms[0] if terms else np.zeros((1, layer.bias.size), dtype=np.float32))
        sums[layer.name] = total + layer.bias.astype(total.dtype)
        values[layer.name] = activation_of(layer, sums[layer.name], values)
    return LayerValues(sums, values)


def activation_of(layer: Layer, sums: Array, values: Mapping[str, Array]) -> Array:
    """Return (samples, size) values of a layer from its sums."""
    if layer.activation is None:
        return sums
    if not isinstance(layer.activation, MaxPool):
        return activated(layer.activation, sums.reshape(-1, *layer.shape)).reshape(len(sums), -1)
    pool = layer.activation
    windows = windows_of(
        sums.reshape(-1, *layer.sum_shape), pool.kernel, pool.stride, pool.begin, pool.end, fill=-np.inf
    )
    return windows.max(axis=tuple(range(-len(pool.kernel), 0))).reshape(len(sums), -1)


class Run(NamedTuple):
    """Result of a simulation."""

    counts: dict[str, Array]
    """Population -> (samples, size) spikes."""
    read: Array
    """(samples, n_steps, size) v of the output after each step, in its own units times the steps."""
    reach: dict[str, float]
    """Population -> largest |v| before spikes take anything off, in thresholds; of the output, in its own units times the
    steps."""


def input_rates(coded: Coded, x: Array) -> list[Array]:
    """Return the (samples, lines) rates of an input for (samples, size) values: one array, as its lines are read together."""
    return [input_levels(coded, x)]


def spikes_of_rates(rate: Array, steps: int, phase: float = START) -> Array:
    """Return (steps, samples, lines) spikes of the rate code, as the encoder Rate gives them, in float32.

    `rate`: (samples, lines) spikes per step, from 0 to 1. `phase`: share of a spike that every line starts with.
    """
    t = np.arange(1, steps + 1)[:, None, None]
    return rate_spikes(rate, t, phase).astype(np.float32)


def simulate(plan: Plan, inputs: Mapping[str, Array], steps: int) -> Run:
    """Return the spikes of `steps` steps for input -> (samples, size) values, in float32.

    Samples are simulated in groups, so that memory depends neither on their number nor on that of the layers.
    """
    n_samples = len(next(iter(inputs.values())))
    widest = max([rows.shape[1] for rows in inputs.values()] + [item.constant.size for item in plan.populations])
    rows = max(GROUP // (steps * widest), 1)
    starts = range(0, max(n_samples, 1), rows)
    runs = [_simulate(plan, {key: x[first : first + rows] for key, x in inputs.items()}, steps) for first in starts]
    return Run(
        {key: np.concatenate([run.counts[key] for run in runs]) for key in runs[0].counts},
        np.concatenate([run.read for run in runs]),
        {key: max(run.reach[key] for run in runs) for key in runs[0].reach},
    )


def _simulate(plan: Plan, inputs: Mapping[str, Array], steps: int) -> Run:
    spikes: dict[tuple[str, int], Array] = {}
    for name, values in inputs.items():
        for unit, rate in enumerate(input_rates(plan.codings[name], values)):
            spikes[name, unit] = spikes_of_rates(rate, steps)
    counts, reach, read = dict[str, Array](), dict[str, float](), np.zeros((0, 0, 0))
    for population in plan.populations:
        drive = driven(population, spikes, steps)
        made, reach[population.name] = emitted(plan, population, drive)
        if population.kind == "read":
            read = np.cumsum(drive, axis=0).transpose(1, 0, 2)
            continue
        spikes[population.layer, population.unit] = made
        counts[population.name] = made.sum(axis=0)
    return Run(counts, read, reach)


def emitted(plan: Plan, population: Planned, drive: Array) -> tuple[Array, float]:
    """Return (steps, samples, size) spikes of a population for its input, 0 or 1, and its largest |v| (see Run).

    The output sends nothing: its input takes the place of the spikes.
    """
    if population.kind == "read":
        return drive, float(np.abs(np.cumsum(drive, axis=0)).max(initial=0.0))
    if population.kind == "any":
        return (drive > 0.5).astype(drive.dtype), 0.0
    return integrated(drive, keep=plan.keep, hard=plan.hard)


def driven(population: Planned, spikes: Mapping[tuple[str, int], Array], steps: int) -> Array:
    """Return (steps, samples, size) input of a population in every step."""
    total: Any = population.constant.astype(np.float32)
    for wire in population.wires:
        given = spikes[wire.source, wire.unit]
        rows = apply_all(wire.steps, given.reshape(-1, given.shape[-1]))
        total = total + rows.reshape(*given.shape[:2], -1)
    if population.first is not None:
        total[0] += population.first.astype(np.float32)
    return total


def integrated(drive: Array, *, keep: float = 1.0, hard: bool = False) -> tuple[Array, float]:
    """Return (steps, samples, size) spikes, 0 or 1, of integrators that start at half the threshold, and their largest |v|.

    `keep` and `hard`: as in Plan.
    """
    v, made, reach = np.full(drive.shape[1:], START, dtype=drive.dtype), np.empty_like(drive), 0.0
    for step, current in enumerate(drive):
        if keep < 1:
            v *= keep
        v += current
        reach = max(reach, float(v.max(initial=0.0)), -float(v.min(initial=0.0)))
        np.greater(v, 1.0, out=made[step])
        if hard:
            v *= 1 - made[step]
        else:
            v -= made[step]
    return made, reach
