"""Figures of the sections as text."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["digits", "percent", "signed"]


def digits(value: float) -> str:
    """Return a number with three significant digits, without an exponent from 0.0001 to 10 million."""
    if value == 0:
        return "0"
    plain = 1e-4 <= abs(value) < 1e7
    return f"{Decimal(f'{value:.3g}'):f}" if plain else f"{value:.3g}"


def signed(value: float) -> str:
    """Return `digits` with a sign, which 0 has not."""
    return f"+{digits(value)}" if value > 0 else digits(value)


def percent(fraction: float) -> str:
    """Return a fraction in percent."""
    return f"{digits(100 * fraction)} %"
