"""The layers of a netx file in sequence: populations, and the projections from each to the next."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.importers.netx import sigma_delta
from neurodeploy.importers.netx.delays import DENSE, Delays
from neurodeploy.importers.netx.fields import Fields, Findings
from neurodeploy.importers.netx.layers import KINDS, SYNAPTIC, Layer, Synapses, layer_of
from neurodeploy.importers.netx.neurons import LayerNeuron, input_neuron
from neurodeploy.importers.netx.shapes import Shape, shape_of
from neurodeploy.importers.netx.weights import WEIGHT_BITS
from neurodeploy.network import (
    Current,
    Decoder,
    Delta,
    Input,
    LoihiCuba,
    Membrane,
    OneToOne,
    Population,
    Projection,
    SpikeCount,
    StateReset,
    WeightFormat,
)

__all__ = ["Resets", "Sequence"]

INPUT_WEIGHT = 64
"""Weight of an input layer that states none."""


class Resets(NamedTuple):
    """Periodic resets of the states, as netx arranges them: one step later in each layer."""

    interval_steps: int
    offset_steps: int
    """Phase in the first layer, counted from step 1."""

    def of(self, n_before: int, neuron: LayerNeuron) -> StateReset | None:
        """Return the resets of a layer that sees the first input after `n_before` steps; None if netx has none for it."""
        if isinstance(neuron, LoihiCuba):
            return StateReset(interval_steps=self.interval_steps, offset_steps=self.offset_steps + 1 + n_before)
        return None


class Sequence:
    """Reads the layers in order, keeping the source of the next one. A fault in one layer does not stop the others."""

    source: str
    """Population or input that feeds the next layer; empty before the first."""
    shape: Shape | None
    """Shape of the source of the next layer; None if unknown."""
    late: int
    """Steps by which all layers are later than in netx: 1 after an input layer with neurons, whose values act at once there."""

    def __init__(self, findings: Findings, resets: Resets | None = None) -> None:
        self.findings, self.resets = findings, resets
        self.inputs, self.populations, self.projections = list[Input](), list[Population](), list[Projection]()
        self.source, self.shape = "", None
        self.last: Layer | None = None
        self.groups: int | None = None
        self.late = 0

    @property
    def decoder(self) -> Decoder:
        """How the last layer is read."""
        if self.last is not None and self.last.silent:
            offset = self.last.offset
            return Membrane() if offset is None or not offset.any() else Membrane(offset=offset)
        if sigma_delta.accepts_values(self.populations[-1].neuron):
            return Membrane()
        return SpikeCount(groups=self.groups)

    def skip(self, fields: Fields) -> None:
        """Pass over a layer; its output becomes the input of the next one."""
        shape = shape_of(fields)
        if fields.text("type") == "flatten":
            shape = None if self.shape is None else (prod(self.shape),)
        self.shape = shape

    def layer(self, fields: Fields) -> None:
        """Read one layer."""
        kind = fields.text("type")
        fields.where = f"layer {fields.number} ({kind})" if kind in KINDS else fields.where
        self._require_spikes(fields.number)
        if kind == "input":
            self._input(fields)
        elif kind == "flatten":
            self.shape = None if self.shape is None else (prod(self.shape),)
        elif kind == "average":
            self._average(fields)
        elif kind in SYNAPTIC:
            self._received(kind, fields)
        else:
            self._unknown(kind, fields)

    def _require_spikes(self, number: int) -> None:
        """Report a layer after one that sends nothing to it."""
        if self.groups is not None:
            self.findings.add("ND052", f"layer {number} follows an average, which is only imported as the last layer")
            self.groups = None
        if self.last is not None and self.last.silent:
            what = "never spikes" if self.last.offset is None else "has no neurons and never spikes"
            self.findings.add("ND052", f"layer {self.last.number} {what}, but layer {number} follows it")
            self.last = None

    def _unknown(self, kind: str | None, fields: Fields) -> None:
        """Report an unsupported layer; its stated shape becomes the source of the next layer."""
        if "type" not in fields:
            self.findings.add("ND052", f"{fields.where} lacks its type")
        elif kind is not None:
            message = f"layers of type '{kind}' are not imported ({', '.join(KINDS)} are)"
            self.findings.not_imported(message, fields.where)
        self.source = self.source or "input"
        self.shape = shape_of(fields)

    def _input(self, fields: Fields) -> None:
        """Read an input layer; one with neurons becomes a population driven by values."""
        if self.source:
            self.findings.add("ND052", f"{fields.where} is an input after other layers")
        shape, own = shape_of(fields), "neuron" in fields
        if "shape" not in fields and own:
            self.findings.add("ND052", f"{fields.where} lacks its shape")
        self.shape = shape
        delays = fields.numbers("delay")
        if delays is not None and delays.any():
            self.findings.add("ND052", f"{fields.where} has delays, which netx ignores for inputs")
        neuron = input_neuron(fields, shape) if own else None
        if shape is None or self.source:
            return
        encoder: Any = {"encoder": Current()} if own else {}
        self.inputs.append(Input(name="input", shape=shape, **encoder))
        self.source = "input"
        if neuron is None:
            return
        self.late = 1
        style = WeightFormat(weight_bits=WEIGHT_BITS, sign_mode="excitatory")
        self._add(fields, shape, neuron, (Synapses(OneToOne(weights=np.array(1)), style, Delays()),))
        weight, bias = fields.integer("weight", INPUT_WEIGHT), fields.integer("bias", 0)
        encodes = isinstance(neuron, Delta)
        what = "input of the encoders" if encodes else "bias of the input layer"
        note = f"stimulus values are {'integers' if encodes else 'biases'}; x is an input as in training, 2 * image - 1 for images scaled to -1..1"
        fields.line(what, f"{weight} * x + {bias}", "a value for each neuron and step", note)
        if not encodes:
            note = "all layers are a step later than in netx, and so are their resets"
            fields.line("latency of the input", "0 steps in netx", "1 step", note)

    def _received(self, kind: str, fields: Fields) -> None:
        """Read a layer with synapses."""
        first = not self.source
        if first and kind not in DENSE and self.shape is None:
            message = "starts with a convolution, but no input layer specifies the shape of its source"
            self.findings.add("ND052", message)
        layer = layer_of(fields.number, kind, fields, self.shape)
        if first and layer is not None:
            self.shape = self.shape or (layer.n_sources,)
            self.inputs.append(Input(name="input", shape=self.shape))
            self.source = "input"
        self.source = self.source or "input"
        if layer is None:
            self.shape = _stated_shape(fields)
            return
        self._add(fields, layer.shape, layer.neuron, layer.synapses)
        self.last = layer

    def _average(self, fields: Fields) -> None:
        """Read an average over groups of neurons of equal size: the answer is the group with the most spikes."""
        shape = shape_of(fields)
        if "shape" not in fields:
            self.findings.add("ND052", f"{fields.where} lacks its shape")
        if shape is None or self.shape is None:
            return
        if self.populations and sigma_delta.accepts_values(self.populations[-1].neuron):
            fixes = [f"--layers 0:{fields.number}, and average on the host"]
            self.findings.add("ND057", f"{fields.where} averages graded spikes", fixes=fixes)
            return
        size, groups = prod(self.shape), prod(shape)
        self.shape = shape
        if size % groups:
            fields.wrong(f"averages {groups} groups of {size} neurons, which have no equal size")
            return
        note = "netx does not read this type; groups of equal size have the order of their averages"
        got = f"the spikes of {groups} groups of {size // groups} neurons, counted"
        fields.line("average", f"{size} to {groups}", got, note)
        self.groups = groups

    def _add(self, fields: Fields, shape: Shape, neuron: LayerNeuron, synapses: tuple[Synapses, ...]) -> None:
        name = f"layer{fields.number}"
        reset = self.resets and self.resets.of(len(self.populations) + self.late, neuron)
        self.populations.append(Population(name=name, shape=shape, neuron=neuron, state_reset=reset))
        for item in synapses:
            source = name if item.recurrent else self.source
            self.projections.append(
                Projection(
                    name="_".join(word for word in (f"{source}_to_{name}", item.suffix) if word),
                    source=source,
                    target=name,
                    operation=item.operation,
                    weight_format=item.style,
                    delay_steps=item.delays.steps,
                    delay_axis=item.delays.axis,
                    port=item.port,
                )
            )
        self.source, self.shape = name, shape


def _stated_shape(fields: Fields) -> Shape | None:
    """The shape that a faulty layer states; its faults are already reported."""
    return shape_of(Fields(fields.where, "", fields.values, Findings("")))
