"""What rounding does to the weights into a population."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurodeploy.hardware.target import Target
from neurodeploy.network.connectivity import connectivity_of
from neurodeploy.quantize.fold import fold
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.quantize.weights import round_weights, volts_of

__all__ = ["Rounding", "rounded_weights"]


class Rounding(NamedTuple):
    """The loss of all weights into one population."""

    clipped: float
    """Share of weights beyond the largest that can be stored; those of a convolution count once."""
    error: float
    """RMS of the error, relative to the RMS of the weights."""


def rounded_weights(quantized: Quantized, name: str, target: Target) -> Rounding:
    """Return the loss of the weights into a population of floats; synapses of its neurons to themselves are left out."""
    network, clipped, n_weights, power, errors = quantized.network, 0, 0, 0.0, 0.0
    gain = fold(network.population_by_name[name], network.time.dt_s).weight_gain
    scale = next(item.scale for item in quantized.populations if item.name == name) or 1.0
    for projection, stored in zip(network.projections, quantized.projections, strict=True):
        if projection.target != name or projection.source == name:
            continue
        connectivity = connectivity_of(projection, network.source_size(projection.source))
        volts = volts_of(connectivity if (gain == gain[:1]).all() else connectivity.listed(), gain)
        _, loss = round_weights(target.dialect, volts, scale, stored.weight_format)
        clipped, n_weights = clipped + loss.clipped, n_weights + loss.n_weights
        power += float(np.square(volts).sum())
        errors += float(np.square(volts).sum()) * loss.rms_relative**2
    return Rounding(clipped / max(n_weights, 1), (errors / power) ** 0.5 if power else 0.0)
