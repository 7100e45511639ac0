"""Integer weights as a mantissa and an exponent with the same product, if a format of the target can store one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import dropped_bits, mantissa_limits
from neurodeploy.hardware.target import Target

__all__ = ["exact_exponent", "legal_exponents", "same_products", "stored_range"]

Ints = NDArray[np.int64]
SHIFT = 16
"""Largest shift of a mantissa that is tried, in bits; no format stores as many."""


def legal_exponents(target: Target) -> range:
    """Return the exponents that weight formats of the target can have."""
    span = target.precision.weight_exponent
    return range(int(span.low), int(span.high) + 1)


def stored_range(target: Target, bits: int, sign_mode: str) -> tuple[int, int, int]:
    """Return (least mantissa, greatest mantissa, step between mantissas) of a format."""
    step = 1 << dropped_bits(target.dialect, bits, sign_mode)
    low, high = mantissa_limits(target.dialect, bits, sign_mode)
    return low, high, step


def _holds(target: Target, mantissas: Ints, bits: int, sign_mode: str) -> bool:
    low, high, step = stored_range(target, bits, sign_mode)
    inside = not mantissas.size or (int(mantissas.min()) >= low and int(mantissas.max()) <= high)
    return inside and not np.any(mantissas % step)


def exact_exponent(target: Target, products: Ints, bits: int, sign_mode: str, *, negative: bool) -> int | None:
    """Return an exponent at which all `products` (mantissa * 2**exponent) are stored exactly, the smallest from 0 up.

    `negative`: also try negative exponents after that. None: no format of these bits and sign mode stores all of them.
    """
    if not products.size:
        return 0
    low, high, step = stored_range(target, bits, sign_mode)
    low = -high if sign_mode == "mixed" else low  # the negative of the least mantissa is not stored
    largest, limit = max(-int(products.min()), int(products.max())), target.dialect.weight_limit
    if limit is not None and largest << target.dialect.weight_shift_bits > limit:
        return None
    shared = int(np.gcd.reduce(products))
    upwards = [exponent for exponent in legal_exponents(target) if exponent >= 0]
    downwards = [exponent for exponent in reversed(legal_exponents(target)) if exponent < 0]
    for exponent in [*upwards, *(downwards if negative else ())]:
        up, down = max(exponent, 0), max(-exponent, 0)
        if (shared << down) % (step << up) or largest << down > max(-low, high) << up:
            continue
        mantissas = (products << down) >> up
        if int(mantissas.min()) >= low and int(mantissas.max()) <= high:
            return exponent
    return None


def same_products(target: Target, mantissas: Ints, exponent: int, bits: int, sign_mode: str) -> tuple[Ints, int] | None:
    """Return mantissas that the format stores and an exponent with the same products; None if no shift yields them.

    A left shift by k bits lowers the exponent by k. Dialects that floor each weight for a negative exponent, and those that
    floor the sum, give the same results either way. Mantissas that the format stores already are returned unchanged.
    """
    if _holds(target, mantissas, bits, sign_mode):
        return mantissas, exponent
    low, high, _ = stored_range(target, bits, sign_mode)
    largest = max(-int(mantissas.min()), int(mantissas.max()))
    for bits_up in sorted(range(-SHIFT, SHIFT + 1), key=abs):
        if exponent - bits_up not in legal_exponents(target):
            continue
        if bits_up < 0 and np.any(mantissas % (1 << -bits_up)):
            continue
        if bits_up > 0 and largest << bits_up > max(-low, high):
            continue
        moved = mantissas << bits_up if bits_up >= 0 else mantissas >> -bits_up
        if _holds(target, moved, bits, sign_mode):
            return moved, exponent - bits_up
    return None
