"""Constants of a plan corrected by the mean error of each channel.

Source of the method: Li, Deng, Dong, Gong, Gu, "A Free Lunch From ANN: Towards Efficient, Accurate Spiking Neural Networks
Calibration", ICML 2021 (there with max pools and a trained network's own clips; here with stored weights).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.plan import Plan, Planned
from neurodeploy.convert.rates import LayerValues, driven, emitted, input_rates, spikes_of_rates
from neurodeploy.trained.layers import Layer

__all__ = ["corrected"]

Array = NDArray[Any]
HELD = 1 << 25
"""Spikes of all layers that are held at once, in all steps; fewer samples are used for larger networks."""


def corrected(plan: Plan, held: Plan, floats: LayerValues, inputs: Mapping[str, Array], steps: int) -> Plan:
    """Return `plan` with the mean error of each channel added to its constants, layer after layer.

    `held`: the same plan with weights as a target stores them, which is simulated for `steps` steps. `floats`: values of the
    trained network for `inputs`, input -> (samples, size). Layers with several units, and maxima over windows, keep their
    constants.
    """
    total = sum(item.constant.size for item in plan.populations) + sum(x.shape[1] for x in inputs.values())
    most = max(HELD // (total * steps), 1)
    layers, spikes = held.layers.by_name, dict[tuple[str, int], Array]()
    for name, values in inputs.items():
        for unit, rate in enumerate(input_rates(held.codings[name], values[:most])):
            spikes[name, unit] = spikes_of_rates(rate, steps)
    made: list[Planned] = []
    for item, stored in zip(plan.populations, held.populations, strict=True):
        drive = driven(stored, spikes, steps)
        sent, _ = emitted(held, stored, drive)
        shift = np.zeros(item.constant.size)
        if item.n_units == 1 and item.kind != "any":
            shift = _missing(plan, layers[item.layer], floats, sent.mean(axis=0))
            sent, _ = emitted(held, stored, drive + shift.astype(drive.dtype))
        made.append(item._replace(constant=item.constant + shift))
        spikes[item.layer, item.unit] = sent
    return plan._replace(populations=tuple(made))


def _missing(plan: Plan, layer: Layer, floats: LayerValues, rate: Array) -> Array:
    """(size,) mean of the trained network's values less the mean of the spiking one's, by channel, in thresholds a step.

    `rate`: (samples, size) spikes a step; of the output, what its v gains in a step.
    """
    coded = plan.codings[layer.name]
    wanted = (floats.values[layer.name][: len(rate)] - coded.shift) / coded.units[0].gain
    error = (wanted - rate).mean(axis=0)
    channels = error.reshape(layer.shape[0], -1)
    return np.repeat(channels.mean(axis=1), channels.shape[1])
