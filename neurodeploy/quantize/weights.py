"""Weights of a projection on their way to stored mantissas, and the error of rounding them. Chooses no scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import dropped_bits, mantissa_limits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import WeightFormat
from neurodeploy.network.connectivity import Connectivity, SynapseList

__all__ = ["ProjectionWeights", "RoundingLoss", "round_weights", "sign_mode_of", "volts_of"]


class ProjectionWeights(NamedTuple):
    """A projection of floats before rounding: its synapses, and its weights in volts per spike."""

    connectivity: Connectivity
    """Synapses with the weights of the network."""
    volts: NDArray[np.float64]
    """Weights with the gain of their target folded in, in the order of `connectivity.weights`, in volts per spike."""
    weight_bits: int
    """Stored bits of a mantissa."""
    sign_mode: str
    """Signs of the weights: mixed, excitatory or inhibitory."""
    own: bool = False
    """Whether each neuron has one synapse to itself, without additional delay, and no other."""

    @property
    def largest(self) -> float:
        """The largest |weight|, in volts per spike."""
        return float(np.abs(self.volts).max()) if self.volts.size else 0.0


class RoundingLoss(NamedTuple):
    """The error that rounding makes in the weights of one projection."""

    rms_relative: float
    """RMS of the error, relative to the RMS of the weights."""
    largest: float
    """Largest |error|, in volts per spike."""
    clipped: int
    """Weights beyond the range of the mantissa."""
    vanished: int
    """Weights other than 0 that round to 0."""
    n_weights: int
    """Weights in all; those of a convolution count once."""


def volts_of(connectivity: Connectivity, gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights in volts per spike; `gain` (n_target,), which is one number for all targets of a window."""
    weights = connectivity.weights.astype(np.float64)
    if isinstance(connectivity, SynapseList):
        return weights * gain[connectivity.targets]
    return weights * gain[0] if gain.size else weights


def sign_mode_of(weights: NDArray[Any]) -> str:
    """Return "excitatory" if no weight is negative, "inhibitory" if none is positive, otherwise "mixed"."""
    if not weights.size or weights.min() >= 0:
        return "excitatory"
    return "inhibitory" if weights.max() <= 0 else "mixed"


def round_weights(
    dialect: Dialect, weights: NDArray[np.float64], scale: float, style: WeightFormat
) -> tuple[NDArray[np.int64], RoundingLoss]:
    """Return the nearest stored mantissas of `weights` (volts per spike) at a scale, and the error of rounding.

    Mantissas of both signs are even.
    """
    step = 1 << dropped_bits(dialect, style.weight_bits, style.sign_mode)
    low, high = mantissa_limits(dialect, style.weight_bits, style.sign_mode)
    unit = float(1 << dialect.weight_shift_bits) * 2.0**style.exponent / scale
    steps = np.rint(weights / (unit * step)).astype(np.int64) * step
    low = -high if style.sign_mode == "mixed" else low
    mantissas = np.clip(steps, low, high)
    error = mantissas * unit - weights
    rms = float(np.sqrt(np.mean(weights**2))) if weights.size else 0.0
    loss = RoundingLoss(
        rms_relative=float(np.sqrt(np.mean(error**2))) / rms if rms else 0.0,
        largest=float(np.abs(error).max()) if weights.size else 0.0,
        clipped=int(np.count_nonzero(steps != mantissas)),
        vanished=int(np.count_nonzero((mantissas == 0) & (weights != 0))),
        n_weights=int(weights.size),
    )
    return mantissas, loss
