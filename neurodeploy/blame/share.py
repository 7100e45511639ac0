"""Blame: the share of each layer in what a converted network loses on a chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.blame.findings import blame_findings
from neurodeploy.blame.inputs import Given
from neurodeploy.blame.nouns import Blame, LayerBlame
from neurodeploy.blame.rounding import rounded_weights
from neurodeploy.blame.scores import Scorer, scorer
from neurodeploy.blame.stages import Staged, staged
from neurodeploy.blame.swaps import Activity, Swaps, swapped
from neurodeploy.convert.notes import Notes
from neurodeploy.hardware.target import Target
from neurodeploy.network import Network
from neurodeploy.quantize import quantize

__all__ = ["SAMPLES", "blame_layers"]

Array = NDArray[Any]
SAMPLES = 500
"""Samples at most that blame runs, unless asked for more."""
DECIDED = 2.0
"""Lost points count if they are more than this many standard errors."""


def blame_layers(
    network: Network,
    notes: Notes,
    given: Given,
    target: Target,
    steps: int,
    *,
    offered: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Blame:
    """Return the blame of a converted network for samples, all of which are run.

    `offered`: samples that the user gave, if more than are run. `progress`: called with (samples done, all samples).

    A layer's share is that of the mean of two numbers: what is regained if it alone is exact, and what is lost if it alone is on
    the chip. (With two layers this mean is the Shapley value of each.) Below 0 counts as 0.
    """
    timed = network.model_copy(update={"time": network.time.model_copy(update={"steps_per_sample": steps})})
    quantized = quantize(timed, target)
    form = staged(timed, quantized, target.dialect, notes)
    swaps = swapped(form, given, steps, progress)
    errors = {
        layer.name: max(rounded_weights(quantized, unit.population, target).error for unit in layer.units)
        for layer in notes.layers
    }
    result = _shared(form, swaps, given, steps, errors).model_copy(
        update={"target": target.name, "offered": given.n if offered is None else offered}
    )
    return result.model_copy(update={"findings": tuple(blame_findings(result))})


def _shared(form: Staged, swaps: Swaps, given: Given, steps: int, errors: Mapping[str, float]) -> Blame:
    own = scorer(form.notes.task, swaps.exact, given.labels)
    trained, chip = own.score(swaps.exact), own.score(swaps.chip)
    standard_error = own.error_of_difference(swaps.exact, swaps.chip)
    names = [*(item.name for item in form.network.inputs), *form.layers]
    lost = trained - chip
    by_points = lost > DECIDED * standard_error and lost > 0
    measured: Callable[[Array], float] = own.score if by_points else (lambda output: -_error(output, swaps.exact))
    weight = {name: max(_mean_loss(swaps, name, measured), 0.0) for name in names}
    total = sum(weight.values())
    shares = {name: value / total if total else 0.0 for name, value in weight.items()}
    return Blame(
        network=form.network.name,
        target=form.notes.target,
        steps=steps,
        measure=own.measure,
        n_samples=given.n,
        offered=given.n,
        labelled=given.labels is not None,
        trained=trained,
        chip=chip,
        standard_error=standard_error,
        shared_by="points" if by_points else "error",
        layers=tuple(
            _row(form, swaps, own, measured, name, shares[name], steps).model_copy(
                update={"weight_error": errors.get(name, 0.0)}
            )
            for name in names
        ),
    )


def _error(output: Array, exact: Array) -> float:
    """Mean squared error in shares of the variance of the exact output."""
    return float(np.square(output - exact).mean()) / (float(exact.var()) or 1.0)


def _mean_loss(swaps: Swaps, name: str, measured: Callable[[Array], float]) -> float:
    regained = measured(swaps.outputs[name, "exact"]) - measured(swaps.chip)
    alone = measured(swaps.exact) - measured(swaps.outputs[name, "only"])
    return (regained + alone) / 2


def _row(
    form: Staged, swaps: Swaps, own: Scorer, measured: Callable[[Array], float], name: str, share: float, steps: int
) -> LayerBlame:
    chip, trained, n = own.score(swaps.chip), own.score(swaps.exact), len(swaps.chip)
    whole = measured(swaps.exact) - measured(swaps.chip)

    def back(mode: str) -> float:
        output = swaps.outputs.get((name, mode))
        return 0.0 if output is None or not whole else (measured(output) - measured(swaps.chip)) / whole

    layer = form.layers.get(name)
    kind = "input" if layer is None else "layer" if layer.activation is not None else "output"
    activity = swaps.activity.get(name)
    only = swaps.outputs[name, "only"]
    size = form.network.input_by_name[name].size if layer is None else _neurons(form, name)
    return LayerBlame(
        layer=name,
        kind=kind,
        neurons=size,
        share=share,
        regained=100 * (own.score(swaps.outputs[name, "exact"]) - chip),
        alone=100 * (trained - own.score(only)),
        error=_error(only, swaps.exact),
        by_steps=back("exact") if kind == "input" else back("rate") if kind == "layer" else 0.0,
        by_clipping=back("uncapped") if kind == "layer" else 0.0,
        by_weights=back("float"),
        weight_error=0.0,
        **_shown(activity, n, steps),
    )


def _neurons(form: Staged, name: str) -> int:
    return sum(form.stages[unit.population].size for unit in form.layers[name].units)


def _shown(activity: Activity | None, n: int, steps: int) -> dict[str, Any]:
    """Fields of LayerBlame on rates; those of the output, which sends none, are 0."""
    if activity is None:
        return dict.fromkeys(("clipped", "dead", "silent", "saturated", "rate_shift", "rate"), 0)
    silent = activity.rates == 0
    return {
        "clipped": float(activity.over.sum()) / (n * activity.over.size),
        "dead": int((silent & (activity.most >= 1.0 / steps)).sum()),
        "silent": int(silent.sum()),
        "saturated": int((activity.full >= max(n / 10, 1)).sum()),
        "rate_shift": float((activity.rates - activity.exact).mean()) / n,
        "rate": float(activity.exact.mean()) / n,
    }
