"""Storage formats that hold the integer weights of a netx file exactly, in one projection or in two.

Ranges of a mantissa of 8 bits: even numbers from -256 to 254 with both signs, 0 to 255 or -255 to 0 with one sign. An
exponent of -1 halves a mantissa. Source: weightutils of lava-nc 0.10.0; nengo-loihi 1.1.0 stores the same numbers.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.fields import Fields
from neurodeploy.network import WeightFormat

__all__ = ["WEIGHT_BITS", "Part", "parts_of"]

Ints = NDArray[np.int64]
WEIGHT_BITS = 8
LOWEST, HIGHEST = -128, 127
"""Integers that a mantissa with both signs and an exponent of -1 holds: half the even numbers from -256 to 254."""
LARGEST_EXPONENT = 7
REACH = (HIGHEST << (LARGEST_EXPONENT + 1)) + HIGHEST
"""Largest weight that two projections hold."""


class Part(NamedTuple):
    """Weights that one projection stores. The parts of a layer add up to its weights."""

    name: str
    """Suffix of the projection's name; empty if it stores all weights."""
    weights: Ints
    """Mantissas."""
    style: WeightFormat


def parts_of(fields: Fields, weights: Ints) -> list[Part]:
    """Return parts that hold the weights exactly: one if possible, else two. A finding (ND061) if two do not suffice."""
    own = fields.group("neuron")
    exponent = (own.integer("wgtExp", 0) if own else 0) or 0
    if exponent:
        fields.line("wgtExp", str(exponent), "an exponent of the weights", "netx ignores wgtExp")
    for found in (_whole(weights, exponent), _by_sign(weights, exponent), _by_size(weights, exponent)):
        if found:
            if len(found) > 1:
                asked = f"{int(weights.min())} to {int(weights.max())}, not in one 8-bit format"
                got = f"two projections, {found[0].name} and {found[1].name}"
                fields.line("weights", asked, got, "the same sums; netx stores one format and clips or rounds to it")
            return found
    message, nearest = _loss(fields.where, weights)
    fields.findings.add("ND061", message, found=int(np.abs(weights).max()), limit=REACH, unit="weight", fixes=[nearest])
    return []


def _whole(weights: Ints, exponent: int, name: str = "") -> list[Part]:
    """All weights in one format, or an empty list."""
    for shift in (0, -1, *range(1, LARGEST_EXPONENT + 1)):
        mantissas = weights << -shift if shift < 0 else weights >> shift
        if shift > 0 and np.any(mantissas << shift != weights):
            return []
        mode = _sign_mode(mantissas)
        if mode is not None:
            return [Part(name, mantissas, _format(exponent + shift, mode))]
    return []


def _sign_mode(mantissas: Ints) -> Literal["mixed", "excitatory", "inhibitory"] | None:
    """The sign mode in which 8 bits hold the mantissas; None if there is none."""
    low, high = int(mantissas.min()), int(mantissas.max())
    if low >= 2 * LOWEST and high <= 2 * HIGHEST and not np.any(mantissas & 1):
        return "mixed"
    if low >= 0 and high <= 255:
        return "excitatory"
    return "inhibitory" if high <= 0 and low >= -255 else None


def _by_sign(weights: Ints, exponent: int) -> list[Part]:
    """Weights above 0 in one part and those below 0 in another, or an empty list. No synapse is stored twice."""
    above = _whole(np.maximum(weights, 0), exponent, "excitatory")
    below = _whole(np.minimum(weights, 0), exponent, "inhibitory")
    return [*above, *below] if above and below else []


def _by_size(weights: Ints, exponent: int) -> list[Part]:
    """Weights as low + 2**bits * high, with the fewest bits, or an empty list."""
    for bits in range(1, LARGEST_EXPONENT + 2):
        half = 1 << (bits - 1)
        low = ((weights + half) & (2 * half - 1)) - half
        high = (weights - low) >> bits
        if high.min() >= LOWEST and high.max() <= HIGHEST:
            top = Part("high", 2 * high, _format(exponent + bits - 1, "mixed"))
            return [Part("low", 2 * low, _format(exponent - 1, "mixed")), top]
    return []


def _format(exponent: int, mode: Any) -> WeightFormat:
    return WeightFormat(weight_bits=WEIGHT_BITS, exponent=exponent, sign_mode=mode)


def _loss(where: str, weights: Ints) -> tuple[str, str]:
    """The message about weights that two projections do not hold, and the fix with the error that it causes."""
    most = int(np.abs(weights).max())
    beyond = int(np.count_nonzero(np.abs(weights) > REACH))
    step = 2 ** max(0, int(np.ceil(np.log2(most / HIGHEST))))
    rounded = np.rint(weights / step) * step
    worst = float(np.abs(rounded - weights).max())
    message = f"{where}: {beyond} of {weights.size} weights are beyond what two projections of 8 bits hold"
    return message, f"round weights to multiples of {step:,} before the export; the largest error is {worst:,.0f}"
