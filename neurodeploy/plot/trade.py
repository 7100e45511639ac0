"""What cores buy: the modelled time and energy of a step against the number of cores."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.mapping.spend.trade import Trade
from neurodeploy.plot.frame import INK, PALETTE, frame, nothing, prefix, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["trade"]

SHADE = 0.18
"""Opacity of the interval of the time."""


def trade(result: Compilation, *, ax: Axes | None = None) -> Axes:
    """Return Axes with the modelled time of a step against cores, its interval shaded, and the energy of a step on a second scale.

    The ring marks the mapping that was chosen. All mappings were compiled: a line between two of them is only a guide.

    `result`: what nd.check returns for `optimize` "latency" or "energy". `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (no cores were spent).

    Example: nd.plot.trade(nd.check(network, "loihi1", optimize="latency"))
    """
    needs("plot.trade", result=(result, Compilation))
    found = result.trade
    if found is None:
        where = about("function", "plot.trade")
        raise nothing("plot.trade", where, 'the compilation has no trade: compile with optimize "latency" or "energy"')
    with frame(ax, "plot.trade", height=2.2) as axes:
        _draw(axes, found)
        tidy(axes)
    return axes


def _draw(axes: Axes, found: Trade) -> None:
    cores, times = [item.cores for item in found.points], [item.time_per_step for item in found.points]
    scale, letter = prefix(max(item.value for item in times))
    joule, of_joule = prefix(max(item.energy_j for item in found.points))
    low, high = [item.low / scale for item in times], [item.high / scale for item in times]
    axes.fill_between(cores, low, high, color=PALETTE[0], alpha=SHADE, linewidth=0)
    axes.plot(cores, [item.value / scale for item in times], "o-", color=PALETTE[0], markersize=3, label="time")
    best = found.best
    axes.plot([best.cores], [best.time_per_step.value / scale], "o", color="none", markeredgecolor=INK, markersize=8)
    second = axes.twinx()
    energy = [item.energy_j / joule for item in found.points]
    second.plot(cores, energy, "s--", color=PALETTE[1], markersize=3, linewidth=0.8, label="energy")
    axes.set_xscale("log", base=2)
    axes.set_xticks(cores, labels=[f"{n:,}" if n in (cores[0], best.cores, cores[-1]) else "" for n in cores])
    axes.minorticks_off()
    for side, name, unit in ((axes, "time", f"{letter}s"), (second, "energy", f"{of_joule}J")):
        side.set_ylim(bottom=0)
        side.set_ylabel(f"{name} of a step ({unit})")
    axes.set_xlabel("cores")
    lines = [*axes.get_lines()[:1], *second.get_lines()]
    axes.legend(lines, [str(line.get_label()) for line in lines], loc="upper right")
