"""Conversion of a trained network: read, fold, calibrate, code, build."""

from __future__ import annotations

import numpy as np

from neurodeploy.convert.build import network_of
from neurodeploy.convert.calibrate import Calibrated, Candidate, Goal, Samples, calibrate
from neurodeploy.convert.coding import rates, value_of
from neurodeploy.convert.inputs import input_line
from neurodeploy.convert.integer_conversion import sigma_delta_conversion
from neurodeploy.convert.notes import notes_of, with_notes
from neurodeploy.convert.options import Conversion, ConvertedLayer, ConvertOptions
from neurodeploy.convert.ranges import PERCENTILES
from neurodeploy.convert.schemes import scheme_for
from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.trained.layers import Layer, layers_of
from neurodeploy.trained.network import Read

__all__ = ["convert_trained"]


def convert_trained(read: Read, samples: Samples, target: Target, options: ConvertOptions) -> Conversion:
    """Return the spiking network of a trained network for a target."""
    layers = layers_of(read.network)
    scheme = scheme_for(target, options.scheme)
    if scheme == "sigma_delta":
        return sigma_delta_conversion(read, layers, samples, target, options)
    values = read.network.task == "regress"
    goal = Goal(
        options.steps, target, hard=scheme == "hard", values=values, bias_correction=options.bias_correction,
        seed=options.seed,
    )  # fmt: skip
    calibrated = calibrate(layers, samples, goal, candidates_of(options))
    network = network_of(calibrated.plan, read.network.name, options.steps, values=values)
    notes = notes_of(calibrated.plan, read.network, scheme=scheme, steps=options.steps, target=target.name)
    network = with_notes(network, notes)
    rows = tuple(_row(layer, calibrated) for layer in layers.layers)
    inputs = [input_line(item, calibrated.plan.codings[item.name]) for item in layers.inputs]
    return Conversion(
        network=network,
        ledger=(*read.ledger, *inputs, *(_line(row) for row in rows)),
        findings=read.findings,
        layers=rows,
        scheme=scheme,
        steps=options.steps,
        target=target.name,
        trained=read.network,
    )


def candidates_of(options: ConvertOptions) -> list[Candidate]:
    """Return the settings that the calibration tries."""
    percentiles = PERCENTILES if options.percentile is None else (options.percentile,)
    each = (False, True) if options.ranges is None else (options.ranges == "channel",)
    return [Candidate(percentile, per_channel) for percentile in percentiles for per_channel in each]


def _row(layer: Layer, calibrated: Calibrated) -> ConvertedLayer:
    """What became of a layer, with the error of its coding on the calibration samples."""
    coded, sums = calibrated.plan.codings[layer.name], calibrated.floats.sums[layer.name]
    values = calibrated.floats.values[layer.name]
    populations = tuple(item.name for item in calibrated.plan.populations if item.layer == layer.name)
    if layer.activation is None:
        became, error, clipped = "an integrator that is read", 0.0, 0.0
    else:
        scale = float(np.abs(values).mean()) or 1.0
        error = float(np.abs(value_of(coded, rates(coded, sums)) - values).mean()) / scale
        clipped = float((values > sum(unit.gain for unit in coded.units if (unit.gain > 0).all())).mean())
        became = f"{'two' if len(coded.units) > 1 else 'one'} integrate-and-fire population"
    function = getattr(layer.activation, "function", None) or getattr(layer.activation, "kind", "")
    return ConvertedLayer(
        name=layer.name,
        nodes=layer.nodes,
        shape=layer.shape,
        activation=function,
        became=became,
        populations=populations,
        error=error,
        clipped=clipped,
    )


def _line(row: ConvertedLayer) -> LedgerLine:
    note = f"{row.clipped:.2%} of the calibration values are above the largest rate" if row.activation else ""
    return LedgerLine(
        subject=about("layer", row.name),
        quantity=row.activation or "output",
        asked="values",
        got=row.became,
        level="approximate",
        relative_error=row.error,
        note=note,
    )
