"""A small raster as SVG inside HTML."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report.markup import element, number, text

__all__ = ["small_raster"]

WIDTH, LABELS, BAND, GAP, FOOT = 560, 110, 44, 6, 16
"""Sizes in pixels: of the picture, of the column of names, of a population, of the space between two, of the line of steps."""
MOST = 2_000
"""Spikes of a population beyond which every n-th is drawn."""
TINTS = ("#3b87c8", "#d9691e", "#199a6f", "#b86fa5", "#7a869a", "#b38600")
"""Colours of populations, on white and on black."""


def small_raster(spikes: Mapping[str, NDArray[np.int64]], sample: int, first_step: int, last_step: int) -> str:
    """Return the raster of one sample: a row for each population, a stroke for each spike.

    `spikes`: name -> (n, 3) rows (sample, step, neuron). `first_step` and `last_step`: ends of the time axis.
    """
    height = len(spikes) * (BAND + GAP) + FOOT
    parts = [
        _band(name, rows[rows[:, 0] == sample], row * (BAND + GAP), (first_step, last_step), TINTS[row % len(TINTS)])
        for row, (name, rows) in enumerate(spikes.items())
    ]
    foot = {"y": height - 3, "font_size": 11, "fill": "currentColor", "opacity": 0.75}
    parts.append(element("text", text(f"step {first_step:,}"), x=LABELS, **foot))
    parts.append(element("text", text(f"{last_step:,}"), x=WIDTH, text_anchor="end", **foot))
    return element(
        "svg",
        *parts,
        width=WIDTH,
        height=height,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=f"raster of sample {sample}",
        style="max-width:100%;font-family:sans-serif",
    )


def _band(name: str, rows: NDArray[np.int64], top: float, steps: tuple[int, int], tint: str) -> str:
    every = max(1, -(-len(rows) // MOST))
    kept = rows[::every].astype(np.float64)
    size = float(rows[:, 2].max()) + 1 if len(rows) else 1.0
    stroke = max(2.5, min(8.0, 0.8 * BAND / size))
    x = LABELS + (kept[:, 1] - steps[0] + 0.5) * (WIDTH - LABELS) / (steps[1] - steps[0] + 1)
    y = top + BAND - stroke - (BAND - stroke) * kept[:, 2] / max(size - 1, 1)
    path = "".join(f"M{number(a)} {number(b)}v{number(stroke)}" for a, b in zip(x, y, strict=True))
    short = name if len(name) <= 15 else name[:14] + "\N{HORIZONTAL ELLIPSIS}"
    label = element("text", text(short), x=0, y=top + BAND / 2 + 4, font_size=12, fill=tint)
    rule = element("path", d=f"M{LABELS} {top + BAND + GAP / 2}h{WIDTH - LABELS}", stroke="currentColor", opacity=0.2)
    return label + rule + element("path", d=path, stroke=tint, stroke_width=1.2, fill="none")
