"""What a run has learned: weights before and after, and the weights onto each target as pictures."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError, about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import INK, PALETTE, frame, nothing, tidy, unknown
from neurodeploy.plot.rows import require_sample
from neurodeploy.program import Program
from neurodeploy.signals import Recording
from neurodeploy.simulate.learned_summary import LearnedProjection, field_shape, learned_projections
from neurodeploy.simulate.probes import probed_variables
from neurodeploy.simulate.recording_check import require_sound_recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["receptive_fields", "traces", "weights"]

BINS, MOST_FIELDS, MOST_LINES = 40, 36, 8
"""Bars of a histogram, targets that are drawn, and lines of traces."""
HOOK = "a network with plasticity, and nd.run without learn='off'"


def weights(
    program: Program,
    recording: Recording,
    projection: str | None = None,
    *,
    sample: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with the distribution of the weights of a plastic projection before and after a run, in mantissas.

    The range of the x axis is what the rule can reach. `program`, `recording`: what ran, and a recording of it.
    `projection`: name of a plastic projection; default: the first. `sample`: the one whose weights are shown, from 0, if several
    learned apart; default: all together. `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND765 (matplotlib is not
    installed), ND766 (nothing learned), ND767 (no such projection or sample).

    Example: nd.plot.weights(program, nd.run(program, x, learn="sequential"))
    """
    function = "plot.weights"
    item = _learned(function, program, recording, projection)
    needs(function, sample=(sample, (int, type(None))))
    after = item.after if sample is None else item.after[[_row(function, item, recording, sample)]]
    low, high = item.limits
    edges = np.linspace(low, high, BINS + 1)
    with frame(ax, function, height=1.9) as axes:
        counts = np.histogram(np.clip(after, low, high), edges)[0] / len(after)
        before = np.histogram(np.clip(item.before, low, high), edges)[0]
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=PALETTE[0], label="after")
        axes.step(edges, np.append(before, before[-1]), where="post", color=INK, linewidth=0.9, label="before")
        axes.set_xlim(low, high)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(f"weight of {item.name} (mantissas)")
        axes.set_ylabel("synapses")
        axes.legend(loc="best")
        tidy(axes)
    return axes


