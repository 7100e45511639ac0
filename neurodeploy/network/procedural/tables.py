"""Tables that turn uniform integers into numbers of a distribution, computed in integers of Python.

No function of a mathematical library enters, as their last bits differ between systems: exp is a Taylor series in fixed
point, and the other operations are correctly rounded by IEEE 754.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import read_only
from neurodeploy.network.procedural.operations import Constant, DistanceKernel, Normal, Values

__all__ = ["LEVELS", "STEPS", "binomial", "profile", "table_of", "z_values"]

LEVELS = 1 << 16
"""Equally likely values of a distribution."""
STEPS = 1 << 12
"""Steps of a distance kernel's profile, of equal squared distance."""
Z_BITS = 12
"""Binary digits of z behind the point."""
BITS = 192
"""Binary digits of fixed-point numbers."""
ONE = 1 << BITS
FAR = 150
"""exp(-x) counts as 0 from this x on; a threshold has 32 bits."""


@lru_cache(maxsize=256)
def binomial(n: int, probability: float) -> tuple[int, NDArray[np.uint64]]:
    """Return (first, thresholds): a number of successes in n tries is first + the count of thresholds at or below a word.

    Threshold k is 2**64 * P(successes <= first + k), rounded. Probabilities are relative to that of the mode, from which they
    follow by the ratio of neighbours in fixed point with 192 binary digits, rounded down.
    """
    yes, whole = probability.as_integer_ratio()
    no = whole - yes
    mode = min((n + 1) * yes // whole, n)
    up, down, weight = [ONE], list[int](), ONE
    for k in range(mode, n):
        weight = weight * (n - k) * yes // ((k + 1) * no) if no else 0
        if not weight:
            break
        up.append(weight)
    weight = ONE
    for k in range(mode, 0, -1):
        weight = weight * k * no // ((n - k + 1) * yes) if yes else 0
        if not weight:
            break
        down.append(weight)
    sums = list(accumulate((*reversed(down), *up)))
    thresholds = [((part << 64) + sums[-1] // 2) // sums[-1] for part in sums[:-1]]
    kept = np.array([item for item in thresholds if item < 1 << 64], dtype=np.uint64)
    return mode - len(down), read_only(kept)


def exp_of(x: Fraction) -> int:
    """Return exp(-x) in fixed point, x at least 0: a Taylor series of x / 2**k below 1/2, then k squarings."""
    if x >= FAR:
        return 0
    halvings = max((int(2 * x)).bit_length(), 0)
    fixed = (x.numerator << BITS) // (x.denominator << halvings)
    total, term, k = ONE, ONE, 0
    while term:
        k += 1
        term = (term * fixed >> BITS) // k
        total += -term if k % 2 else term
    for _ in range(halvings):
        total = total * total >> BITS
    return total


@lru_cache(maxsize=1)
def z_values() -> NDArray[np.int64]:
    """Return (65536,) equally likely values of a standard normal distribution, ascending, in units of 1/4096.

    Level 32768 + i is the least j at which half the weight of 0 and the weights of 1 to j make at least (i + 1/2) / 32768 of
    half of all weights, where the weight of j is exp(-(j / 4096)**2 / 2). The lower half is the negative of the upper one.
    """
    ratio, square = exp_of(Fraction(1, 1 << 2 * Z_BITS + 1)), exp_of(Fraction(1, 1 << 2 * Z_BITS))
    weights, weight = [ONE], ONE
    while weight:
        weight, ratio = weight * ratio >> BITS, ratio * square >> BITS
        weights.append(2 * weight)
    sums, half = list(accumulate(weights)), LEVELS // 2
    upper, j = [0] * half, 0
    for i in range(half):
        while sums[j] * 2 * half < (2 * i + 1) * sums[-1]:
            j += 1
        upper[i] = j
    positive = np.array(upper, dtype=np.int64)
    return read_only(np.r_[-positive[::-1], positive])


def table_of(values: Values) -> NDArray[Any]:
    """Return the table of values, (65536,) or (1,) for a constant: int64 for integers, otherwise float64."""
    if isinstance(values, Constant):
        return np.array([values.value], dtype=np.int64 if isinstance(values.value, int) else np.float64)
    if isinstance(values, Normal):
        drawn = values.mean + values.std * (z_values() / (1 << Z_BITS))
        drawn = np.rint(drawn) if values.whole else drawn
        drawn = np.clip(drawn, values.low, values.high) if (values.low, values.high) != (None, None) else drawn
        return drawn.astype(np.int64) if values.whole else drawn
    if values.whole:
        low, high = int(values.low), int(values.high)
        return low + (np.arange(LEVELS) * (high - low + 1) >> 16)
    middle = (2 * np.arange(LEVELS) + 1) / (2 * LEVELS)
    return values.low + (values.high - values.low) * middle


@lru_cache(maxsize=64)
def profile_of(kind: str, probability: float, scale: float, radius: float) -> NDArray[np.uint64]:
    """Thresholds of a profile."""
    whole, wide, most = Fraction(probability), Fraction(scale), Fraction(radius)
    found = np.zeros(STEPS, dtype=np.uint64)
    for step in range(STEPS):
        square = Fraction(2 * step + 1, 2 * STEPS) * most * most / (wide * wide)
        if kind == "exponential":
            x = Fraction(isqrt((square.numerator << 2 * BITS) // square.denominator), ONE)
        else:
            x = square / 2 if kind == "gaussian" else Fraction(0)
        found[step] = whole.numerator * exp_of(x) // (whole.denominator << BITS - 32)
    return read_only(found)


def profile(operation: DistanceKernel) -> NDArray[np.uint64]:
    """Return (4096,) thresholds of a word of 32 bits: pairs whose d**2 * 4096 / radius**2 lies in [k, k + 1) use number k.

    Threshold k is floor(2**32 * probability) at d**2 = (k + 1/2) * radius**2 / 4096, from 0 to 2**32.
    """
    return profile_of(operation.profile, operation.probability, operation.scale, operation.radius)
