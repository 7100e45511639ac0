"""Neurons of a converted network in numpy: in the integers of a chip, and in the floats of the network. Both step by step.

The integers follow the equations of `hardware.dialect.Dialect`, so that their spikes are those of the emulator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import voltage_limits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import If
from neurodeploy.network.discretize import factors
from neurodeploy.quantize.quantized import QuantizedPopulation

__all__ = ["Fired", "Own", "float_cell", "integer_cell", "uncapped_cell"]

Array = NDArray[Any]
Own = Callable[[Array], Array]
"""From the (samples, size) spikes of a step to what a population's synapses to itself add one step later."""
TIE = 2.0**-40
"""Relative error of a float64 sum; the float reference compares with the same tolerance."""


class Fired(NamedTuple):
    """What a population does in a run."""

    spikes: Array
    """(steps, samples, size) float32, 1 for a spike."""
    v: Array
    """(samples, size) v after the last step, in the units of the cell."""


def integer_cell(population: QuantizedPopulation, dialect: Dialect, drive: Array, own: Own | None) -> Fired:
    """Return what a population of integers does. `drive`: (steps, samples, size) sums of weights, in units of the accumulator.

    `own`: its synapses to itself; None: it has none.
    """
    one = float(1 << dialect.decay_bits)
    keep_u = (one - population.du - dialect.current_decay_offset) / one
    keep_v = (one - population.dv - dialect.voltage_decay_offset) / one
    bias = (population.bias_mant.astype(np.int64) << population.bias_exp).astype(np.float64)
    threshold = population.vth_mant.astype(np.float64) * 2.0**dialect.threshold_shift_bits
    low, high = (
        limit.astype(np.float64) for limit in voltage_limits(dialect, population.vmin_exp, population.vmax_exp)
    )
    waits = bool((population.refract_delay > 1).any())
    u = np.zeros(drive.shape[1:])  # doubles hold these integers exactly
    v, back, refract = u.copy(), u.copy(), u.copy()
    spikes = np.zeros(drive.shape, dtype=np.float32)
    for step, given in enumerate(drive):
        total = _limited(np.rint(given + back), dialect.accumulator_wrap_bits, "wrap")
        u = _limited(np.trunc(u * keep_u) + total, dialect.state_bits, dialect.current_overflow)
        now = _limited(u + bias, dialect.state_bits, dialect.drive_overflow)
        v = np.clip(np.trunc(v * keep_v) + now, low, high)
        v = np.where(refract > 0, 0.0, v) if waits else v
        fired = (v > threshold) & population.spiking
        after = 0.0 if population.reset == "zero" else v - threshold
        v = v if population.reset == "none" else np.where(fired, after, v)
        refract = np.maximum(np.where(fired, population.refract_delay, refract) - 1, 0) if waits else refract
        spikes[step] = fired
        if own is not None:
            back = own(spikes[step])
    return Fired(spikes, v)


def _limited(values: Array, bits: int | None, how: str) -> Array:
    """Values as a register of `bits` and a sign holds them."""
    if bits is None or how == "none" or not values.size or float(np.abs(values).max()) < 2.0**bits:
        return values
    whole = 2.0 ** (bits + 1)
    if how == "wrap":
        return np.mod(values + whole / 2, whole) - whole / 2
    over = (values > whole / 2).astype(np.float64) - (values <= -whole / 2)
    return values - over * whole


def float_cell(neuron: If, drive: Array, own: Own | None, dt_s: float) -> Fired:
    """Return what integrate-and-fire neurons do before quantization. Arguments as for integer_cell, in the network's units."""
    _, gain, _, _ = factors(neuron, dt_s)
    size = drive.shape[-1]
    into, bias, threshold = (
        _full(value, size) for value in (np.asarray(gain) * neuron.r, neuron.bias, neuron.v_threshold)
    )
    v, back = np.zeros(drive.shape[1:]), 0.0
    spikes = np.zeros(drive.shape, dtype=np.float32)
    for step, given in enumerate(drive):
        v = v + into * (given + back + bias)
        fired = v > threshold * (1 + TIE) if neuron.comparison == ">" else v >= threshold * (1 - TIE)
        v = np.where(fired, v - threshold if neuron.reset.mode == "subtract" else 0.0, v)
        spikes[step] = fired
        if own is not None:
            back = own(spikes[step])
    return Fired(spikes, v)


def uncapped_cell(drive: Array, threshold: Array) -> Fired:
    """Return spikes of integrators that may spike several times in a step, so that no rate is too large.

    `drive`: as for integer_cell. `threshold`: (size,) taken off v by each spike. The spikes are whole numbers.
    """
    v = np.zeros(drive.shape[1:])
    spikes = np.zeros(drive.shape, dtype=np.float32)
    for step, given in enumerate(drive):
        v = v + given
        spikes[step] = np.maximum(np.ceil(v / threshold - TIE) - 1, 0)
        v = v - spikes[step] * threshold
    return Fired(spikes, v)


def _full(value: Any, size: int) -> Array:
    return np.broadcast_to(np.asarray(value, dtype=np.float64).ravel(), (size,))
