"""The map of the chips of a program: cores by their use of a resource, tiles, populations, and the heaviest traffic."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError, finding
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.subject import about
from neurodeploy.plot.frame import INK, QUIET, colours, frame, unknown
from neurodeploy.plot.layout import Layout, Sent, layout_of, messages_between, population_shares
from neurodeploy.plot.rows import place_in
from neurodeploy.profile import resource_use
from neurodeploy.program import Program
from neurodeploy.signals import Recording
from neurodeploy.simulate.recording_check import require_sound_recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["chip"]

STRIP = 0.24
"""Height of the strip of populations in a core, as a share of it."""
MOST_ARROWS = 10_000
"""Most arrows of traffic; more would be a picture of nothing."""
LEGEND = 14
"""Most populations that the legend names."""


def chip(
    program: Program,
    recording: Recording | None = None,
    *,
    resource: str | None = None,
    traffic: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with the chips that a program uses, in tiles and cores; the darker a core, the fuller it is.

    The strip below a core shows the shares of populations in its compartments. Unused cores are outlines.

    `program`: the compiled network. `recording`: a recording of it, whose spikes weigh the traffic; default: every neuron spikes
    once. `resource`: a limited resource such as "synapse_memory"; default: of each core the one that is
    fullest. `traffic`: number of arrows between the pairs of cores that exchange most messages, from 0. `ax`: Axes to draw on;
    default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND765 (matplotlib is not
    installed), ND767 (no such resource).

    Example: nd.plot.chip(program, recording, traffic=20)
    """
    needs("plot.chip", program=(program, Program), recording=(recording, (Recording, type(None))))
    if place_in(traffic, MOST_ARROWS + 1) is None:
        message = f"argument 'traffic': needs a whole number from 0 to {MOST_ARROWS:,}"
        raise DiagnosticError("plot.chip", (finding("ND002", about("function", "plot.chip"), message),))
    if recording is not None:
        require_sound_recording(recording, program)
    use, label = _use(program, resource)
    layout, names = layout_of(program), [item.name for item in program.populations]
    tint = colours(names)
    rows = len({float(corner[1]) for corner in layout.corners})
    height = 3.0 * rows * layout.size[1] / (layout.size[0] * max(1, -(-layout.chips.size // rows))) + 0.9
    with frame(ax, "plot.chip", height=min(max(height, 1.6), 7.0)) as axes:
        _slots(axes, layout)
        _cores(axes, layout, use, label)
        _strips(axes, layout, population_shares(program), [tint[name] for name in names])
        _arrows(axes, layout, messages_between(program, recording), int(traffic))
        _bounds(axes, layout)
        _legend(axes, tint)
    return axes


def _use(program: Program, resource: str | None) -> tuple[NDArray[np.float64], str]:
    """(n_cores,) use in percent of the limit, and what it is of."""
    every = {item.name: item for item in resource_use(program) if item.limit}
    if resource is not None and resource not in every:
        raise DiagnosticError("plot.chip", (unknown("plot.chip", "resource", resource, list(every)),))
    chosen = list(every.values()) if resource is None else [every[resource]]
    shares = [100 * np.asarray(item.per_core, dtype=np.float64) / (item.limit or 1) for item in chosen]
    what = "the fullest resource" if resource is None else resource.replace("_", " ")
    return np.max(shares, axis=0), f"use of {what} (% of a core)"


def _squares(corners: NDArray[np.float64], width: float, height: float, **looks: Any) -> Any:
    """A collection of rectangles of one size with their lower left corners at `corners`."""
    from matplotlib.collections import PolyCollection

    shape = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return PolyCollection(list(corners[:, None] + shape[None]), **looks)


def _slots(axes: Axes, layout: Layout) -> None:
    grey: dict[str, Any] = {"facecolor": "none", "edgecolor": "#D9D9D9", "linewidth": 0.4}
    axes.add_collection(_squares(layout.slots, 1, 1, **grey))
    axes.add_collection(_squares(layout.tiles, *layout.tile_size, **{**grey, "edgecolor": QUIET, "linewidth": 0.5}))


def _cores(axes: Axes, layout: Layout, use: NDArray[np.float64], label: str) -> None:
    cells = _squares(layout.cores, 1, 1, edgecolor=QUIET, linewidth=0.4, cmap="Blues")
    cells.set_array(use)
    cells.set_clim(0, 100)
    cells.set_gid("cores")
    axes.add_collection(cells)
    bar = axes.figure.colorbar(cells, ax=axes, orientation="horizontal", fraction=0.06, aspect=40, pad=0.02)
    bar.set_label(label)
    bar.outline.set_linewidth(0.4)  # pyright: ignore[reportCallIssue]  # the stubs take an artist for its class


def _strips(axes: Axes, layout: Layout, shares: NDArray[np.float64], tints: list[str]) -> None:
    """Draw the strip of each core: a rectangle for each of its populations, as wide as its share."""
    from matplotlib.collections import PolyCollection

    right = np.cumsum(shares, axis=1)
    core, population = np.nonzero(shares)
    x0 = layout.cores[core, 0] + (right - shares)[core, population]
    x1 = layout.cores[core, 0] + right[core, population]
    y0, y1 = layout.cores[core, 1], layout.cores[core, 1] + STRIP
    corners = np.stack([x0, y0, x1, y0, x1, y1, x0, y1], axis=1).reshape(-1, 4, 2)
    strips = PolyCollection(list(corners), facecolors=[tints[index] for index in population], linewidth=0)
    strips.set_gid("populations")
    axes.add_collection(strips)


def _arrows(axes: Axes, layout: Layout, sent: Sent, most: int) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.patheffects import withStroke

    middle = layout.cores + 0.5
    for sender, receiver, messages in zip(*(column[:most] for column in sent), strict=True):
        width = 0.3 + 0.9 * messages / sent.messages[0]
        arrow = FancyArrowPatch(
            tuple(middle[sender]),
            tuple(middle[receiver]),
            connectionstyle="arc3,rad=0.15",
            arrowstyle="-|>",
            mutation_scale=3 + 2 * width,
            linewidth=width,
            color=INK,
            path_effects=[withStroke(linewidth=width + 1, foreground="white", alpha=0.8)],
        )
        arrow.set_gid(f"{sender} to {receiver}")
        axes.add_patch(arrow)


def _bounds(axes: Axes, layout: Layout) -> None:
    low, high = layout.corners.min(axis=0) - 0.4, layout.corners.max(axis=0) + np.array(layout.size) + 0.4
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1] + (0.9 if layout.chips.size > 1 else 0))
    axes.set_aspect("equal")
    axes.set_axis_off()
    for number, corner in zip(layout.chips, layout.corners, strict=True) if layout.chips.size > 1 else ():
        axes.text(corner[0], corner[1] + layout.size[1] + 0.15, f"chip {number}", fontsize="x-small", color=INK)


def _legend(axes: Axes, tint: dict[str, str]) -> None:
    from matplotlib.patches import Patch

    if not 1 < len(tint) <= LEGEND:
        return
    handles = [Patch(color=colour, label=name) for name, colour in tint.items()]
    columns = min(len(handles), 4)
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, handlelength=0.8)
