"""Verb: numbers as people read them: SI prefixes, intervals, counts. No rounding that hides a unit."""

from __future__ import annotations

from neurodeploy.profile import Estimate

__all__ = ["count", "interval", "si"]

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def _prefix(value: float) -> tuple[float, str]:
    size = abs(value)
    if size == 0:
        return 1.0, ""
    return next(((scale, letter) for scale, letter in _PREFIXES if size >= scale), _PREFIXES[-1])


def si(value: float, unit: str) -> str:
    """Return e.g. "3.1 uJ"."""
    scale, letter = _prefix(value)
    return f"{value / scale:.3g} {letter}{unit}"


def interval(item: Estimate | None) -> str:
    """Return e.g. "3.1 uJ (2.0 - 4.4)", or "no figure"."""
    if item is None:
        return "no figure"
    scale, letter = _prefix(item.value)
    return f"{item.value / scale:.3g} {letter}{item.unit} ({item.low / scale:.3g} - {item.high / scale:.3g})"


def count(value: float | None) -> str:
    """Return a count with thousands separated; one decimal below a thousand; "no figure" for None."""
    if value is None:
        return "no figure"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.1f}"
