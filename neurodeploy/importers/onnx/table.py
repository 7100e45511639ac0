"""Operations of ONNX -> the function that reads a node of that kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from neurodeploy.importers.onnx.activations import ACTIVATIONS, SCORES
from neurodeploy.importers.onnx.elementwise import ELEMENTWISE
from neurodeploy.importers.onnx.faults import Fault
from neurodeploy.importers.onnx.folding import FOLDS, folded, is_foldable
from neurodeploy.importers.onnx.graph import Item, Tensor, Value
from neurodeploy.importers.onnx.layout import LAYOUT
from neurodeploy.importers.onnx.linear import LINEAR
from neurodeploy.importers.onnx.pooling import POOLING
from neurodeploy.importers.onnx.quantized import QUANTIZED
from neurodeploy.importers.onnx.refused import OTHERS, RECURRENT, RECURRENT_FIX, instead_of

__all__ = ["OPERATIONS", "assumed", "translated"]

Reader = Callable[[Item], Value | tuple[Tensor, ...]]
OPERATIONS: dict[str, Reader] = {
    **LINEAR, **ELEMENTWISE, **ACTIVATIONS, **SCORES, **LAYOUT, **POOLING, **QUANTIZED,
}  # fmt: skip
"""Readers of nodes that depend on the input of the network."""


def translated(item: Item, domain: str) -> tuple[Value, ...]:
    """Return the values of the outputs of a node, of operations of `domain`. Raises Fault: ND800, ND801 and those of readers."""
    own = domain in ("", "ai.onnx")
    if own and item.kind in RECURRENT:
        raise Fault("ND801", f"{item.kind} has a state of its own, which rates of spikes cannot carry", RECURRENT_FIX)
    reader = OPERATIONS.get(item.kind) if own else None
    known = reader is not None or (own and item.kind in FOLDS)
    if (known or (own and item.kind not in OTHERS)) and is_foldable(item):
        return (folded(item),)
    if reader is None:
        named = item.kind if own else f"{item.kind} of the operations {domain}"
        raise Fault("ND800", f"{named} becomes neither synapses nor spikes", instead_of(item.kind, domain))
    made = reader(item)
    return cast("tuple[Value, ...]", made) if type(made) is tuple else (cast("Value", made),)  # Tensor is a tuple, too


def assumed(item: Item) -> Value:
    """Return the value that a node with a fault is taken to have, so that the nodes after it are judged as well: its input."""
    if item.kind not in OTHERS and item.kind not in ELEMENTWISE and item.kind not in ACTIVATIONS:
        return None
    values = [item.reading.values.get(name) for name in item.inputs if name]
    return next((value for value in values if isinstance(value, Tensor)), None)
