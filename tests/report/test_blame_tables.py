"""Tables of a study and of blame, at 80 columns."""

from __future__ import annotations

import io

from rich.console import Console

from neurodeploy.blame.nouns import Blame, LayerBlame, StepRow, Study
from neurodeploy.profile import Estimate
from neurodeploy.report import blame_report, study_report


def printed(item):
    console = Console(file=io.StringIO(), width=80, highlight=False, markup=False)
    console.print(item)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert max(map(len, lines)) <= 80
    return lines


def estimate(value, unit):
    return Estimate(
        value=value,
        low=value * 0.7,
        high=value * 1.1,
        unit=unit,
        kind="modelled",
        source="loihi1.toml energy.davies2018",
    )


def row(steps, chip, **fields):
    known = {"energy": estimate(steps * 1.1e-7, "J"), "time": estimate(steps * 1e-5, "s")}
    return StepRow(
        **{"steps": steps, "spiking": chip + 0.01, "chip": chip, "standard_error": 0.008, "standard_error_of_loss": 0.0044,
        "rms_error": 0.3, "cores": 12, "spikes": 100.0, **known, **fields}
    )  # fmt: skip


def study(**fields):
    rows = (row(4, 0.912), row(128, 0.9845, spiking=None, cores=1024, energy=None, time=None))
    return Study(
        **{"network": "net", "target": "loihi1", "measure": "accuracy", "n_samples": 1000, "offered": 10_000, "labelled": True,
        "calibrated_for": 16, "trained": 0.985, "trained_error": 0.0052, "rows": rows, **fields}
    )  # fmt: skip


def layer(name, kind="layer", **fields):
    known = {
        "share": 0.25, "regained": 1.25, "alone": 0.5, "error": 0.01, "by_steps": 0.2, "by_clipping": 0.05, "by_weights": -0.001,
        "clipped": 0.0123, "weight_error": 0.01, "dead": 3, "silent": 1024, "saturated": 0, "rate_shift": -0.0123, "rate": 0.25, "neurons": 12_544,
    }  # fmt: skip
    return LayerBlame(layer=name, kind=kind, **{**known, **fields})


def blame(**fields):
    layers = (
        layer("pixels", "input"), layer("conv2d_1"), layer("conv2d_2", share=0.5, by_clipping=0.61), layer("scores", "output", share=0)
    )  # fmt: skip
    return Blame(
        **{"network": "net", "target": "loihi1", "steps": 16, "measure": "accuracy", "n_samples": 500, "offered": 500,
        "labelled": True, "trained": 0.985, "chip": 0.945, "standard_error": 0.0085, "shared_by": "points", "layers": layers, **fields}
    )  # fmt: skip


def test_a_study():
    assert printed(study_report(study())) == [
        "accuracy of the trained network: 98.50% ± 0.52",
        "",
        "accuracy by steps on loihi1",
        "steps  floats    chip         lost  cores  energy per inference       time",
        "4      92.20%  91.20%  7.30 ± 0.44     12    440 nJ (308 - 484)      40 us",
        "128         -  98.45%  0.05 ± 0.44  1,024             no figure  no figure",
        "1,000 samples of 10,000, spread evenly; ± is one standard error",
        "largest rates were chosen for 16 steps",
        "energy and time are modelled, from loihi1.toml energy.davies2018",
    ]


def test_a_study_without_labels_of_values():
    lines = printed(study_report(study(measure="r2", labelled=False, offered=1000)))
    assert lines[0] == "R2 of the trained network: 98.50% ± 0.52"
    assert lines[-4:-2] == [
        "1,000 samples; ± is one standard error",
        "right is what the trained network answers, because there are no labels",
    ]


def test_blame_by_points():
    assert printed(blame_report(blame())) == [
        "at 16 steps on loihi1: accuracy 98.50% -> 94.50%, 4.00 ± 0.85 points lost",
        "",
        "blame by layer",
        "layer     share  exact  alone  steps  range  weights",
        "pixels      25%  +1.25  -0.50    20%      -        -",
        "conv2d_1    25%  +1.25  -0.50    20%     5%       0%",
        "conv2d_2    50%  +1.25  -0.50    20%    61%       0%",
        "scores       0%  +1.25  -0.50      -      -       0%",
        "share: of the lost points",
        "exact: points if this layer alone is exact; alone: if it alone is on the chip",
        "steps: what comes back of the whole with unlimited steps in this layer;",
        "range: without a largest rate; weights: with unrounded weights",
        "500 samples",
        "",
        "rates, in spikes per neuron and step",
        "layer     neurons   exact    shift  clipped  dead  silent  saturated",
        "pixels     12,544  0.2500  -0.0123    1.23%     3   1,024          0",
        "conv2d_1   12,544  0.2500  -0.0123    1.23%     3   1,024          0",
        "conv2d_2   12,544  0.2500  -0.0123    1.23%     3   1,024          0",
    ]


def test_blame_by_the_error_of_the_output():
    lines = printed(blame_report(blame(shared_by="error", offered=700)))
    assert lines[8] == "share: of the error of the output, as so few points may be chance"
    assert lines[12] == "500 samples of 700, spread evenly"


def test_blame_of_populations():
    rows = (
        layer("hidden", "population", share=0.75, clipped=0.0005, weight_error=0.0137),
        layer("digit", "population"),
    )
    assert printed(blame_report(blame(layers=rows)))[2:] == [
        "blame by population",
        "population  share  floats  alone  spikes  weights  clipped",
        "hidden        75%   +1.25  -0.50   1.00%    1.37%    0.05%",
        "digit         25%   +1.25  -0.50   1.00%    1.00%    1.23%",
        "share: of the lost points",
        "floats: points if this population alone computes with floats; alone: if it",
        "alone is on the chip; spikes: mean difference of spike counts then;",
        "weights: error of rounding; clipped: weights beyond those that can be stored",
        "500 samples",
        "",
        "rates, in spikes per neuron and step",
        "population  neurons  floats    shift  dead  silent  saturated",
        "hidden       12,544  0.2500  -0.0123     3   1,024          0",
        "digit        12,544  0.2500  -0.0123     3   1,024          0",
    ]
