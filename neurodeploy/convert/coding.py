"""Activations as spike rates: a value is shift + sum of gain * rate, with rate = clip(slope * x + offset, 0, 1) of a unit.

One unit codes relu, with gain = 1 / slope the largest value that it can send. Two units of opposite signs code leaky_relu,
and signed inputs. Sigmoid and tanh are fitted by units whose clips meet.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coded", "Unit", "rates", "relu_coding", "value_of"]

Array = NDArray[Any]


class Unit(NamedTuple):
    """A spiking neuron for each value of a layer; all fields (size,) float64."""

    slope: Array
    offset: Array
    gain: Array


class Coded(NamedTuple):
    """How the values of a layer or input are coded."""

    units: tuple[Unit, ...]
    shift: Array
    """(size,) value for rates of 0."""


def relu_coding(largest: Array) -> Coded:
    """Return the coding of max(x, 0) with rates that reach 1 at `largest`, (size,) above 0."""
    return Coded((Unit(1.0 / largest, np.zeros_like(largest), largest),), np.zeros_like(largest))


def rates(coded: Coded, x: Array) -> list[Array]:
    """Return the (samples, size) rate of each unit for (samples, size) sums of a layer."""
    return [np.clip(x * unit.slope + unit.offset, 0, 1) for unit in coded.units]


def value_of(coded: Coded, given: list[Array]) -> Array:
    """Return (samples, size) values from the rates of the units."""
    return coded.shift + sum(unit.gain * rate for unit, rate in zip(coded.units, given, strict=True))
