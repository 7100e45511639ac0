"""Conversion of one netx layer into neurons and the synapses onto them.

Source of the interpretation of all fields: lava-dl 0.6.0, netx/hdf5.py, and lava-nc 0.10.0.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from neurodeploy.importers.netx.delays import Delays, layer_delays
from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.neurons import neuron_of, readout
from neurodeploy.importers.netx.operations import operation_of
from neurodeploy.importers.netx.shapes import Shape, shape_of
from neurodeploy.importers.netx.weights import style
from neurodeploy.network import Conv2d, Dense, LoihiCuba, OneToOne, Sparse, WeightFormat
from neurodeploy.network.coordinates import target_size

__all__ = ["KINDS", "RECURRENCE", "RECURRENT", "Layer", "Synapses", "layer_of"]

KINDS = ("input", "flatten", "dense", "conv")
RECURRENT = ("dense_rec", "recurrent")
RECURRENCE = "recurrence is not imported"


class Synapses(NamedTuple):
    """The synapses of one projection onto a layer."""

    operation: Dense | Conv2d | OneToOne | Sparse
    style: WeightFormat
    delays: Delays


class Layer(NamedTuple):
    """A layer with neurons and the synapses onto them."""

    number: int
    shape: Shape
    neuron: LoihiCuba
    synapses: tuple[Synapses, ...]
    silent: bool
    """Whether the layer has no neurons in the file, so that it is read out and never spikes."""


def layer_of(number: int, kind: str, fields: Fields, source: Shape | None) -> Layer | None:
    """Return a dense layer or a convolution; None after a finding. `source`: the shape that feeds it, None if not known."""
    before, shape = fields.findings.count, shape_of(fields)
    if "shape" not in fields:
        fields.findings.add("ND052", f"{fields.where} lacks its shape")
    _require_plain(fields)
    silent = kind == "dense" and "neuron" not in fields
    neuron = readout(fields) if silent else neuron_of(fields, shape)
    operation = operation_of(kind, fields, shape, source)
    if operation is not None and shape is not None:
        got = target_size(operation, prod(source or ()))
        if got != prod(shape):
            fields.wrong(f"has shape {list(shape)}; its weights reach {got} neurons")
    delays = layer_delays(kind, fields, operation, shape)
    if neuron is None or operation is None or shape is None or fields.findings.count > before:
        return None
    synapses = Synapses(operation, style(fields, operation.weights), delays)
    return Layer(number, shape, neuron, (synapses,), silent)


def _require_plain(fields: Fields) -> None:
    """Report unsupported features of a layer of a supported type."""
    if any(key in fields for key in ("weight_rec", "recWeight")):
        fields.findings.not_imported(RECURRENCE, fields.where)
    if fields.is_group("weight"):
        fields.findings.not_imported("weights of complex neurons are not imported", fields.where)
