"""Conversion of a trained network: read, fold, calibrate, code, build."""

from __future__ import annotations

from neurodeploy.convert.activations import became, clipped_share, coding_error
from neurodeploy.convert.build import network_of
from neurodeploy.convert.calibrate import Calibrated, Candidate, Goal, Samples
from neurodeploy.convert.inputs import input_line
from neurodeploy.convert.integers.conversion import sigma_delta_conversion
from neurodeploy.convert.integers.forms import with_integer_forms
from neurodeploy.convert.latency import calibrate_for
from neurodeploy.convert.lines import chosen_lines, range_findings
from neurodeploy.convert.max_pools import require_max_pools, with_averages
from neurodeploy.convert.notes import notes_of, with_notes
from neurodeploy.convert.options import Conversion, ConvertedLayer, ConvertOptions
from neurodeploy.convert.ranges import FIRST
from neurodeploy.convert.samples import sample_notes
from neurodeploy.convert.schemes import scheme_for
from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.trained.layers import Layer, layers_of
from neurodeploy.trained.network import Read

__all__ = ["convert_trained"]

FITTED = ("sigmoid", "tanh", "step")
"""Activation functions whose rates follow them with a measured error."""


def convert_trained(read: Read, samples: Samples, target: Target, options: ConvertOptions) -> Conversion:
    """Return the spiking network of a trained network for a target."""
    trained, scheme = read.network, scheme_for(target, options.scheme)
    read = read.model_copy(update={"findings": (*read.findings, *sample_notes(trained, samples))})
    goal = Goal(
        options.steps, target, hard=scheme == "hard", values=trained.task == "regress",
        bias_correction=options.bias_correction, seed=options.seed,
    )  # fmt: skip
    if options.max_pool == "average":
        read = with_averages(read)
    elif scheme != "sigma_delta":
        require_max_pools(trained, samples, options, goal)
    if scheme == "sigma_delta":
        made = sigma_delta_conversion(with_integer_forms(read), samples, target, options)
        return made.model_copy(update={"trained": trained})
    layers = layers_of(read.network)
    calibrated, goal, missed = calibrate_for(layers, samples, goal, candidates_of(options), options.latency)
    network = network_of(calibrated.plan, read.network.name, goal.steps, values=goal.values)
    notes = notes_of(calibrated.plan, read.network, scheme=scheme, steps=goal.steps, target=target.name)
    network = with_notes(network, notes)
    rows = tuple(_row(layer, calibrated) for layer in layers.layers)
    inputs = [input_line(item, calibrated.plan.codings[item.name]) for item in layers.inputs]
    return Conversion(
        network=network,
        ledger=(*read.ledger, *inputs, *map(_line, rows), *chosen_lines(calibrated, goal, network)),
        findings=(*read.findings, *missed, *range_findings(calibrated)),
        layers=rows,
        scheme=scheme,
        steps=goal.steps,
        target=target.name,
        trained=trained,
    )


def candidates_of(options: ConvertOptions) -> list[Candidate]:
    """Return the settings that the calibration tries for all layers."""
    percentiles = FIRST if options.percentile is None else (options.percentile,)
    each = (False, True) if options.ranges is None else (options.ranges == "channel",)
    return [Candidate(percentile, per_channel) for percentile in percentiles for per_channel in each]


def _row(layer: Layer, calibrated: Calibrated) -> ConvertedLayer:
    """What became of a layer, with the error of its coding on the calibration samples."""
    coded, sums = calibrated.plan.codings[layer.name], calibrated.floats.sums[layer.name]
    values = calibrated.floats.values[layer.name]
    populations = tuple(item.name for item in calibrated.plan.populations if item.layer == layer.name)
    function = getattr(layer.activation, "function", None) or getattr(layer.activation, "kind", "")
    return ConvertedLayer(
        name=layer.name,
        nodes=layer.nodes,
        shape=layer.shape,
        activation=function,
        became=became(layer, coded),
        populations=populations,
        error=coding_error(layer, coded, sums, values) if layer.activation else 0.0,
        clipped=clipped_share(layer, coded, sums, values),
    )


def _line(row: ConvertedLayer) -> LedgerLine:
    notes = {"": "", "max_pool": "the rate of a window is at least that of its largest source"}
    clipped = f"{row.clipped:.2%} of the calibration values are above the largest rate"
    fitted = "fitted to the sums of the calibration samples"
    note = notes.get(row.activation, fitted if row.activation in FITTED else clipped)
    return LedgerLine(
        subject=about("layer", row.name),
        quantity=row.activation or "output",
        asked="values",
        got=row.became,
        level="approximate",
        relative_error=row.error,
        note=note,
    )
