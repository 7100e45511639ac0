"""What more steps, more bits or other options bring: the score of a network on a chip against a setting."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.blame.nouns import Study
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import INK, PALETTE, QUIET, frame, nothing, tidy
from neurodeploy.tuning import Tuned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["tuning"]

MEASURES = {"accuracy": "accuracy", "r2": "R2", "spikes": "agreement of spike counts"}


def tuning(
    result: Study | Tuned | Mapping[int, float],
    *,
    labels: tuple[str, str] = ("setting", "score"),
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with the score of a network against steps, the result of a search for options, or scores of your own.

    A Study is drawn over its steps: the chip with its standard error, the spiking network in floats, and the trained network as a
    dashed line. A Tuned is drawn by population: the difference of spike counts from the float reference, before and after.
    A mapping is drawn as points, so that a sweep of weight bits is one picture.

    `result`: what nd.study returns, what `neurodeploy.tuning.tune` returns, or {setting: score}. `labels`: (x, y) of a
    mapping. `ax`: Axes to draw on; default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND765 (matplotlib is not installed), ND766 (nothing to draw).

    Example: nd.plot.tuning(nd.study(converted, x_test, y_test))
    """
    needs("plot.tuning", result=(result, (Study, Tuned, Mapping)), labels=(labels, (tuple, list)))
    with frame(ax, "plot.tuning", height=2.1) as axes:
        if isinstance(result, Study):
            _study(axes, result)
        elif isinstance(result, Tuned):
            _tuned(axes, result)
        else:
            _scores(axes, result, labels)
        tidy(axes)
    return axes


def _study(axes: Axes, study: Study) -> None:
    steps = [row.steps for row in study.rows]
    axes.axhline(study.trained, color=QUIET, linestyle="--", linewidth=0.8, label="trained network")
    floats = [(row.steps, row.spiking) for row in study.rows if row.spiking is not None]
    if floats:
        axes.plot(*zip(*floats, strict=True), color=PALETTE[0], marker="o", markersize=3, label="spiking, in floats")
    errors = [row.standard_error for row in study.rows]
    axes.errorbar(
        steps,
        [row.chip for row in study.rows],
        yerr=errors,
        color=PALETTE[1],
        marker="s",
        markersize=3,
        elinewidth=0.8,
        capsize=2,
        label=study.target,
    )
    _even_steps(axes, steps)
    axes.set_xlabel("steps of a sample")
    axes.set_ylabel(f"{MEASURES[study.measure]} ({study.n_samples:,} samples)")
    axes.set_ylim(top=min(axes.get_ylim()[1], 1.01))
    axes.legend(loc="best")


def _even_steps(axes: Axes, steps: Sequence[int]) -> None:
    """Use a scale of doublings where the settings span more than one."""
    if min(steps) > 0 and max(steps) > 4 * min(steps):
        axes.set_xscale("log", base=2)
    axes.set_xticks(list(steps), labels=[f"{step:,}" for step in steps], minor=False)
    axes.minorticks_off()


def _tuned(axes: Axes, tuned: Tuned) -> None:
    if not tuned.by_population:
        raise nothing("plot.tuning", about("function", "plot.tuning"), "the search compared no population")
    names = list(tuned.by_population)
    place = np.arange(len(names))[::-1]
    before, after = (np.array([tuned.by_population[name][k] for name in names]) for k in (0, 1))
    axes.hlines(place, np.minimum(before, after), np.maximum(before, after), color=QUIET, linewidth=1.0)
    axes.plot(before, place, "o", color="white", markeredgecolor=INK, markersize=4, label="as given")
    axes.plot(after, place, "o", color=PALETTE[1], markersize=4, label="options found")
    axes.set_yticks(place, labels=names)
    axes.set_xlim(left=0)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel("difference of spike counts from floats")
    axes.legend(loc="best")


def _scores(axes: Axes, scores: Mapping[int, float], labels: Sequence[str]) -> None:
    try:
        points = sorted((int(setting), float(score)) for setting, score in scores.items())
    except (TypeError, ValueError):
        message = "argument 'result': needs numbers by whole numbers, {setting: score}"
        raise DiagnosticError("plot.tuning", (finding("ND002", about("function", "plot.tuning"), message),)) from None
    if not points:
        raise nothing("plot.tuning", about("function", "plot.tuning"), "argument 'result' has no score")
    settings, values = zip(*points, strict=True)
    axes.plot(settings, values, color=PALETTE[1], marker="s", markersize=3)
    _even_steps(axes, settings)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
