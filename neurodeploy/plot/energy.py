"""Energy or time of an inference as intervals: what each contribution is, at least and at most."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import INK, PALETTE, frame, nothing, one_of, tidy
from neurodeploy.profile import Estimate, Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["energy"]

WIDEST = 20.0
"""Ratio of the largest to the smallest end of all intervals beyond which the axis is logarithmic."""


class _Bar(NamedTuple):
    """One interval of the picture."""

    label: str
    estimate: Estimate
    colour: str


def energy(
    profile: Profile | Mapping[str, Profile],
    *,
    quantity: Literal["energy", "time"] = "energy",
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with a bar from the low to the high figure of each contribution to an inference; a mark is the nominal one.

    Contributions without a public figure are left out. The axis is logarithmic where the figures differ widely.

    `profile`: what nd.profile returns, or name -> profile of designs to compare. `quantity`: "energy", in J, or "time", in s.
    `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (no figure is public).

    Example: nd.plot.energy({"6 bit": nd.profile(small, a), "8 bit": nd.profile(large, b)})
    """
    bars = _bars(_profiles(profile), quantity)
    unit = bars[0].estimate.unit
    largest = max(item.estimate.high for item in bars)
    scale, letter = _prefix(largest)
    with frame(ax, "plot.energy", height=0.7 + 0.24 * len(bars)) as axes:
        for place, item in enumerate(reversed(bars)):
            low, value, high = (getattr(item.estimate, end) / scale for end in ("low", "value", "high"))
            axes.barh(place, high - low, left=low, height=0.5, color=item.colour, alpha=0.45, linewidth=0)
            axes.plot([value, value], [place - 0.32, place + 0.32], color=item.colour, linewidth=1.8)
        axes.set_yticks(range(len(bars)), labels=[item.label for item in reversed(bars)])
        smallest = min(item.estimate.low for item in bars)
        if smallest > 0 and largest > WIDEST * smallest:
            axes.set_xscale("log")
            axes.set_xlim(smallest / scale / 1.5, 1.5 * largest / scale)
        else:
            axes.set_xlim(left=0)
        axes.set_ylim(-0.6, len(bars) - 0.4)
        axes.set_xlabel(f"{quantity} of an inference ({letter}{unit})")
        tidy(axes)
        axes.tick_params(axis="y", length=0)
    return axes


def _profiles(profile: object) -> dict[str, Profile]:
    if isinstance(profile, Profile):
        return {"": profile}
    needs("plot.energy", profile=(profile, (Profile, Mapping)))
    named: dict[str, Profile] = {str(name): item for name, item in profile.items()}  # type: ignore[union-attr]
    for name, item in named.items():
        needs("plot.energy", **{f"profile[{name!r}]": (item, Profile)})
    return named


def _bars(profiles: Mapping[str, Profile], quantity: str) -> list[_Bar]:
    one_of("plot.energy", "quantity", quantity, ("energy", "time"))
    found = list[_Bar]()
    for index, (name, profile) in enumerate(profiles.items()):
        colour = PALETTE[index % len(PALETTE)] if name else INK
        for place, (label, estimate) in enumerate(_parts(profile, quantity)):
            if estimate is not None:
                shade = colour if name else PALETTE[place % len(PALETTE)]
                found.append(_Bar(f"{name}: {label}" if name else label, estimate, shade))
    if not found:
        why = "; ".join(reason for profile in profiles.values() for reason in profile.no_figure) or "there is none"
        raise nothing("plot.energy", about("function", "plot.energy"), f"no figure of {quantity}: {why}")
    return found


def _parts(profile: Profile, quantity: str) -> list[tuple[str, Estimate | None]]:
    if quantity == "time":
        return [("inference", profile.time_per_inference), ("step", profile.time_per_step)]
    return [
        ("cores and mesh", profile.energy_per_inference),
        ("static power of chips", profile.energy_static_per_inference),
    ]


def _prefix(value: float) -> tuple[float, str]:
    """(factor, SI prefix) of a value, so that it is at least 1."""
    prefixes = ((1.0, ""), (1e-3, "m"), (1e-6, "\N{MICRO SIGN}"), (1e-9, "n"), (1e-12, "p"))
    size = float(np.abs(value))
    return next(((scale, letter) for scale, letter in prefixes if size >= scale), prefixes[-1])
