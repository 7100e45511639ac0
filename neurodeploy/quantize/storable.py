"""Whole weights as mantissas and an exponent that give the same product, where a target's formats hold one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import dropped_bits, mantissa_limits
from neurodeploy.hardware.target import Target

__all__ = ["exact_exponent", "legal_exponents", "same_products", "stored_range"]

Ints = NDArray[np.int64]
SHIFT = 16
"""Bits by which a mantissa is shifted at most: more than any stores."""


def legal_exponents(target: Target) -> range:
    """Return the exponents that a weight format of the target may have."""
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
    """Return an exponent with which whole weights (mantissa * 2**exponent) are stored exactly, the smallest that is not negative.

    `negative`: a negative one if no other does. None: no format of this width and sign holds all of them.
    """
    if not products.size:
        return 0
    low, high, step = stored_range(target, bits, sign_mode)
    low = -high if sign_mode == "mixed" else low  # the least mantissa has no opposite
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
    """Return (mantissas, exponent) that are stored and mean the same; None if no shift of the mantissas gives them.

    A shift by k bits takes k from the exponent. Both the dialects that floor each weight for a negative exponent and those
    that floor the sum get the same from it. Mantissas that are stored as they stand stay.
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
