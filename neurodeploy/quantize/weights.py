"""Verb: weights to stored mantissas, and what that cost. Decides no scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import dropped_bits, mantissa_limits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import WeightFormat

__all__ = ["WeightLoss", "round_weights", "sign_mode_of"]


class WeightLoss(NamedTuple):
    """What rounding did to the weights of one projection."""

    rms_relative: float
    """RMS of the error against the RMS of the weights."""
    largest: float
    """Largest |error|, in the weight's unit."""
    clipped: int
    vanished: int
    n_synapses: int


def sign_mode_of(weights: NDArray[Any]) -> str:
    """Return excitatory if no weight is negative, inhibitory if none is positive, else mixed."""
    if not weights.size or weights.min() >= 0:
        return "excitatory"
    return "inhibitory" if weights.max() <= 0 else "mixed"


def round_weights(
    dialect: Dialect, weights: NDArray[np.float64], scale: float, style: WeightFormat
) -> tuple[NDArray[np.int64], WeightLoss]:
    """Return the nearest stored mantissas of weights (volts) at a scale, and the loss. Mixed mantissas are even."""
    step = 1 << dropped_bits(dialect, style.weight_bits, style.sign_mode)
    low, high = mantissa_limits(dialect, style.weight_bits, style.sign_mode)
    unit = float(1 << dialect.weight_shift_bits) * 2.0**style.exponent / scale
    steps = np.rint(weights / (unit * step)).astype(np.int64) * step
    low = -high if style.sign_mode == "mixed" else low
    mantissas = np.clip(steps, low, high)
    error = mantissas * unit - weights
    rms = float(np.sqrt(np.mean(weights**2))) if weights.size else 0.0
    loss = WeightLoss(
        rms_relative=float(np.sqrt(np.mean(error**2))) / rms if rms else 0.0,
        largest=float(np.abs(error).max()) if weights.size else 0.0,
        clipped=int(np.count_nonzero(steps != mantissas)),
        vanished=int(np.count_nonzero((mantissas == 0) & (weights != 0))),
        n_synapses=int(weights.size),
    )
    return mantissas, loss
