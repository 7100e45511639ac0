"""Weight and voltage arithmetic of a dialect: from stored mantissas to the integers added to an accumulator.

The formulas are from the sources of the dialects (see `Dialect.sources`). Independent of networks and programs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.hardware.dialect import Dialect

__all__ = [
    "UNBOUNDED",
    "dropped_bits",
    "effective_weights",
    "learned_weights",
    "mantissa_limits",
    "stored_mantissas",
    "voltage_limits",
]

UNBOUNDED = 1 << 60
"""Stands for "no limit": larger than any state, and its double still fits 64 bits."""


def dropped_bits(dialect: Dialect, weight_bits: int, sign_mode: str) -> int:
    """Return the number of low mantissa bits that are not stored at a weight width and sign mode."""
    return max(0, dialect.mantissa_bits - weight_bits) + (1 if sign_mode == "mixed" else 0)


def mantissa_limits(dialect: Dialect, weight_bits: int, sign_mode: str) -> tuple[int, int]:
    """Return the smallest and largest mantissa that is stored exactly."""
    step = 1 << dropped_bits(dialect, weight_bits, sign_mode)
    top = (1 << dialect.mantissa_bits) - step
    if sign_mode == "excitatory":
        return 0, top
    if sign_mode == "inhibitory":
        return -top, 0
    return -(1 << dialect.mantissa_bits), top


def stored_mantissas(dialect: Dialect, mantissas: NDArray[Any], weight_bits: int, sign_mode: str) -> NDArray[np.int64]:
    """Return the mantissas without the bits that are not stored; same shape as `mantissas`."""
    drop = dropped_bits(dialect, weight_bits, sign_mode)
    wide = np.asarray(mantissas, dtype=np.int64)
    if dialect.weight_rounding == "floor_mixed" and sign_mode == "mixed":
        return (wide >> drop) << drop
    return np.sign(wide) * ((np.abs(wide) >> drop) << drop)


def effective_weights(
    dialect: Dialect, mantissas: NDArray[Any], weight_bits: int, exponent: int, sign_mode: str
) -> NDArray[np.int64]:
    """Return the integer that each synapse adds to the accumulator; same shape as `mantissas`.

    With `exponent_stage == "sum"` and a negative exponent, the shifts apply to the sum: the returned weights are then
    shifted neither by the exponent nor by weight_shift_bits, and the caller applies both after summing.
    """
    stored = stored_mantissas(dialect, mantissas, weight_bits, sign_mode)
    if exponent < 0 and dialect.exponent_stage == "sum":
        return stored
    scaled = stored << exponent if exponent >= 0 else stored >> -exponent
    weights = scaled << dialect.weight_shift_bits
    if dialect.weight_limit is None:
        return weights
    return np.clip(weights, -dialect.weight_limit, dialect.weight_limit)


def voltage_limits(
    dialect: Dialect, vmin_exp: ArrayLike, vmax_exp: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lower and upper voltage limit of compartments, each (n,); +-UNBOUNDED without a limit.

    `vmin_exp` and `vmax_exp` are registers, one number or (n,): vmin = -(2**vmin_exp) + 1, vmax = 2**(9 + 2 * vmax_exp) - 1.
    Source: measured on nengo-loihi 1.1.0.
    """
    low, high = (np.atleast_1d(np.asarray(value, dtype=np.int64)) for value in (vmin_exp, vmax_exp))
    if dialect.voltage_limit == "registers":
        return -(np.int64(1) << low) + 1, (np.int64(1) << (9 + 2 * high)) - 1
    bound = (1 << dialect.state_bits) - 1 if dialect.voltage_limit == "symmetric" else UNBOUNDED
    return np.full(low.shape, -bound, dtype=np.int64), np.full(high.shape, bound, dtype=np.int64)


def learned_weights(dialect: Dialect, mantissas: NDArray[Any], exponent: int) -> NDArray[np.int64]:
    """Return what each synapse adds whose mantissa was learned; same shape as `mantissas`, of any integers.

    Low bits are not dropped, as a learned mantissa is held with all bits (lava-nc 0.10.0 LearningDense). Otherwise as
    `effective_weights`.
    """
    wide = np.asarray(mantissas, dtype=np.int64)
    if exponent < 0 and dialect.exponent_stage == "sum":
        return wide
    weights = (wide << exponent if exponent >= 0 else wide >> -exponent) << dialect.weight_shift_bits
    return weights if dialect.weight_limit is None else np.clip(weights, -dialect.weight_limit, dialect.weight_limit)
