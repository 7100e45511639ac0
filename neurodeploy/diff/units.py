"""Units of figures that are totals over all samples."""

from __future__ import annotations

from neurodeploy.profile.budgets import PREFIXES, unit_of

__all__ = ["prefix_of", "unit_of_total"]

UNITS = {
    "synops": "synaptic operation",
    "updates": "update",
    "active_updates": "update",
    "messages": "message",
    "hops": "hop",
    "chip_messages": "message",
    "spikes": "spike",
}
"""Total over all samples -> unit."""


def unit_of_total(figure: str) -> str:
    """Return the unit of a figure of a baseline or a profile; empty for a digest, or if it depends on the target."""
    base, _, part = figure.partition(".")
    if part == "digest":
        return ""
    return UNITS.get(base) or unit_of(figure) or ""


def prefix_of(value: float) -> tuple[float, str]:
    """Return the size and the letter of the SI prefix that suits a value. `value`: in a unit without prefix."""
    sizes = sorted(((size, letter) for letter, size in PREFIXES.items()), reverse=True)
    return next(((size, letter) for size, letter in sizes if abs(value) >= size), (1.0, ""))
