"""Weights of a network beside those that a chip stores: their ranges, what is clipped, and the error of each."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import DiagnosticError, about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.hardware.arithmetic import mantissa_limits
from neurodeploy.hardware.target import Target
from neurodeploy.network.connectivity import connectivity_of
from neurodeploy.plot.frame import INK, PALETTE, QUIET, frame, nothing, tidy, unknown
from neurodeploy.program import Program
from neurodeploy.quantize.fold import fold
from neurodeploy.quantize.quantize import quantize
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.quantize.weights import volts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["StoredWeights", "quantization", "stored_weights"]

BINS = 60
MOST = 20_000
"""Points of a scatter beyond which every n-th is drawn."""


class StoredWeights(NamedTuple):
    """The weights of one projection in volts per spike: as the network has them, and as a chip stores them."""

    projection: str
    weights: NDArray[np.float64]
    """(n,) with the gain of the target neurons; those of a convolution count once."""
    stored: NDArray[np.float64]
    """(n,) products of mantissa and unit."""
    low: float
    """Smallest weight that can be stored."""
    high: float
    """Largest weight that can be stored."""
    bits: int
    """Stored bits of a weight."""

    @property
    def error(self) -> float:
        """RMS of the error, relative to the RMS of the weights; 0 without weights."""
        power = float(np.square(self.weights).sum())
        return float(np.square(self.stored - self.weights).sum() / power) ** 0.5 if power else 0.0

    @property
    def clipped(self) -> int:
        """Weights beyond what can be stored, by more than half a unit of the rounding."""
        outside = (self.weights > self.high) | (self.weights < self.low)
        return int(np.count_nonzero(outside & (np.abs(self.stored - self.weights) > 1e-9 * max(self.high, -self.low))))


def stored_weights(program: Program, quantized: Quantized | None = None) -> list[StoredWeights]:
    """Return the weights of every projection onto a population of floats, as they are and as they are stored.

    `program`: the compiled network. `quantized`: its integers, where they are at hand; otherwise they are computed again.
    """
    target = program.target
    made = quantized or quantize(program.network, target, program.quantize_options)
    network, scales = made.network, {item.name: item.scale for item in made.populations}
    found = list[StoredWeights]()
    for projection, integers in zip(network.projections, made.projections, strict=True):
        scale = scales[projection.target]
        if scale is None:
            continue
        gain = fold(network.population_by_name[projection.target], network.time.dt_s).weight_gain
        connectivity: Any = connectivity_of(projection, network.source_size(projection.source))
        mine: Any = integers.connectivity
        if type(mine) is not type(connectivity) or not (gain == gain[:1]).all():
            connectivity, mine = connectivity.listed(), mine.listed()
        found.append(_stored(target, projection.name, volts_of(connectivity, gain), mine.weights, integers, scale))
    return found


def _stored(
    target: Target, name: str, volts: NDArray[np.float64], mantissas: Any, integers: Any, scale: float
) -> StoredWeights:
    dialect, style = target.dialect, integers.weight_format
    unit = float(1 << dialect.weight_shift_bits) * 2.0**style.exponent / scale
    low, high = mantissa_limits(dialect, style.weight_bits, style.sign_mode)
    low = -high if style.sign_mode == "mixed" else low
    return StoredWeights(name, volts, unit * mantissas.astype(np.float64), unit * low, unit * high, style.weight_bits)


def quantization(
    result: Program | Compilation, projection: str | None = None, *, error: bool = False, ax: Axes | None = None
) -> Axes:
    """Return Axes with the weights of a network beside those that the chip stores.

    Without `projection` each projection has a row: the distribution of its weights over the range that can be stored, which is
    grey, with its bits and the relative error of rounding. With `projection`, each of its weights is a point: as it is
    stored, or with `error` by how much that is off, against its value in the network.

    Weights are in volts per spike, with the gain of the target neurons, which is what the chip adds.

    `result`: a program, or what nd.check returns. `projection`: name of one projection. `error`: whether the error is drawn.
    `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (no program, or no weights of
    floats), ND767 (no such projection).

    Example: nd.plot.quantization(nd.check(network, "loihi1", weight_bits={"*": 4}))
    """
    needs("plot.quantization", result=(result, (Program, Compilation)), projection=(projection, (str, type(None))))
    rows = _weights(result)
    if projection is not None:
        chosen = [row for row in rows if row.projection == projection]
        if not chosen:
            names = [row.projection for row in rows]
            raise DiagnosticError("plot.quantization", (unknown("plot.quantization", "projection", projection, names),))
        return _points(chosen[0], ax, error=error)
    with frame(ax, "plot.quantization", height=0.75 + 0.42 * len(rows)) as axes:
        for place, row in enumerate(reversed(rows)):
            _row(axes, place, row)
        axes.set_yticks(range(len(rows)), labels=[row.projection for row in reversed(rows)])
        axes.set_ylim(-0.25, len(rows) - 0.1)
        axes.set_xlabel("weight / largest weight that can be stored")
        tidy(axes, left=False)
    return axes


def _weights(result: Program | Compilation) -> list[StoredWeights]:
    program = result if isinstance(result, Program) else result.program
    if program is None:
        raise nothing("plot.quantization", about("function", "plot.quantization"), "the compilation has no program")
    quantized = result.quantized if isinstance(result, Compilation) else None
    rows = [row for row in stored_weights(program, quantized) if row.weights.size]
    if not rows:
        message = "has no weights of floats: the network already consists of integers"
        raise nothing("plot.quantization", about("network", program.network.name), message)
    return rows


def _row(axes: Axes, place: int, row: StoredWeights) -> None:
    """Draw the distribution of a projection's weights as an area above its line, over the grey range that can be stored."""
    largest = max(row.high, -row.low)
    low, high = row.low / largest, row.high / largest
    axes.barh(place + 0.3, high - low, left=low, height=0.6, color="#EDEDED", linewidth=0)
    shares = row.weights / largest
    edges = np.linspace(min(shares.min(), low), max(shares.max(), high), BINS + 1)
    counts, _ = np.histogram(shares, edges)
    tops = place + 0.6 * counts / max(counts.max(), 1)
    axes.fill_between(edges, np.r_[tops, tops[-1]], place, step="post", color=PALETTE[0], linewidth=0)
    axes.hlines(place, edges[0], edges[-1], color=INK, linewidth=0.5)
    note = f"{row.bits} bit, error {row.error:.1%}"
    note += f", {row.clipped:,} clipped" if row.clipped else ""
    axes.text(
        1.0, place + 0.62, note, fontsize="x-small", ha="right", va="bottom", transform=axes.get_yaxis_transform()
    )


def _points(row: StoredWeights, ax: Axes | None, *, error: bool) -> Axes:
    every = -(-row.weights.size // MOST)
    weights, stored = row.weights[::every], row.stored[::every]
    with frame(ax, "plot.quantization", height=2.3) as axes:
        drawn = stored - weights if error else stored
        axes.plot(weights, drawn, ".", color=PALETTE[0], markersize=2, rasterized=weights.size > MOST // 4)
        ends = np.array([weights.min(), weights.max()])
        axes.plot(ends, np.zeros(2) if error else ends, color=QUIET, linewidth=0.6)
        for limit in (row.low, row.high):
            if ends[0] <= limit <= ends[1]:
                axes.axvline(limit, color=PALETTE[1], linewidth=0.8, linestyle="--")
        axes.set_xlabel(f"weight of {row.projection} (V per spike)")
        axes.set_ylabel("stored less weight (V)" if error else f"stored, {row.bits} bit (V per spike)")
        tidy(axes)
    return axes
