"""The floorline: what each core spends a step on, and which core and which work set the pace."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import PALETTE, QUIET, frame, nothing, prefix, tidy
from neurodeploy.profile import Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["floors"]

WORK = (("memory", "o"), ("compute", "s"), ("traffic", "^"))
"""(field without its unit, marker) of each kind of work."""
NAMED = 12
"""Most cores whose numbers are all written."""


def floors(profile: Profile, *, ax: Axes | None = None) -> Axes:
    """Return Axes with the mean time of each core in a step: for memory, compute and traffic, and as a bar the time it is busy.

    Memory is the reading of synapses, compute the updates of compartments, traffic the messages sent and received.

    The dashed line is the barrier, which all cores take after the busiest one. Cores are ordered from the busiest.

    `profile`: what nd.profile returns. `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (no time is public).

    Example: nd.plot.floors(nd.profile(program, recording))
    """
    needs("plot.floors", profile=(profile, Profile))
    if not profile.floors:
        why = "; ".join(profile.no_figure) or "the target has no energy profile"
        raise nothing("plot.floors", about("target", profile.target), f"no time of a step: {why}")
    rows = sorted(profile.floors, key=lambda item: -item.busy_s)
    scale, letter = prefix(max(rows[0].busy_s, rows[0].barrier_s))
    place = np.arange(len(rows))
    with frame(ax, "plot.floors", height=2.2) as axes:
        axes.bar(place, [item.busy_s / scale for item in rows], width=0.8, color="#E4E4E4", label="busy")
        for (name, marker), colour in zip(WORK, PALETTE, strict=False):
            values = [getattr(item, f"{name}_s") / scale for item in rows]
            axes.plot(place, values, marker, color=colour, markersize=3.5 if len(rows) <= 60 else 1.5, label=name)
        axes.axhline(rows[0].barrier_s / scale, color=QUIET, linestyle="--", linewidth=0.8, label="barrier")
        few = len(rows) <= NAMED
        axes.set_xticks(place if few else [0], labels=[f"{item.core}" for item in rows[: len(rows) if few else 1]])
        axes.set_xlim(-0.7, len(rows) - 0.3)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("core" if few else f"{len(rows):,} cores, the busiest first")
        axes.set_ylabel(f"time in a step ({letter}s)")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=5, columnspacing=1.0)
        tidy(axes)
    return axes
