"""Energy or time of an inference as intervals: at each boundary, of each part, or of designs beside each other."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import PALETTE, frame, nothing, one_of, prefix, tidy
from neurodeploy.profile import Estimate, Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["energy"]

WIDEST = 20.0
"""Ratio of the largest to the smallest end of all intervals beyond which the axis is logarithmic."""
BOUNDARIES = {"cores": "cores and mesh", "chip": "whole chips", "board": "board"}
"""Boundary -> what it comprises, in words."""


class _Bar(NamedTuple):
    """One interval of the picture."""

    label: str
    estimate: Estimate
    colour: str


def energy(
    profile: Profile | Mapping[str, Profile],
    *,
    quantity: Literal["energy", "time"] = "energy",
    by: Literal["boundary", "part"] = "boundary",
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with a bar from the low to the high figure of an inference, and a mark at the nominal one.

    Figures that are not public are left out. The axis is logarithmic where figures differ widely; a bar whose low figure is 0
    then begins at its edge.

    `profile`: what nd.profile returns, or name -> profile of designs to compare, each at the boundary of its own figures.
    `quantity`: "energy", in J, or "time", in s. `by`: "boundary", a bar for the cores, the chips and the board; "part",
    a bar for each part of the figure at the profile's boundary. `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (no figure is public).

    Example: nd.plot.energy({"6 bit": nd.profile(small, a), "8 bit": nd.profile(large, b)})
    """
    one_of("plot.energy", "quantity", quantity, ("energy", "time"))
    one_of("plot.energy", "by", by, ("boundary", "part"))
    bars = _bars(profile, quantity, by)
    scale, letter = prefix(max(item.estimate.high for item in bars))
    ends = [
        end / scale for item in bars for end in (item.estimate.low, item.estimate.value, item.estimate.high) if end > 0
    ]
    is_wide = bool(ends) and max(ends) > WIDEST * min(ends)
    least = min(ends) / 1.5 if is_wide else 0.0
    with frame(ax, "plot.energy", height=0.7 + 0.24 * len(bars)) as axes:
        for place, item in enumerate(reversed(bars)):
            low, value, high = (getattr(item.estimate, end) / scale for end in ("low", "value", "high"))
            start = max(low, least)
            axes.barh(place, high - start, left=start, height=0.5, color=item.colour, alpha=0.45, linewidth=0)
            axes.plot([value, value], [place - 0.32, place + 0.32], color=item.colour, linewidth=1.8)
        if is_wide:
            axes.set_xscale("log")
        axes.set_xlim(least, 1.5 * max(ends) if is_wide else 1.05 * max(ends, default=1.0))
        axes.set_yticks(range(len(bars)), labels=[item.label for item in reversed(bars)])
        axes.set_ylim(-0.6, len(bars) - 0.4)
        axes.set_xlabel(f"{quantity} of an inference ({letter}{bars[0].estimate.unit})")
        tidy(axes)
        axes.tick_params(axis="y", length=0)
    return axes


def _bars(profile: Profile | Mapping[str, Profile], quantity: str, by: str) -> list[_Bar]:
    """The intervals from above. Raises DiagnosticError: ND002 (not profiles), ND766 (no figure)."""
    needs("plot.energy", profile=(profile, (Profile, Mapping)))
    if isinstance(profile, Profile):
        rows = list(_parts(profile, quantity) if by == "part" else _boundaries(profile, quantity))
        reasons = profile.no_figure
    else:
        needs("plot.energy", **{f"profile[{name!r}]": (item, Profile) for name, item in profile.items()})
        rows = [(_named(name, item), getattr(item, f"{quantity}_per_inference")) for name, item in profile.items()]
        reasons = [reason for item in profile.values() for reason in item.no_figure]
    found = [
        _Bar(label, estimate, PALETTE[index % len(PALETTE)])
        for index, (label, estimate) in enumerate(rows)
        if estimate is not None
    ]
    if not found:
        why = "; ".join(dict.fromkeys(reasons)) or "no profile is given"
        raise nothing("plot.energy", about("function", "plot.energy"), f"no figure of {quantity}: {why}")
    return found


def _named(name: str, profile: Profile) -> str:
    return name if profile.boundary == "cores" else f"{name} ({profile.boundary})"


def _boundaries(profile: Profile, quantity: str) -> list[tuple[str, Estimate | None]]:
    return [(BOUNDARIES[item.boundary], getattr(item, quantity)) for item in profile.boundaries]


def _parts(profile: Profile, quantity: str) -> list[tuple[str, Estimate | None]]:
    """(words, figure) of each part at the profile's boundary; those that are 0 throughout are left out."""
    every = [
        part
        for item in profile.boundaries
        if item.boundary == profile.boundary
        for part in getattr(item, f"{quantity}_parts")
    ]
    return [(part.name, part.estimate) for part in every if part.estimate.high > 0]
