"""The layers of a netx file in sequence: populations, and the projections from each to the next."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.importers.netx.delays import Delays, delays_of
from neurodeploy.importers.netx.fields import Fields, Findings
from neurodeploy.importers.netx.layers import KINDS, RECURRENCE, RECURRENT, Layer, Synapses, layer_of
from neurodeploy.importers.netx.neurons import input_neuron
from neurodeploy.importers.netx.shapes import Shape, shape_of
from neurodeploy.importers.netx.weights import WEIGHT_BITS
from neurodeploy.network import Current, Input, LoihiCuba, OneToOne, Population, Projection, WeightFormat

__all__ = ["Sequence"]


class Sequence:
    """Reads the layers in order, keeping the source of the next one. A fault in one layer does not stop the others."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.inputs, self.populations, self.projections = list[Input](), list[Population](), list[Projection]()
        self.source, self.shape = "", None
        self.last: Layer | None = None
        self.ledger, self.warnings = list[LedgerLine](), list[Diagnostic]()

    source: str
    shape: Shape | None
    """Shape of the source of the next layer; None if unknown."""

    def layer(self, number: int, fields: Fields) -> None:
        """Read one layer."""
        kind = fields.text("type")
        fields.where = f"layer {number} ({kind})" if kind in (*KINDS, *RECURRENT) else fields.where
        if self.last is not None and self.last.silent:
            message = f"layer {self.last.number} has no neurons and never spikes, but layer {number} follows it"
            self.findings.add("ND052", message)
            self.last = None
        if kind == "input":
            self._input(number, fields)
        elif kind == "flatten":
            self.shape = None if self.shape is None else (prod(self.shape),)
        elif kind in ("dense", "conv"):
            self._received(number, kind, fields)
        else:
            self._unknown(kind, fields)

    def _unknown(self, kind: str | None, fields: Fields) -> None:
        """Report an unsupported layer; its stated shape becomes the source of the next layer."""
        if "type" not in fields:
            self.findings.add("ND052", f"{fields.where} lacks its type")
        elif kind in RECURRENT:
            self.findings.not_imported(RECURRENCE, fields.where)
        elif kind is not None:
            message = f"layers of type '{kind}' are not imported ({', '.join(KINDS)} are)"
            self.findings.not_imported(message, fields.where)
        self.source = self.source or "input"
        self.shape = shape_of(fields)

    def _input(self, number: int, fields: Fields) -> None:
        """Read an input layer; one with neurons becomes a population driven by values."""
        if self.source:
            self.findings.add("ND052", f"{fields.where} is an input after other layers")
        shape, own = shape_of(fields), "neuron" in fields
        if "shape" not in fields and own:
            self.findings.add("ND052", f"{fields.where} lacks its shape")
        self.shape = shape
        if "delay" in fields and (delays := delays_of(fields)) is not None and delays.any():
            message = f"{fields.where} has delays, which netx ignores for inputs"
            self.findings.add("ND052", message)
        neuron = input_neuron(fields, shape) if own else None
        if shape is None or self.source:
            return
        encoder: Any = {"encoder": Current()} if own else {}
        self.inputs.append(Input(name="input", shape=shape, **encoder))
        self.source = "input"
        if neuron is None:
            return
        style = WeightFormat(weight_bits=WEIGHT_BITS, sign_mode="excitatory")
        self._add(number, shape, neuron, (Synapses(OneToOne(weights=np.array(1)), style, Delays()),))
        weight, bias = fields.integer("weight", 1), fields.integer("bias", 0)
        note = "stimulus values are biases; the file computes them from an input x as shown"
        value = f"{weight} * x + {bias}"
        self.line(about("layer", number), "bias of the input layer", value, "a value for each neuron and step", note)

    def _received(self, number: int, kind: str, fields: Fields) -> None:
        """Read a layer with synapses."""
        first = not self.source
        if first and kind == "conv":
            message = "starts with a convolution, but no input layer specifies the shape of its source"
            self.findings.add("ND052", message)
        layer = layer_of(number, kind, fields, self.shape)
        if first and layer is not None:
            self.shape = (int(layer.synapses[0].operation.weights.shape[1]),)
            self.inputs.append(Input(name="input", shape=self.shape))
            self.source = "input"
        self.source = self.source or "input"
        if layer is None:
            self.shape = _stated_shape(fields)
            return
        self._add(number, layer.shape, layer.neuron, layer.synapses)
        self.last = layer
        self._lines(layer, fields)

    def _lines(self, layer: Layer, fields: Fields) -> None:
        """Add ledger lines and warnings for semantics that the file does not specify."""
        where, (synapses, *_) = about("layer", layer.number), layer.synapses
        delays = synapses.delays
        if layer.silent:
            note = "as in netx; the answer is the highest sum in the last step"
            self.line(where, "neurons", "none in the file", "integrators without a leak, which never spike", note)
        if np.any(delays.steps):
            of = {"projection": "all synapses", "target": "all synapses of each neuron", "source": "each source"}
            note = "as in netx: delays apply to the synapses of their own layer"
            if synapses.operation.kind == "conv2d":
                note = "as trained; netx ignores delays of convolutions"
                self._warn_of_delays(fields, int(np.max(delays.steps)))
            got = f"of {of.get(delays.axis, 'each synapse')}, up to {int(np.max(delays.steps))} steps"
            self.line(where, "delays", f"{delays.n_stated} in the file", got, note)
            if np.any(np.asarray(fields.numbers("delay")) % 1):
                self.line(where, "delays", "fractions of a step", "truncated to whole steps", "as in netx")
        if synapses.style.exponent:
            note = "netx ignores wgtExp"
            self.line(where, "wgtExp", str(synapses.style.exponent), "an exponent of the weights", note)

    def _warn_of_delays(self, fields: Fields, longest: int) -> None:
        message = (
            f"{fields.where} has delays of up to {longest} steps, which netx ignores in convolutions; they are imported"
        )
        fixes = ["to run the network as netx does, export the layer without delays"]
        self.warnings.append(finding("ND064", about("file", self.findings.file), message, fixes=fixes))

    def line(self, where: Subject, quantity: str, asked: str, got: str, note: str) -> None:
        """Add a ledger line for an assumption."""
        self.ledger.append(
            LedgerLine(subject=where, quantity=quantity, asked=asked, got=got, level="assumed", note=note)
        )

    def _add(self, number: int, shape: Shape, neuron: LoihiCuba, synapses: tuple[Synapses, ...]) -> None:
        name = f"layer{number}"
        self.populations.append(Population(name=name, shape=shape, neuron=neuron))
        for item in synapses:
            self.projections.append(
                Projection(
                    name=f"{self.source}_to_{name}",
                    source=self.source,
                    target=name,
                    operation=item.operation,
                    weight_format=item.style,
                    delay_steps=item.delays.steps,
                    delay_axis=item.delays.axis,
                )
            )
        self.source, self.shape = name, shape


def _stated_shape(fields: Fields) -> Shape | None:
    """The shape that a faulty layer states; its faults are already reported."""
    return shape_of(Fields(fields.where, "", fields.values, Findings("")))
