"""Conversion of one netx layer into neurons and the synapses onto them.

Source of the interpretation of all fields: lava-dl 0.6.0, netx/hdf5.py, and lava-nc 0.10.0.
"""

from __future__ import annotations

from math import prod
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.delays import DENSE, Delays, layer_delays, note_delays, recurrent_delays
from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.neurons import LayerNeuron, bias_of, is_silent, neuron_of, readout
from neurodeploy.importers.netx.operations import (
    KERNELS,
    LayerOperation,
    operation_of,
    recurrence_of,
    weights_of,
)
from neurodeploy.importers.netx.shapes import Shape, shape_of
from neurodeploy.importers.netx.weights import parts_of
from neurodeploy.network import Dense, ResonateFire, WeightFormat
from neurodeploy.network.coordinates import target_size

__all__ = ["KINDS", "SYNAPTIC", "Layer", "Synapses", "layer_of"]

SYNAPTIC = (*DENSE, *KERNELS)
"""Types of layers with synapses and neurons."""
KINDS = ("input", "flatten", *SYNAPTIC, "average")
READ_BY_NETX = ("dense", "dense_rec", "conv")
"""Types of layers with synapses that netx reads."""
Ints = NDArray[np.int64]
Port = Literal["a", "b"]
PARTS = {"a": "real", "b": "imaginary"}
"""Port of a complex neuron -> suffix of the projection onto it."""


class Synapses(NamedTuple):
    """The synapses of one projection onto a layer."""

    operation: LayerOperation
    style: WeightFormat
    delays: Delays
    suffix: str = ""
    """What distinguishes the projection from others of the same source; empty if it is the only one."""
    port: Port = "a"
    recurrent: bool = False
    """Whether the layer itself is the source."""


class Layer(NamedTuple):
    """A layer with neurons and the synapses onto them."""

    number: int
    shape: Shape
    neuron: LayerNeuron
    synapses: tuple[Synapses, ...]
    n_sources: int
    """Neurons of the layer before."""
    offset: Ints | None = None
    """Constants added to v at readout, (n,) or (1,), in units of v; None if the layer has neurons in the file."""

    @property
    def silent(self) -> bool:
        """Whether the layer never spikes, so that it is read out."""
        return is_silent(self.neuron)


def layer_of(number: int, kind: str, fields: Fields, source: Shape | None) -> Layer | None:
    """Return a layer of a type in SYNAPTIC; None after a finding. `source`: the shape that feeds it, None if not known."""
    before, shape = fields.findings.count, shape_of(fields)
    if "shape" not in fields:
        fields.findings.add("ND052", f"{fields.where} lacks its shape")
    bare = kind in DENSE and "neuron" not in fields
    neuron = readout() if bare else neuron_of(fields, shape)
    offset = _offset(fields, shape) if bare else None
    operations = _operations(kind, fields, shape, source, neuron)
    synapses = _synapses(kind, fields, shape, operations)
    if neuron is None or not operations or shape is None or fields.findings.count > before:
        return None
    if kind not in READ_BY_NETX:
        fields.line("layer", f"type {kind}", "imported as trained", "netx does not read this type")
    return Layer(number, shape, neuron, synapses, _n_sources(operations, source), offset)


def _offset(fields: Fields, shape: Shape | None) -> Ints | None:
    """Biases of a layer without neurons in units of v. In netx its v is the sum of all inputs so far, plus the bias."""
    bias = bias_of(fields, shape)
    note = "as in netx; the answer is the highest sum in the last step"
    fields.line("neurons", "none in the file", "integrators without a leak, which never spike", note)
    if bias is not None and bias.any():
        note = "as in netx; a recording of v does not contain the bias"
        fields.line("bias", "of a layer without neurons", "added to the sums when the answer is read", note)
    return None if bias is None else bias << 6


def _n_sources(operations: dict[str, LayerOperation], source: Shape | None) -> int:
    operation = next(iter(operations.values()))
    return int(operation.weights.shape[1]) if isinstance(operation, Dense) else prod(source or ())


def _operations(
    kind: str, fields: Fields, shape: Shape | None, source: Shape | None, neuron: LayerNeuron | None
) -> dict[str, LayerOperation]:
    """Operations onto the neurons by port; empty after a finding."""
    weights, found = weights_of(fields), dict[str, LayerOperation]()
    if weights is None:
        return found
    if neuron is not None and (len(weights) > 1) != isinstance(neuron, ResonateFire):
        needs = (
            "complex weights, which only RF neurons take"
            if len(weights) > 1
            else "real weights; its RF neurons need complex ones"
        )
        fields.wrong(f"has {needs}")
        return found
    for port, values in weights.items():
        operation = operation_of(kind, fields, values, shape, source)
        if operation is None:
            return {}
        if shape is not None and (got := target_size(operation, prod(source or ()))) != prod(shape):
            fields.wrong(f"has shape {list(shape)}; its weights reach {got} neurons")
            return {}
        found[port] = operation
    return found


def _synapses(
    kind: str, fields: Fields, shape: Shape | None, operations: dict[str, LayerOperation]
) -> tuple[Synapses, ...]:
    """Projections onto a layer, each with weights that one format stores."""
    first = next(iter(operations.values()), None)
    matrix = first.weights.shape if isinstance(first, Dense) else None
    delays = layer_delays(kind, fields, matrix, shape)
    note_delays(fields, delays, kind in DENSE and len(operations) == 1)
    found = list[Synapses]()
    for port, operation in operations.items():
        name = PARTS[port] if len(operations) > 1 else ""
        found += _stored(fields, operation, delays, name, cast("Port", port))
    recurrent = recurrence_of(fields, shape)
    if (
        recurrent is None
        and kind in ("dense_rec", "recurrent")
        and not any(key in fields for key in ("weight_rec", "recWeight"))
    ):
        fields.findings.add("ND052", f"{fields.where} lacks its recurrent weights")
    if recurrent is not None:
        if len(operations) > 1 or kind not in DENSE:
            fields.findings.not_imported("recurrence of convolutions and complex neurons is not imported", fields.where)
        _note_recurrence(kind, fields)
        again = recurrent_delays(fields, delays, matrix) if matrix else Delays()
        found += [item._replace(recurrent=True) for item in _stored(fields, Dense(weights=recurrent), again, "", "a")]
    return tuple(found)


def _note_recurrence(kind: str, fields: Fields) -> None:
    note = (
        "as in netx and in training"
        if kind == "dense_rec"
        else f"as in training; netx does not read it from type {kind}"
    )
    fields.line("recurrence", "no step stated", "spikes arrive in the next step", note)


def _stored(fields: Fields, operation: LayerOperation, delays: Delays, name: str, port: Port) -> list[Synapses]:
    """One projection, or two where no format holds all weights."""
    parts = parts_of(fields, operation.weights)
    return [
        Synapses(
            operation.model_copy(update={"weights": part.weights}),
            part.style,
            delays,
            "_".join(word for word in (name, part.name) if word),
            port,
        )
        for part in parts
    ]
