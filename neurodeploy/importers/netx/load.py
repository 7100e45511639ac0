"""Importer of lava-dl netx files (.net, HDF5): a lossless conversion into a Network of integers.

Layout: layer/<i>/{type, shape (channels, height, width), neuron/{type, iDecay, vDecay, vThMant, refDelay, wgtExp}, weight, bias,
stride, padding, dilation, groups, delay}. iDecay and vDecay are effective decays: du = iDecay - 1. The bias is in units of
2**6. The file does not specify the length of a step, so ImportOptions.dt_s is required.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding, raise_errors
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.importers.hdf5 import Folder, Item, Unread, read_tree
from neurodeploy.importers.netx.fields import Fields, Findings, printable
from neurodeploy.importers.netx.layers import (
    KINDS,
    RECURRENCE,
    RECURRENT,
    WEIGHT_BITS,
    Delays,
    Layer,
    Shape,
    delays_of,
    input_neuron,
    layer_of,
    shape_of,
)
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.io.archive import refuse
from neurodeploy.network import (
    Current,
    Input,
    LoihiCuba,
    Membrane,
    Network,
    OneToOne,
    Output,
    Population,
    Projection,
    SpikeCount,
    Time,
    WeightFormat,
)

__all__ = ["load_netx"]


def _read(path: Path, limit_bytes: int | None) -> Mapping[str, Item]:
    """Return the groups of the layers by name. Raises DiagnosticError: ND001, ND003, ND051."""
    top = read_tree(path, limit_bytes).items.get("layer")
    if not isinstance(top, Folder):
        why = "it has no group 'layer'" if top is None else "its 'layer' is not a group"
        raise refuse("ND051", path, f"is HDF5, but contains no netx network: {why}")
    return top.items


def _layers(groups: Mapping[str, Item], findings: Findings) -> list[Fields]:
    """Layers in order. netx numbers them consecutively from 0."""
    numbers = sorted(int(name) for name in groups if re.fullmatch(r"0|[1-9]\d{0,8}", name))
    others = [name for name in groups if not re.fullmatch(r"0|[1-9]\d{0,8}", name)]
    if others:
        message = f"group 'layer' has {len(others)} members that are not layer numbers, first '{printable(others[0])}'"
        findings.add("ND053", message)
    gaps = sorted(set(range(len(numbers))) - set(numbers))
    if gaps or not numbers:
        findings.add("ND053", f"has {len(numbers)} layers, but no layer {gaps[0]}" if gaps else "has no layer")
    found = list[Fields]()
    for number in numbers:
        fields = groups[str(number)]
        if isinstance(fields, Folder):
            found.append(Fields(f"layer {number}", "", fields.items, findings))
        else:
            why = fields.why if isinstance(fields, Unread) else "is not a group of fields"
            findings.add("ND053", f"layer {number} {why}")
    return found


class _Reader:
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
        self._add(number, shape, neuron, OneToOne(weights=np.array(1)), style, Delays())
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
            self.shape = (int(layer.operation.weights.shape[1]),)
            self.inputs.append(Input(name="input", shape=self.shape))
            self.source = "input"
        self.source = self.source or "input"
        if layer is None:
            self.shape = _stated_shape(fields)
            return
        self._add(number, layer.shape, layer.neuron, layer.operation, layer.style, layer.delays)
        self.last = layer
        self._lines(layer, fields)

    def _lines(self, layer: Layer, fields: Fields) -> None:
        """Add ledger lines and warnings for semantics that the file does not specify."""
        where, delays = about("layer", layer.number), layer.delays
        if layer.silent:
            note = "as in netx; the answer is the highest sum in the last step"
            self.line(where, "neurons", "none in the file", "integrators without a leak, which never spike", note)
        if np.any(delays.steps):
            of = {"projection": "all synapses", "target": "all synapses of each neuron", "source": "each source"}
            note = "as in netx: delays apply to the synapses of their own layer"
            if layer.operation.kind == "conv2d":
                note = "as trained; netx ignores delays of convolutions"
                self._warn_of_delays(fields, int(np.max(delays.steps)))
            got = f"of {of.get(delays.axis, 'each synapse')}, up to {int(np.max(delays.steps))} steps"
            self.line(where, "delays", f"{delays.n_stated} in the file", got, note)
            if np.any(np.asarray(fields.numbers("delay")) % 1):
                self.line(where, "delays", "fractions of a step", "truncated to whole steps", "as in netx")
        if layer.style.exponent:
            note = "netx ignores wgtExp"
            self.line(where, "wgtExp", str(layer.style.exponent), "an exponent of the weights", note)

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

    def _add(
        self, number: int, shape: Shape, neuron: LoihiCuba, operation: Any, style: WeightFormat, delays: Delays
    ) -> None:
        name = f"layer{number}"
        self.populations.append(Population(name=name, shape=shape, neuron=neuron))
        self.projections.append(
            Projection(
                name=f"{self.source}_to_{name}",
                source=self.source,
                target=name,
                operation=operation,
                weight_format=style,
                delay_steps=delays.steps,
                delay_axis=delays.axis,
            )
        )
        self.source, self.shape = name, shape


def _stated_shape(fields: Fields) -> Shape | None:
    """The shape that a faulty layer states; its faults are already reported."""
    return shape_of(Fields(fields.where, "", fields.values, Findings("")))


def _network_name(path: Path) -> str:
    """A valid network name made from a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".net")).lstrip(".-")[:200] or "network"


def load_netx(path: Path, options: ImportOptions) -> Imported:
    """Return the network of a .net file: its integers unchanged, its layers in sequence.

    Raises DiagnosticError with every fault: ND001, ND003, ND047 (no dt_s), ND051 (no netx network), ND052 (unsupported),
    ND053 (inconsistent). Source of the fields: lava-dl netx, d825ac5.
    """
    findings = Findings(str(path))
    reader = _Reader(findings)
    for number, fields in enumerate(_layers(_read(path, options.memory_limit_bytes), findings)):
        reader.layer(number, fields)
    if not findings.count and not reader.populations:
        findings.add("ND053", "has no layer with neurons")
    found = [*findings.all(), *reader.warnings]
    if options.dt_s is None:
        message = "does not specify the length of a step"
        found.append(finding("ND047", about("file", path), message, fixes=["--dt SECONDS, e.g. --dt 1e-3"]))
    found = raise_errors("import", found)
    reader.line(about("import"), "dt_s", "not in the file", f"{options.dt_s:g} s", "given by the user")
    reader.line(about("import"), "latency of a layer", "1 step in netx", "1 step per projection", "the same")
    decoder = Membrane() if reader.last is not None and reader.last.silent else SpikeCount()
    network = Network(
        name=_network_name(path),
        time=Time(dt_s=options.dt_s or 1.0),
        inputs=tuple(reader.inputs),
        populations=tuple(reader.populations),
        projections=tuple(reader.projections),
        outputs=(Output(name="output", source=reader.source, decoder=decoder),),
        metadata={"imported_from": {"format": "netx", "file": path.name}},
    )
    return Imported(network=network, ledger=tuple(reader.ledger), findings=found)
