"""Formatting of quantities: three digits, SI prefixes, intervals and counts."""

from __future__ import annotations

from decimal import Decimal

from neurodeploy.profile import Estimate

__all__ = ["count", "interval", "percentage", "si"]

_PREFIXES = ((1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def _digits(value: float) -> str:
    """A number with three significant digits, without exponent: 1200, not 1.2e+03."""
    return f"{Decimal(f'{value:.3g}'):f}"


def _prefix(value: float) -> tuple[float, str]:
    size = abs(float(f"{value:.3g}"))
    if size == 0:
        return 1.0, ""
    return next(((scale, letter) for scale, letter in _PREFIXES if size >= scale), _PREFIXES[-1])


def si(value: float, unit: str) -> str:
    """Return a value with SI prefix, e.g. "3.1 uJ"."""
    scale, letter = _prefix(value)
    return f"{_digits(value / scale)} {letter}{unit}"


def interval(item: Estimate | None) -> str:
    """Return an estimate with its interval, e.g. "3.1 uJ (2.0 - 4.4)", or "no figure"."""
    if item is None:
        return "no figure"
    scale, letter = _prefix(item.value)
    value, low, high = (_digits(number / scale) for number in (item.value, item.low, item.high))
    return f"{value} {letter}{item.unit} ({low} - {high})"


def percentage(item: Estimate) -> str:
    """Return a fraction with its interval in percent, e.g. "97 % (88 - 99)"; near 100 the digits show what is left."""
    value, low, high = (_percent(number) for number in (item.value, item.low, item.high))
    return f"{value} % ({low} - {high})"


def _percent(fraction: float) -> str:
    left = abs(100 - 100 * fraction)
    digits = 0 if left >= 10 else 1 if left >= 1 else 2 if left >= 0.01 else 0
    return f"{100 * fraction:.{digits}f}" if fraction >= 0.1 else _digits(100 * fraction)


def count(value: float | None) -> str:
    """Return a count with thousands separators, one decimal below 1,000, three digits below 10; or "no figure"."""
    if value is None:
        return "no figure"
    if abs(value) >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else _digits(value)
