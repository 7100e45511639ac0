"""Conversion of one netx layer into neurons, an operation and delays.

Each function states how netx interprets the fields it reads. Source: lava-dl 0.6.0, netx/hdf5.py, and lava-nc 0.10.0.
"""

from __future__ import annotations

from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import wholes
from neurodeploy.importers.hdf5 import Unread
from neurodeploy.importers.netx.fields import Fields
from neurodeploy.network import Conv2d, Dense, LoihiCuba, WeightFormat
from neurodeploy.network.coordinates import target_size

__all__ = ["KINDS", "Delays", "Layer", "Shape", "delays_of", "input_neuron", "layer_of", "readout", "shape_of", "style"]

BIAS_EXP = 6
WEIGHT_BITS = 8
KINDS = ("input", "flatten", "dense", "conv")
RECURRENT = ("dense_rec", "recurrent")
RECURRENCE = "recurrence is not imported"
LONGEST_DELAY = 62
"""Longest delay. netx shortens longer delays to this; the import rejects them."""
LARGEST_LAYER = 1 << 24
"""Most neurons of a layer; a few bytes of a file can request any number."""
NO_FILTER = 4095
"""Decay register with which the current keeps nothing of earlier steps."""
READOUT_VTH_MANT = (1 << 17) - 1
"""Threshold of a layer without neurons in netx: the limit of v, so that the layer never spikes."""
Shape = tuple[int, ...]
Ints = NDArray[np.int64]


class Delays(NamedTuple):
    """Delays of the synapses of a layer, in addition to the one step of every projection."""

    steps: Any = 0
    axis: Literal["projection", "source", "target", "synapse"] = "projection"
    n_stated: int = 0
    """Number of delays in the file."""


class Layer(NamedTuple):
    """A layer with neurons and the synapses onto them."""

    number: int
    shape: Shape
    neuron: LoihiCuba
    operation: Dense | Conv2d
    style: WeightFormat
    delays: Delays
    silent: bool
    """Whether the layer has no neurons in the file, so that it is read out and never spikes."""


def shape_of(fields: Fields) -> Shape | None:
    """Return the stated shape of a layer, with three axes (channels, height, width); None if missing or invalid."""
    if "shape" not in fields:
        return None
    shape = wholes(fields.values["shape"], least=1, count=(1, 2, 3))
    if isinstance(shape, Unread):
        fields.unread("shape", shape.why)
        return None
    if prod(shape) > LARGEST_LAYER:
        message = f"has shape {list(shape)}, which is more neurons than supported in one layer"
        fields.wrong(message, found=prod(shape), limit=LARGEST_LAYER, unit="neuron")
        return None
    return shape


def layer_of(number: int, kind: str, fields: Fields, source: Shape | None) -> Layer | None:
    """Return a dense layer or a convolution; None after a finding. `source`: the shape that feeds it, None if not known."""
    before, shape = fields.findings.count, shape_of(fields)
    if "shape" not in fields:
        fields.findings.add("ND052", f"{fields.where} lacks its shape")
    _require_plain(fields)
    silent = kind == "dense" and "neuron" not in fields
    neuron = readout(fields) if silent else neuron_of(fields, shape)
    operation = _operation(kind, fields, shape, source)
    if operation is not None and shape is not None:
        got = target_size(operation, prod(source or ()))
        if got != prod(shape):
            fields.wrong(f"has shape {list(shape)}; its weights reach {got} neurons")
    delays = _delays(kind, fields, operation, shape)
    if neuron is None or operation is None or shape is None or fields.findings.count > before:
        return None
    return Layer(number, shape, neuron, operation, style(fields, operation.weights), delays, silent)


def _require_plain(fields: Fields) -> None:
    """Report unsupported features of a layer of a supported type."""
    if any(key in fields for key in ("weight_rec", "recWeight")):
        fields.findings.not_imported(RECURRENCE, fields.where)
    if fields.is_group("weight"):
        fields.findings.not_imported("weights of complex neurons are not imported", fields.where)


