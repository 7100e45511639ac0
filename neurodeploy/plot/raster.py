"""Spikes over time: the raster of one sample, and mean rates over steps."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import raise_errors
from neurodeploy.diagnostics.choices import whole_faults
from neurodeploy.plot.frame import INK, QUIET, colours, frame, one_of, tidy
from neurodeploy.plot.rows import Group, groups_of, require_sample
from neurodeploy.program import Program
from neurodeploy.signals import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["raster", "rates"]

GAP = 0.03
"""Space between two bands, as a share of all bands."""
LEAST = 0.08
"""Least height of a band, as a share of all bands."""
SHORTEST = 0.012
"""Least height of a stroke, as a share of all bands, so that spikes of large populations stay visible."""
PIXELS = 20_000
"""Spikes of a population beyond which those that lie on top of each other are drawn once, and more strokes are an image within
vector files, which would otherwise take megabytes."""
COLUMNS = 4_000
"""Steps of such a population that are told apart."""


class Band(NamedTuple):
    """The part of the y axis that belongs to one population."""

    low: float
    height: float


def _bands(groups: Sequence[Group]) -> list[Band]:
    """Bands from below. Each has the least height and a share of the rest by the square root of its neurons, so that a few outputs
    are visible beside thousands of inputs.
    """
    weights = np.sqrt([group.size for group in groups])
    least = min(LEAST, 0.5 / len(groups))
    shares = least + (1 - least * len(groups)) * weights / weights.sum()
    heights = (1 - GAP * (len(groups) - 1)) * shares
    lows = np.r_[0, np.cumsum(heights + GAP)[:-1]]
    return [Band(float(low), float(height)) for low, height in zip(lows, heights, strict=True)]


def raster(
    program: Program,
    recording: Recording,
    *,
    sample: int = 0,
    populations: Sequence[str] | None = None,
    inputs: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with a stroke for each spike of one sample: steps from left to right, neurons upwards, inputs lowest.

    Each population has a band, whose height grows with the square root of its neurons. Within it neuron 0 is the lowest. Of a population with
    more than 20,000 spikes, strokes that lie on top of each other are drawn once.

    `program`, `recording`: what ran, and a recording of it. `sample`: number of the sample, from 0. `populations`: names of
    populations and inputs, from below; default: all. `inputs`: whether the lines of inputs are drawn where
    `populations` is not given. `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND765 (matplotlib is not
    installed), ND766 (spikes not recorded), ND767 (no such sample or population).

    Example: nd.plot.raster(program, recording, sample=3).figure.savefig("raster.pdf")
    """
    groups = groups_of("plot.raster", program, recording, populations, inputs=inputs)
    number = require_sample("plot.raster", recording, sample)
    tint = colours(group.name for group in groups if not group.is_input)
    with frame(ax, "plot.raster", height=2.4) as axes:
        bands = _bands(groups)
        for group, band in zip(groups, bands, strict=True):
            _strokes(axes, group, band, number, tint.get(group.name, INK))
        for lower, upper in pairwise(bands):
            axes.axhline((lower.low + lower.height + upper.low) / 2, color=QUIET, linewidth=0.3)
        _time_axis(axes, program, recording)
        axes.set_ylim(-GAP / 2, 1 + GAP / 2)
        axes.set_yticks([band.low + band.height / 2 for band in bands])
        axes.set_yticklabels([f"{group.name}\n{group.size:,}" for group in groups])
        for label, group in zip(axes.get_yticklabels(), groups, strict=True):
            label.set_color(tint.get(group.name, INK))
        tidy(axes, left=False)
    return axes


