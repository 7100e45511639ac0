"""What faults do: the critical share of every bit of every layer, and accuracy against fault rate."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.campaign import Campaign
from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import INK, PALETTE, QUIET, frame, nothing, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["criticality", "fault_rate"]

HOOK = "a campaign of bits, such as faults=[nd.FaultChoice(where='synapse')]"
RATES = "a campaign with rates, such as rates=(1e-4, 1e-3, 1e-2)"


def criticality(campaign: Campaign, *, ax: Axes | None = None) -> Axes:
    """Return Axes with the critical share of each bit: a row for each register or stored field of a layer, a column for a bit.

    Bits that do not exist, or of which none was tried, are empty. `campaign`: what nd.fault_campaign returns. `ax`: Axes to draw
    on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (the campaign tried no bits).

    Example: nd.plot.criticality(nd.fault_campaign(program, images[:10]))
    """
    function = "plot.criticality"
    needs(function, campaign=(campaign, Campaign))
    rows = [(*row.name.rpartition(" ")[::2], row.critical) for row in campaign.by_bit]
    if not rows:
        raise nothing(function, about("argument", "campaign"), "tried no bits", HOOK)
    names = list(dict.fromkeys(name for name, _, _ in rows))
    table = np.full((len(names), 1 + max(int(bit) for _, bit, _ in rows)), np.nan)
    for name, bit, share in rows:
        if share is not None:
            table[names.index(name), int(bit)] = 100 * share.value
    with frame(ax, function, height=0.7 + 0.17 * len(names)) as axes:
        most = max(float(np.nanmax(table, initial=0.0)), 1.0)
        image = axes.imshow(table, cmap="YlOrRd", vmin=0, vmax=most, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("bit (0 is the least significant)")
        bar = axes.figure.colorbar(image, ax=axes, aspect=25)
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]  # a spine, which is declared as a property
        bar.set_label("critical faults (%)")
    return axes


def fault_rate(campaign: Campaign, *, ax: Axes | None = None) -> Axes:
    """Return Axes with accuracy against the share of places that are faulty at once, and its interval.

    Without labels, the share of answers that stay. `campaign`: what nd.fault_campaign returns for some `rates`. `ax`: Axes to draw
    on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (the campaign has no rates).

    Example: nd.plot.fault_rate(nd.fault_campaign(program, images[:10], rates=(1e-4, 1e-3, 1e-2)))
    """
    function = "plot.fault_rate"
    needs(function, campaign=(campaign, Campaign))
    points = sorted(campaign.rates, key=lambda point: point.rate)
    if not points:
        raise nothing(function, about("argument", "campaign"), "has no rates", RATES)
    rate = [point.rate for point in points]
    with frame(ax, function, height=2.0) as axes:
        top = 1.0 if campaign.accuracy is None else campaign.accuracy
        axes.axhline(100 * top, color=QUIET, linestyle="--", linewidth=0.8, label="without a fault")
        low, high = ([100 * getattr(point, name) for point in points] for name in ("low", "high"))
        axes.fill_between(rate, low, high, color=PALETTE[0], alpha=0.2, linewidth=0)
        shares = [100 * point.accuracy for point in points]
        axes.plot(rate, shares, color=PALETTE[0], marker="o", markersize=3, label="mean and interval")
        axes.set_xscale("log")
        axes.set_xlabel("share of places that are faulty")
        axes.set_ylabel("accuracy (%)" if campaign.accuracy is not None else "answers that stay (%)")
        axes.legend(loc="best", labelcolor=INK)
        tidy(axes)
    return axes