def neuron_of(fields: Fields, shape: Shape | None) -> LoihiCuba | None:
    """Return the neurons of a layer; None if invalid (with a finding)."""
    own = fields.group("neuron")
    kind = own.text("type") if own else None
    if own and "type" in own and kind not in ("CUBA", "LOIHI"):
        if kind is not None:
            message = f"neurons of type '{kind}' are not imported (CUBA and LOIHI are)"
            fields.findings.not_imported(message, fields.where)
        return None
    lacking = [key for key in ("type", "iDecay", "vDecay", "vThMant") if own is None or key not in own]
    if lacking or own is None:
        fields.findings.add("ND052", f"{fields.where} lacks {', '.join(f'neuron/{key}' for key in lacking)}")
        return None
    graded = [own.numbers(key) for key in ("gradedSpike", "messageBits")]
    if any(value is not None and value.any() for value in graded):
        fields.findings.not_imported(f"graded spikes of {kind} neurons are not imported", fields.where)
    current, voltage = own.integer("iDecay", least=1), own.integer("vDecay", least=0)
    threshold, refractory = own.integer("vThMant", least=0), own.integer("refDelay", 1, least=0)
    own.integer("wgtExp", 0)
    bias = _bias(fields, shape)
    if current is None or voltage is None or threshold is None or refractory is None or bias is None:
        return None
    return LoihiCuba(
        du=current - 1,
        dv=voltage,
        vth_mant=threshold,
        bias_mant=bias if bias.size > 1 else int(bias.ravel()[0]),
        bias_exp=BIAS_EXP if np.any(bias) else 0,
        refractory_steps=max(refractory - 1, 0),
    )


def readout(fields: Fields) -> LoihiCuba | None:
    """Return neurons that integrate and never spike, as netx reads a layer without neurons; None if it has a bias."""
    bias = _bias(fields, None)
    if bias is not None and bias.any():
        message = (
            f"{fields.where} has a bias but no neurons: netx adds the bias once at readout, which is not supported"
        )
        fields.findings.add("ND052", message)
        return None
    return LoihiCuba(du=NO_FILTER, dv=0, vth_mant=READOUT_VTH_MANT)


def input_neuron(fields: Fields, shape: Shape | None) -> LoihiCuba | None:
    """Return the neurons of an input layer. They have no current filter: stimulus values drive them like biases."""
    neuron = neuron_of(fields, shape)
    return neuron and neuron.model_copy(update={"du": NO_FILTER, "bias_mant": 0, "bias_exp": 0})


def _bias(fields: Fields, shape: Shape | None) -> Ints | None:
    """Biases in neuron order, (n,) or (1,) for all; 0 if missing; None if invalid (with a finding)."""
    if "bias" not in fields:
        return np.zeros(1, dtype=np.int64)
    values = fields.integers("bias")
    if values is None or shape is None or values.size == 1:
        return values
    each = _each(values, shape)
    if each is None:
        message = (
            f"one for all, one for each of {shape[0]} channels" if len(shape) == 3 else "one for all or one for each"
        )
        fields.wrong(f"has {values.size} biases for {prod(shape)} neurons; needs {message}")
    return each


def _each(values: Ints, shape: Shape) -> Ints | None:
    """One value for each neuron, from one for each neuron or each channel; None for any other number.

    Values for each position of a convolution have shape (width, height, channels), the axis order of netx.
    """
    if len(shape) == 3 and values.shape == shape[::-1] and values.ndim == 3:
        return np.ascontiguousarray(values.transpose(2, 1, 0)).ravel()
    if values.size == shape[0] and values.size == max(values.shape):
        return np.repeat(values.ravel(), prod(shape[1:]))
    return values.ravel() if len(shape) < 3 and values.size == prod(shape) else None


def _operation(kind: str, fields: Fields, shape: Shape | None, source: Shape | None) -> Dense | Conv2d | None:
    if "weight" not in fields:
        fields.findings.add("ND052", f"{fields.where} lacks its weight")
        return None
    weights = None if fields.is_group("weight") else fields.integers("weight")
    if weights is None:
        return None
    return _dense(fields, weights, shape, source) if kind == "dense" else _convolution(fields, weights, source)


