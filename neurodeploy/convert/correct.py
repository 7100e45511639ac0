"""Constants of a plan corrected by the mean error of each channel.

Source of the method: Li, Deng, Dong, Gong, Gu, "A Free Lunch From ANN: Towards Efficient, Accurate Spiking Neural Networks
Calibration", ICML 2021 (there with max pools and a trained network's own clips; here with stored weights).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.plan import Plan, Planned
from neurodeploy.convert.rates import LayerValues, Run, driven, emitted, input_rates, spikes_of_rates
from neurodeploy.trained.layers import Layer

__all__ = ["Corrected", "corrected"]

Array = NDArray[Any]
HELD, DRIVEN = 1 << 26, 1 << 25
"""Spikes of all layers, and inputs of the largest one, that are held at once, in all steps; fewer samples are used for larger
networks.
"""


class Corrected(NamedTuple):
    """A plan with corrected constants."""

    plan: Plan
    run: Run
    """Its simulation on the samples that were used, with the weights of the stored plan and constants that are not rounded."""


def corrected(
    plan: Plan, held: Plan, floats: LayerValues, inputs: Mapping[str, Array], steps: int, *, once: bool = False
) -> Corrected:
    """Return `plan` with constants for which the mean error of each channel is 0, layer after layer.

    `held`: the same plan with numbers as a target stores them, which is simulated for `steps` steps. `floats`: values of the
    trained network for `inputs`, input -> (samples, size). `once`: constants stay, and what they lack in all steps is added in the
    first one, where a weight resolves so many times less than in all of them. Layers with several units, and maxima over windows,
    stay as they are.
    """
    most, spikes = _most(plan, inputs, steps), dict[tuple[str, int], Array]()
    for name, values in inputs.items():
        for unit, rate in enumerate(input_rates(held.codings[name], values[:most])):
            spikes[name, unit] = spikes_of_rates(rate, steps) > 0
    made, counts, reach = list[Planned](), dict[str, Array](), dict[str, float]()
    read: Array = np.zeros((0, 0, 0))
    for item, own in zip(plan.populations, held.populations, strict=True):
        given = {(wire.source, wire.unit): spikes[wire.source, wire.unit].astype(np.float32) for wire in own.wires}
        found, drive = item, driven(own, given, steps)
        sent, reach[item.name] = emitted(held, own, drive)
        if item.n_units == 1 and item.kind != "any":
            lacks = _missing(plan, held.layers.by_name[item.layer], floats, sent.mean(axis=0))
            found = _with(item, own, lacks, steps if once else 0)
            drive[: 1 if once else steps] += (lacks * (steps if once else 1)).astype(drive.dtype)
            sent, reach[item.name] = emitted(held, own, drive)
        made.append(found)
        if item.kind == "read":
            read = np.cumsum(sent, axis=0).transpose(1, 0, 2)
            continue
        spikes[item.layer, item.unit] = sent > 0
        counts[item.name] = sent.sum(axis=0)
    return Corrected(plan._replace(populations=tuple(made)), Run(counts, read, reach))


def _most(plan: Plan, inputs: Mapping[str, Array], steps: int) -> int:
    """Number of samples that are used, at least one."""
    sizes = [item.constant.size for item in plan.populations]
    lines = sum(x.shape[1] for x in inputs.values())
    return max(min(HELD // ((sum(sizes) + lines) * steps), DRIVEN // (max(sizes) * steps)), 1)


def _with(item: Planned, own: Planned, lacks: Array, steps: int) -> Planned:
    """A population that adds what its stored form `own` lacks in a step, (size,): in every step, or that of `steps` at once."""
    if not steps:
        return item._replace(constant=own.constant + lacks)
    return item._replace(first=lacks * steps + (0.0 if own.first is None else own.first))


def _missing(plan: Plan, layer: Layer, floats: LayerValues, rate: Array) -> Array:
    """(size,) mean of the trained network's values less the mean of the spiking one's, by channel, in thresholds a step.

    `rate`: (samples, size) spikes a step; of the output, what its v gains in a step.
    """
    coded = plan.codings[layer.name]
    wanted = (floats.values[layer.name][: len(rate)] - coded.shift) / coded.units[0].gain
    error = (wanted - rate).mean(axis=0)
    channels = error.reshape(layer.shape[0], -1)
    return np.repeat(channels.mean(axis=1), channels.shape[1])
