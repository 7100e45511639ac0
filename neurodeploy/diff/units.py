"""Units of figures that are totals over all samples."""

from __future__ import annotations

from neurodeploy.profile.budgets import unit_of

__all__ = ["unit_of_total"]

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