def _dense(fields: Fields, weights: Ints, shape: Shape | None, source: Shape | None) -> Dense | None:
    """A dense operation; netx reads weights of one axis as a matrix in row order."""
    out = prod(shape) if shape else 0
    if weights.ndim == 1 and out and weights.size % out == 0:
        weights = weights.reshape(out, -1)
    if weights.ndim != 2 or (source and weights.shape[1] != prod(source)):
        feeds = f"; {prod(source)} neurons feed it" if source else ""
        fields.wrong(f"has weights of shape {list(weights.shape)}, needs (neurons, sources){feeds}")
        return None
    return Dense(weights=weights)


def _convolution(fields: Fields, weights: Ints, source: Shape | None) -> Conv2d | None:
    weights = weights[..., 0] if weights.ndim == 5 and weights.shape[-1] == 1 else weights
    groups = fields.integer("groups", 1, least=1)
    stride, dilation = fields.sides("stride", 1, least=1), fields.sides("dilation", 1, least=1)
    padding = fields.sides("padding", 0, least=0)
    if groups is None or stride is None or dilation is None or padding is None or source is None:
        return None
    fits = weights.ndim == 4 and len(source) == 3 and weights.shape[1] * groups == source[0]
    if not fits or weights.shape[0] % groups:
        message = f"has weights of shape {list(weights.shape)} in {groups} groups; shape {list(source)} feeds it"
        fields.wrong(message)
        return None
    shape: Any = source
    return Conv2d(input_shape=shape, weights=weights, groups=groups, stride=stride, padding=padding, dilation=dilation)


def delays_of(fields: Fields) -> Ints | None:
    """Return the delays of a layer, truncated to whole steps as in netx; None if missing, or invalid (with a finding)."""
    values = fields.numbers("delay")
    if values is None:
        return None
    steps = np.trunc(values.astype(np.float64)).astype(np.int64)
    if float(values.min()) < 0:
        fields.wrong(f"has a delay of {float(values.min()):g} steps", found=float(values.min()), limit=0, unit="step")
        return None
    if steps.max() > LONGEST_DELAY:
        count = int(np.count_nonzero(steps > LONGEST_DELAY))
        message = f"has {count} of {steps.size} delays above the longest that netx supports; netx would shorten them"
        fields.wrong(message, found=int(steps.max()), limit=LONGEST_DELAY, unit="step")
        return None
    return steps


def _delays(kind: str, fields: Fields, operation: Dense | Conv2d | None, shape: Shape | None) -> Delays:
    """Delays of the synapses of a layer: one for all, or one for each synapse, target or source."""
    steps = delays_of(fields)
    if steps is None or operation is None or shape is None:
        return Delays()
    if steps.size == 1:
        return Delays(int(steps.ravel()[0]), n_stated=1)
    if kind == "conv":
        each = _each(steps, shape)
        if each is not None:
            return Delays(each, "target", steps.size)
        fields.wrong(f"has {steps.size} delays for {prod(shape)} neurons in {shape[0]} channels")
        return Delays()
    out, sources = operation.weights.shape
    if steps.shape == (out, sources):
        return Delays(steps, "synapse", steps.size)
    if steps.shape == (out,):
        return Delays(steps, "target", steps.size)
    if steps.shape == (sources,):
        return Delays(steps, "source", steps.size)
    message = f"has delays of shape {list(steps.shape)}; needs one, [{out}], [{sources}] or [{out}, {sources}]"
    fields.wrong(message)
    return Delays()


def style(fields: Fields, weights: NDArray[Any]) -> WeightFormat:
    """Return how weights are stored: with mixed sign mode if all are even, else with one sign if that keeps them exact."""
    odd, mode = bool(np.any(weights & 1)), "mixed"
    if odd and weights.min() >= 0:
        mode = "excitatory"
    elif odd and weights.max() <= 0:
        mode = "inhibitory"
    own = fields.group("neuron")
    exponent = own.integer("wgtExp", 0) if own else 0
    return WeightFormat(weight_bits=WEIGHT_BITS, exponent=exponent or 0, sign_mode=mode)  # pyright: ignore