def receptive_fields(
    program: Program,
    recording: Recording,
    projection: str | None = None,
    *,
    targets: Sequence[int] | None = None,
    sample: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with the learned weights onto some targets, each as a picture in the shape of the source.

    All pictures share one scale: blue below 0, red above. Channels of a source are drawn above one another; a flat source is a
    square where it can be. `program`, `recording`: what ran, and a recording of it. `projection`: name of a plastic
    projection; default: the first. `targets`: numbers of target neurons, from 0, at most 36; default: those whose weights
    changed most. `sample`: the one whose weights are shown, from 0, if several learned apart. `ax`: Axes to draw on;
    default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND765 (matplotlib is not
    installed), ND766 (nothing learned), ND767 (no such projection, target or sample).

    Example: nd.plot.receptive_fields(program, recording, targets=range(16))
    """
    function = "plot.receptive_fields"
    item = _learned(function, program, recording, projection)
    needs(function, targets=(targets, (list, tuple, range, np.ndarray, type(None))))
    row = _row(function, item, recording, sample)
    fields = item.fields(row)
    chosen = _most_changed(item, row) if targets is None else _targets(function, targets, len(fields))
    channels, height, width = field_shape(program.network, item.synapses.projection.source)
    pictures = fields[chosen].reshape(len(chosen), channels * height, width)
    sheet = _sheet(pictures)
    with frame(ax, function, height=0.3 + 2.7 * len(sheet) / len(sheet[0])) as axes:
        most = max(float(np.nanmax(np.abs(sheet))), 1.0)
        image = axes.imshow(sheet, cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest")
        axes.set_axis_off()
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.7, aspect=25)
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]  # a spine, which is declared as a property
        bar.set_label(f"weight of {item.name} (mantissas)")
    return axes


def traces(
    program: Program,
    recording: Recording,
    probe: str | None = None,
    *,
    numbers: Sequence[int] = (0,),
    sample: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with a recorded trace, weight, tag or delay of a plastic projection over the steps of one sample.

    `program`, `recording`: what ran, and a recording of it with a probe. `probe`: name of the probe, such as "in_cells.x1";
    default: the first of a plastic projection. `numbers`: at most 8 numbers from 0: of sources for x, of targets for y, of
    synapses, by source and then by target, for w, d and t. `sample`: number of the sample, from 0. `ax`: Axes to draw on;
    default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND765 (matplotlib is not
    installed), ND766 (no such state recorded), ND767 (no such probe, number or sample).

    Example: nd.plot.traces(program, nd.run(program, x, probes="in_cells.x1"), numbers=[0, 3])
    """
    function = "plot.traces"
    needs(function, program=(program, Program), recording=(recording, Recording), probe=(probe, (str, type(None))))
    needs(function, numbers=(numbers, (list, tuple, range, np.ndarray)))
    require_sound_recording(recording, program)
    plastic = {item.name for item in program.network.projections if item.plasticity is not None}
    own = {item.name: item.variable for item in probed_variables(program.network) if item.population in plastic}
    names = {
        name: own.get(name, name.rpartition(".")[2])
        for name in recording.states
        if name in own or name.rpartition(".")[0] in plastic
    }
    if not names:
        message = "has no trace or weight of a plastic projection"
        raise nothing(function, about("recording", recording.backend), message, "nd.run(..., probes='PROJECTION.x1')")
    name = probe or next(iter(names))
    if name not in names:
        raise DiagnosticError(function, (unknown(function, "probe", name, list(names)),))
    values = recording.states[name][require_sample(function, recording, sample)]
    kind = {"x": "source", "y": "target"}.get(names[name][0], "synapse")
    chosen = _targets(function, numbers, values.shape[1], kind)[:MOST_LINES]
    steps = np.arange(recording.n_steps - len(values) + 1, recording.n_steps + 1)
    with frame(ax, function, height=1.9) as axes:
        for index, number in enumerate(chosen):
            colour = PALETTE[index % len(PALETTE)]
            axes.plot(steps, values[:, number], drawstyle="steps-mid", color=colour, label=f"{kind} {number}")
        axes.set_xlabel("step")
        axes.set_ylabel(name)
        axes.margins(x=0)
        if len(chosen) > 1:
            axes.legend(loc="best")
        tidy(axes)
    return axes


def _learned(function: str, program: Program, recording: Recording, name: str | None) -> LearnedProjection:
    """What a projection learned. Raises DiagnosticError: ND002, ND513, ND766, ND767."""
    needs(function, program=(program, Program), recording=(recording, Recording), projection=(name, (str, type(None))))
    require_sound_recording(recording, program)
    found = {item.name: item for item in learned_projections(program, recording)}
    if not found:
        raise nothing(function, about("recording", recording.backend), "holds no learned weights", HOOK)
    if name is not None and name not in found:
        raise DiagnosticError(function, (unknown(function, "plastic projection", name, list(found)),))
    return next(iter(found.values())) if name is None else found[name]


def _row(function: str, item: LearnedProjection, recording: Recording, sample: int) -> int:
    """The row of the weights of a sample; 0 where all samples share them."""
    number = require_sample(function, recording, sample)
    return number if len(item.after) > 1 else 0


def _targets(function: str, given: Sequence[int], size: int, kind: str = "target") -> NDArray[np.int64]:
    """Numbers of neurons or synapses as an array. Raises DiagnosticError: ND767."""
    known = [f"0 to {size - 1}"] if size else []
    whole = np.asarray(given)
    wrong = [item for item in given if whole.dtype.kind not in "iu" or not 0 <= item < size]
    if wrong:
        raise DiagnosticError(function, (unknown(function, kind, wrong[0], known),))
    if not len(given):
        raise nothing(function, about("function", function), f"no {kind} is named")
    return np.array(given, dtype=np.int64)[:MOST_FIELDS]


def _most_changed(item: LearnedProjection, row: int) -> NDArray[np.int64]:
    """The targets whose weights changed most, ascending."""
    listed = item.synapses.listed
    change: NDArray[np.float64] = np.zeros(listed.n_target)
    np.add.at(change, listed.post, np.abs(item.after[row] - item.before).astype(np.float64))
    return np.sort(np.argsort(-change, kind="stable")[:MOST_FIELDS])


def _sheet(pictures: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pictures (n, height, width) side by side in rows, with empty lines between them."""
    n, height, width = pictures.shape
    columns = min(ceil((n * height / width) ** 0.5), n)
    rows = ceil(n / columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for place, picture in enumerate(pictures):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        sheet[top : top + height, left : left + width] = picture
    return sheet
