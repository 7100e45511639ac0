"""The best points of a sweep among all of them."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import PALETTE, QUIET, frame, nothing, prefix, tidy
from neurodeploy.sweep.nouns import Sweep
from neurodeploy.sweep.pareto import MAXIMIZED, numbers_of, usual_measures
from neurodeploy.sweep.pareto import pareto as best_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["pareto"]

UNITS = {"j": "J", "s": "s", "w": "W"}
DECADES = 100
"""Ratio of the largest value of an axis to the least from which it is logarithmic."""


def pareto(
    sweep: Sweep,
    x: str | None = None,
    y: str | None = None,
    *,
    colour: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with every point of a sweep in the plane of two measures, and the best ones joined by a line of steps.

    Less of `x` is better; of `y`, more is better if it is the accuracy, and less otherwise. By default accuracy against energy.

    `sweep`: what nd.sweep returns. `x`, `y`: measures, or axes with numbers. `colour`: an axis or measure whose number colours the
    points. `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (nothing to draw), ND969 (a measure
    that no row has).

    Example: nd.plot.pareto(result, "energy_j", "accuracy", colour="weight_bits")
    """
    text = (str, type(None))
    needs("plot.pareto", sweep=(sweep, Sweep), x=(x, text), y=(y, text), colour=(colour, text))
    with frame(ax, "plot.pareto", height=2.4) as axes:
        most, least = usual_measures(sweep)
        named = [name or usual for name, usual in ((x, next(iter(least), None)), (y, next(iter(most), None)))]
        across, up = named
        if across is None or up is None:
            raise nothing("plot.pareto", about("sweep", sweep.objective), "has no accuracy and energy", "name x and y")
        _draw(axes, sweep, (across, up), colour)
        tidy(axes)
    return axes


def _draw(axes: Axes, sweep: Sweep, names: tuple[str, str], colour: str | None) -> None:
    wanted = (*names, *([colour] if colour else []))
    rows = numbers_of(sweep, wanted, "plot.pareto")
    if not rows:
        raise nothing("plot.pareto", about("sweep", sweep.objective), "no row has numbers for all of them")
    columns = [list(values) for values in zip(*(numbers for _, numbers in rows), strict=True)]
    scales = [_scale(name, values) for name, values in zip(names, columns, strict=False)]
    columns[:2] = [[value / scale for value in values] for values, (scale, _) in zip(columns, scales, strict=False)]
    up = names[1] in MAXIMIZED
    front = best_rows(sweep, names[1:] if up else (), names[:1] if up else names)
    places = {row.address: numbers for row, numbers in rows}
    (by_x, _), (by_y, _) = scales
    line = sorted(
        (places[row.address][0] / by_x, places[row.address][1] / by_y) for row in front if row.address in places
    )
    if line:
        across, along = zip(*line, strict=True)
        axes.step(across, along, where="post", color=PALETTE[1], linewidth=1.0, label="best points", zorder=2)
        axes.plot(across, along, "o", color="none", markeredgecolor=PALETTE[1], markersize=6, zorder=3)
    if colour:
        dots = axes.scatter(columns[0], columns[1], c=columns[2], s=12, cmap="viridis", zorder=4)
        bar = axes.figure.colorbar(dots, ax=axes)
        bar.set_label(colour)
    else:
        axes.plot(columns[0], columns[1], "o", color=QUIET, markersize=3, label="points", zorder=1)
    for values, (_, label), part in zip(columns, scales, "xy", strict=False):
        if min(values) > 0 and max(values) > DECADES * min(values):
            (axes.set_xscale if part == "x" else axes.set_yscale)("log")
        (axes.set_xlabel if part == "x" else axes.set_ylabel)(label)
    axes.legend(loc="best")


def _scale(name: str, values: Sequence[float]) -> tuple[float, str]:
    """The unit in which the values of a measure are drawn, and its label: energy_j is "energy (nJ)"."""
    words, _, unit = name.rpartition("_")
    if not words or unit not in UNITS:
        return 1.0, name.replace("_", " ")
    scale, letter = prefix(max(abs(value) for value in values))
    return scale, f"{words.replace('_', ' ')} ({letter}{UNITS[unit]})"
