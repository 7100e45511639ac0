"""Conversion in the scheme sigma_delta: which networks it takes, and what became of each layer."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.calibrate import HELD, Samples
from neurodeploy.convert.integers.model import IntegerLayer, IntegerNetwork, IntegerRun, integer_run
from neurodeploy.convert.integers.quantization import Rounding, quantized
from neurodeploy.convert.integers.sigma_delta import SHOWN, populations_of, sigma_delta_network, steps_needed
from neurodeploy.convert.options import Conversion, ConvertedLayer, ConvertOptions
from neurodeploy.convert.rates import LayerValues, layer_values
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.trained.layers import Layer, Layers, layers_of
from neurodeploy.trained.network import Quantization, Read, TrainedNetwork
from neurodeploy.trained.operations import Activate, Affine

__all__ = ["integers_of", "sigma_delta_conversion", "stated_integers"]

Array = NDArray[Any]
MOST_CHANGED = 0.02
"""Share of calibration samples whose answer may change by rounding without a warning."""
SEARCHED = 300
"""Calibration samples at most on which units of layers and of channels are compared."""
ROOM = 2
"""Bits of the states that the calibration samples leave free."""


def sigma_delta_conversion(read: Read, samples: Samples, target: Target, options: ConvertOptions) -> Conversion:
    """Return the sigma-delta network of a trained network.

    `read`: the trained network. `samples`: calibration data. `target`: the chip. `options`: settings.

    Raises DiagnosticError: ND860 (sums beyond the states), ND861 (an activation that is not relu).
    """
    layers = layers_of(read.network)
    raise_errors("convert", [*_unfit_layers(layers)])
    samples = _held(samples, layers, options.seed)
    floats = layer_values(layers, samples.values)
    made = integers_of(read.network, layers, samples, target, options, floats)
    run = integer_run(made, samples.values)
    raise_errors("convert", [*_overflows(made, run, target)])
    rows = tuple(_row(*pair, floats, run.values) for pair in zip(layers.layers, made.layers, strict=True))
    values = read.network.task == "regress"
    return Conversion(
        network=sigma_delta_network(made, layers, read.network.name, options.frame_steps, values=values),
        ledger=(*read.ledger, *_input_lines(made), *map(_line, rows, made.layers), _steps_line(layers, options)),
        findings=(*read.findings, *([] if values else _losses(layers, floats, run.values, options))),
        layers=rows,
        scheme="sigma_delta",
        steps=SHOWN,
        target=target.name,
        trained=read.network,
    )


def _held(samples: Samples, layers: Layers, seed: int) -> Samples:
    """As many samples as values of all layers can be held for, chosen with the seed."""
    most = max(HELD // sum(layer.size for layer in layers.layers), 1)
    if samples.n_samples <= most:
        return samples
    return samples.taken(np.sort(np.random.default_rng(seed).permutation(samples.n_samples)[:most]))


def integers_of(
    network: TrainedNetwork,
    layers: Layers,
    samples: Samples,
    target: Target,
    options: ConvertOptions,
    floats: LayerValues | None = None,
) -> IntegerNetwork:
    """Return the quantized form of a trained network, which its sigma-delta network equals.

    `network`: the trained network. `layers`: its layers, with relu only. `samples`: calibration data. `target`: the chip, which
    limits exponents and states. `options`: activation_bits, ranges and percentile. `floats`: values of the trained network for
    the samples, if known.
    """
    stored = stated_integers(network, layers)
    rounding = Rounding(
        bits=options.activation_bits,
        per_channel=options.ranges == "channel",
        percentile=100.0 if options.percentile is None else options.percentile,
        exponent=int(target.precision.weight_exponent.high),
        state=2.0 ** (target.dialect.state_bits - ROOM),
        stored=stored,
    )
    floats = layer_values(layers, samples.values) if floats is None else floats
    made = quantized(layers, floats, samples.values, rounding)
    if options.ranges is not None or stored:
        return made
    other = quantized(layers, floats, samples.values, rounding._replace(per_channel=True))
    return min((made, other), key=lambda item: _output_error(item, samples, floats))


def _output_error(made: IntegerNetwork, samples: Samples, floats: LayerValues) -> float:
    """Mean squared error of the output on some calibration samples."""
    last = made.layers[-1]
    given = {name: values[:SEARCHED] for name, values in samples.values.items()}
    wanted = floats.values[last.name][:SEARCHED]
    return float(np.square(integer_run(made, given, exact=False).values[last.name] * last.unit - wanted).mean())


def stated_integers(network: TrainedNetwork, layers: Layers) -> dict[str, Quantization]:
    """Return input or layer -> integers that a quantized model (QDQ) states, if its scales are powers of two; else none.

    `network`: the trained network. `layers`: its layers. An input is stated by a node that does nothing but store it.
    """
    stored = {node.name: node.stored for node in network.nodes if node.stored is not None}
    found = {layer.name: stored.get(layer.nodes[-1]) for layer in layers.layers if layer.activation is not None}
    for node in network.nodes:
        if node.operation == Affine() and node.inputs[0] in {item.name for item in network.inputs}:
            found[node.inputs[0]] = node.stored
    inputs = {item.name for item in network.inputs}
    if not inputs <= set(found) or not all(item is not None and _is_power(item) for item in found.values()):
        return {}
    return {name: item for name, item in found.items() if item is not None}


def _is_power(item: Quantization) -> bool:
    scale = np.asarray(item.scale, dtype=np.float64).ravel()
    return bool((scale == scale[0]).all()) and log2(float(scale[0])).is_integer()


def _unfit_layers(layers: Layers) -> Iterator[Diagnostic]:
    """ND861 for activations without an integer form."""
    for layer in layers.layers:
        activation = layer.activation
        if activation is None or (isinstance(activation, Activate) and activation.function == "relu"):
            continue
        function = getattr(activation, "function", activation.kind)
        message = f"computes {function}, and neurons with graded spikes compute relu only"
        yield finding("ND861", about("layer", layer.name), message, fixes=["--scheme soft", "train with relu"])


def _overflows(made: IntegerNetwork, run: IntegerRun, target: Target) -> Iterator[Diagnostic]:
    """ND860 for sums of calibration samples beyond the states of the target."""
    bits = target.dialect.state_bits
    source = f"dialect {target.dialect.name}: {target.dialect.sources.get('state_bits', '')}"
    for layer in made.layers:
        largest = int(np.abs(run.sums[layer.name] + layer.half).max())
        if largest >= 1 << bits:
            message = "adds up to more than a state holds, for some calibration sample"
            numbers: dict[str, Any] = {"found": largest, "limit": (1 << bits) - 1, "unit": "integer unit"}
            fixes = [
                "coarser scales in the quantized model",
                "a model without stored scales, whose scales are chosen here",
            ]
            yield finding("ND860", about("layer", layer.name), message, fixes=fixes, limit_source=source, **numbers)


def _losses(
    layers: Layers, floats: LayerValues, values: dict[str, Any], options: ConvertOptions
) -> Iterator[Diagnostic]:
    """ND862 if rounding changes the answers of more than MOST_CHANGED of the calibration samples."""
    last = layers.layers[-1]
    if last.size < 2:
        return
    changed = float((floats.values[last.name].argmax(axis=1) != values[last.name].argmax(axis=1)).mean())
    if changed > MOST_CHANGED:
        message = (
            f"with {options.activation_bits} bits gives another answer for {changed:.1%} of the calibration samples"
        )
        numbers: dict[str, Any] = {"found": changed, "limit": MOST_CHANGED, "unit": "fraction"}
        more = min(2 * options.activation_bits, 15)
        fixes = [f"--activation-bits {more}"] if more > options.activation_bits else ["train with quantized weights"]
        yield finding("ND862", about("layer", last.name), message, fixes=fixes, **numbers)


def _row(layer: Layer, made: IntegerLayer, floats: LayerValues, values: dict[str, Any]) -> ConvertedLayer:
    """What became of a layer, with the error of its integers on the calibration samples."""
    wanted = floats.values[layer.name]
    scale = float(np.abs(wanted).mean()) or 1.0
    error = float(np.abs(values[layer.name] * made.unit - wanted).mean()) / scale
    populations = populations_of(made)
    became = "the sum is read" if not made.relu else f"integers, shifted by {made.shift} bits"
    became += ", two populations for the limit" if len(populations) > 1 else ""
    clipped = 0.0 if made.high is None else float((floats.sums[layer.name] > made.high * made.unit).mean())
    function = getattr(layer.activation, "function", "")
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


def _line(row: ConvertedLayer, made: IntegerLayer) -> LedgerLine:
    unit = f"1 stands for {float(made.unit.min()):.6g}"
    if float(made.unit.max()) > float(made.unit.min()):
        unit += f" to {float(made.unit.max()):.6g}, by channel"
    return LedgerLine(
        subject=about("layer", row.name),
        quantity=row.activation or "output",
        asked="values",
        got=row.became,
        level="approximate",
        relative_error=row.error,
        note=unit,
    )


def _input_lines(made: IntegerNetwork) -> list[LedgerLine]:
    return [
        LedgerLine(
            subject=about("input", name),
            quantity="values",
            asked="values",
            got=f"integers from {encoder.low} to {encoder.high}",
            level="approximate",
            note=f"rint(x * {encoder.scale:.9g}); changes are sent",
        )
        for name, encoder in made.inputs.items()
    ]


def _steps_line(layers: Layers, options: ConvertOptions) -> LedgerLine:
    note = f"the answer is there in step {steps_needed(layers)}: one step for the input, one for its encoder, one for each layer"
    return LedgerLine(
        subject=about("option", "steps"), quantity="steps of a sample", asked=str(options.steps), got=str(SHOWN), level="exact",
        note=note,
    )  # fmt: skip