def _strokes(axes: Axes, group: Group, band: Band, sample: int, colour: str) -> None:
    mine = group.rows[group.rows[:, 0] == sample, 1:]
    pitch = band.height / group.size
    if len(mine) > PIXELS:
        mine = _thinned(mine, max(1, int(SHORTEST / 2 / pitch)))
    middle, half = band.low + (mine[:, 1] + 0.5) * pitch, max(0.42 * pitch, SHORTEST / 2)
    lines = axes.vlines(mine[:, 0], middle - half, middle + half, colors=colour, linewidths=0.8)
    lines.set_gid(f"spikes of {group.name}")
    lines.set_rasterized(len(mine) > PIXELS)


def _thinned(spikes: NDArray[np.int64], together: int) -> NDArray[np.int64]:
    """(n, 2) steps and neurons, one for each step and `together` neurons: the others would lie on top of it.

    Beyond COLUMNS steps, neighbouring steps count as one.
    """
    steps, neurons = spikes.T
    wide = max(1, -(-int(steps.max() - steps.min() + 1) // COLUMNS))
    keys = (steps // wide) * (neurons.max() // together + 1) + neurons // together
    return spikes[np.unique(keys, return_index=True)[1]]


def _time_axis(axes: Axes, program: Program, recording: Recording) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(recording.first_step - 0.5, recording.n_steps + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel(f"step ({1e3 * program.network.time.dt_s:g} ms each)")


def rates(
    program: Program,
    recording: Recording,
    *,
    sample: int | None = None,
    populations: Sequence[str] | None = None,
    inputs: bool = False,
    window: int = 1,
    unit: Literal["step", "Hz"] = "step",
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with the rate of each population over time: the mean over its neurons, and over samples.

    `program`, `recording`: what ran, and a recording of it. `sample`: number of one sample, from 0; default: the mean over all.
    `populations`: names of populations and inputs; default: all. `inputs`: whether the lines of inputs are drawn
    where `populations` is not given. `window`: steps of the running mean, from 1; the first steps have fewer. `unit`: "step",
    spikes per neuron and step; "Hz", spikes per neuron and second. `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND765 (matplotlib is not
    installed), ND766 (spikes not recorded), ND767 (no such sample or population).

    Example: nd.plot.rates(program, recording, window=5, unit="Hz")
    """
    raise_errors("plot.rates", whole_faults("plot.rates", window=window))
    groups = groups_of("plot.rates", program, recording, populations, inputs=inputs)
    number = None if sample is None else require_sample("plot.rates", recording, sample)
    one_of("plot.rates", "unit", unit, ("step", "Hz"))
    tint = colours(group.name for group in groups if not group.is_input)
    steps = np.arange(recording.first_step, recording.n_steps + 1)
    per_step = 1 / program.network.time.dt_s if unit == "Hz" else 1.0
    with frame(ax, "plot.rates", height=2.0) as axes:
        for group in groups:
            values = per_step * _running(_per_step(group, recording, number), window)
            dash = "--" if group.is_input else "-"
            axes.plot(steps, values, color=tint.get(group.name, INK), linestyle=dash, label=group.name)
        _time_axis(axes, program, recording)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("rate (spikes/s per neuron)" if unit == "Hz" else "spikes per neuron and step")
        axes.legend(loc="best", ncols=1 + (len(groups) > 4))
        tidy(axes)
    return axes


def _per_step(group: Group, recording: Recording, sample: int | None) -> NDArray[np.float64]:
    """(steps,) spikes per neuron in each step, of one sample or as a mean over all."""
    rows = group.rows if sample is None else group.rows[group.rows[:, 0] == sample]
    length = recording.n_steps - recording.first_step + 1
    total = np.bincount(rows[:, 1] - recording.first_step, minlength=length).astype(np.float64)
    return total / (group.size * (max(recording.n_samples, 1) if sample is None else 1))


def _running(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """The mean of each value and up to `window` - 1 values before it."""
    held: NDArray[np.float64] = np.r_[0.0, np.cumsum(values)]
    last = np.arange(1, values.size + 1)
    first = np.maximum(last - window, 0)
    return (held[last] - held[first]) / (last - first)
