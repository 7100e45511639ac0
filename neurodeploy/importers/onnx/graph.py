"""A graph while it is read: values by name, nodes made so far, faults, ledger."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.ledger import LedgerLine, Level
from neurodeploy.diagnostics.subject import SubjectKind
from neurodeploy.importers.onnx.faults import Fault, malformed, too_large, unsupported
from neurodeploy.trained.network import Node, Quantization
from neurodeploy.trained.operations import LinearMap, Operation, Reshape

__all__ = ["MOST_VALUES", "Draft", "Item", "Number", "Reading", "Stored", "Tensor", "Value", "require_size"]

Array = NDArray[Any]
Shape = tuple[int, ...]
Number = float | NDArray[Any]
MOST_VALUES = 1 << 24
"""Largest number of values of a tensor, and of entries of a listed map."""
QDQ = "quantize with pairs of QuantizeLinear and DequantizeLinear (quant_format=QuantFormat.QDQ)"
LARGEST = 1e38
"""Largest magnitude of a weight, as for the arrays of nouns."""


class Tensor(NamedTuple):
    """Values that depend on the input, with the shape that they have for one sample."""

    name: str
    """Node or input of the trained network."""
    shape: Shape
    """As in the ONNX graph, with a batch axis of 1."""
    batched: bool
    """Whether the first axis is the batch axis, which the trained network leaves out."""

    @property
    def inner(self) -> Shape:
        """Shape in the trained network."""
        return (self.shape[1:] if self.batched else self.shape) or (1,)


class Stored(NamedTuple):
    """A tensor as the integers of QuantizeLinear, which DequantizeLinear returns to numbers."""

    tensor: Tensor
    quantization: Quantization


Value = Tensor | Stored | Array | None
"""None: the result of a node with a fault, about which nothing more is said."""


class Draft(NamedTuple):
    """A node of the trained network while it can still change."""

    operation: Operation
    inputs: tuple[str, ...]
    shape: Shape
    stored: Quantization | None = None


class Reading:
    """Everything that is known while the nodes of a graph are read in order."""

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.folder: Path | None = None
        """Folder of the model, in which weights may lie."""
        self.file = "model.onnx"
        """The path of the model, in commands."""
        self.batch = 1
        """Size of the batch axis that the file states."""
        self.values: dict[str, Value] = {}
        """ONNX name -> value."""
        self.drafts: dict[str, Draft] = {}
        """Node of the trained network -> what it is."""
        self.inputs: dict[str, Shape] = {}
        """Input of the trained network -> shape."""
        self.stored: dict[tuple[str, Quantization], Tensor] = {}
        """Tensors that QuantizeLinear has read, and what is stored of them."""
        self.clamps: dict[str, str] = {}
        """relu that a QuantizeLinear stands for -> what it reads."""
        self.faults: list[tuple[str, Fault]] = []
        """(node, fault)."""
        self.ledger: list[LedgerLine] = []

    def free(self, name: str) -> str:
        """Return `name`, or it with a number if a node or input has it already."""
        found, number = name, 2
        while found in self.drafts or found in self.inputs:
            found, number = f"{name}_{number}", number + 1
        return found

    def note(
        self, kind: SubjectKind, name: str, quantity: str, asked: str, got: str, level: Level, note: str = ""
    ) -> None:
        """Add a line to the ledger. `kind`: kind of its subject; the others are fields of LedgerLine."""
        line = LedgerLine(subject=about(kind, name), quantity=quantity, asked=asked, got=got, level=level, note=note)
        self.ledger.append(line)

    def nodes(self) -> tuple[Node, ...]:
        """Return the nodes of the trained network."""
        return tuple(
            Node(name=name, operation=item.operation, inputs=item.inputs, shape=item.shape, stored=item.stored)
            for name, item in self.drafts.items()
        )


class Item:
    """A node of the graph: its attributes and inputs by place, and the nodes that it becomes."""

    def __init__(
        self, reading: Reading, name: str, kind: str, ports: tuple[list[str], list[str]], fields: dict[str, Any]
    ) -> None:
        self.reading = reading
        self.name = name
        self.kind = kind
        self.inputs, self.outputs = ports
        self.fields = fields

    # --- attributes

    def integer(self, field: str, default: int) -> int:
        """Return a whole number. `field`: name of the attribute; `default`: value where it is absent."""
        value = self.fields.get(field, default)
        if not isinstance(value, int):
            malformed(f"has an attribute {field} that is no whole number")
        return value

    def number(self, field: str, default: float) -> float:
        """Return a number. `field`: name of the attribute; `default`: value where it is absent."""
        value = self.fields.get(field, default)
        if not isinstance(value, (int, float)) or not np.isfinite(value):
            malformed(f"has an attribute {field} that is no number")
        return float(value)

    def integers(self, field: str) -> Shape | None:
        """Return whole numbers, None where they are absent. `field`: name of the attribute."""
        value = self.fields.get(field)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, int) for item in cast("list[Any]", value)):
            malformed(f"has an attribute {field} that is no list of whole numbers")
        return tuple(cast("list[int]", value))

    def text(self, field: str, default: str) -> str:
        """Return a text. `field`: name of the attribute; `default`: value where it is absent."""
        value = self.fields.get(field, default)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str):
            malformed(f"has an attribute {field} that is no text")
        return value

    # --- inputs

    def has(self, place: int) -> bool:
        """Whether the input at `place` is given."""
        return place < len(self.inputs) and bool(self.inputs[place])

    def value(self, place: int) -> Tensor | Stored | Array:
        """Return the input at `place`. A node that reads a faulty one ends without a finding of its own."""
        if not self.has(place):
            malformed(f"needs {place + 1} inputs and has {len(self.inputs)}")
        found = self.reading.values[self.inputs[place]]
        if found is None:
            raise Fault("", "")
        return found

    def tensor(self, place: int) -> Tensor:
        """Return the input at `place`, which depends on the samples."""
        found = self.value(place)
        if isinstance(found, Stored):
            unsupported("computes with the integers of QuantizeLinear", QDQ)
        if not isinstance(found, Tensor):
            malformed(f"reads constants only, as input {place + 1}")
        return found

    def is_constant(self, place: int) -> bool:
        """Whether the input at `place` is an array."""
        return isinstance(self.value(place), np.ndarray)

    def constant(self, place: int, what: str) -> Array:
        """Return the input at `place` as an array. `what`: its role, in messages."""
        found = self.value(place)
        if not isinstance(found, np.ndarray):
            unsupported(f"has {what} that depend on the input of the network", f"use constant {what}")
        return found

    def weights(self, place: int, what: str) -> Array:
        """Return the numbers at `place`, float64 or float32, and 0 for those that are not finite, which is a fault.

        `what`: their role, in messages.
        """
        array = self.constant(place, what)
        if array.dtype.kind not in "fiub":
            malformed(f"has {what} of type {array.dtype}")
        array = array if array.dtype.char in "fd" else array.astype(np.float64)
        bad = ~(np.abs(array) <= LARGEST)
        if bad.any():
            axes = [int(k) for k in np.argwhere(bad)[0]]
            first = f"; the first is at {axes}" if axes else ""
            count = f"{int(bad.sum()):,} of {array.size:,}"
            fault = Fault(
                "ND802",
                f"has {what} ('{self.inputs[place]}') of which {count} are not finite or above {LARGEST:g}{first}",
            )
            self.reading.faults.append((self.name, fault))
            return np.where(bad, 0, array)
        return array

    def whole(self, place: int, what: str) -> Shape:
        """Return the whole numbers at `place`, in the order of their axes. `what`: their role, in messages."""
        array = self.constant(place, what)
        if array.dtype.kind not in "iu" or array.size > 64:
            malformed(f"has {what} that are no whole numbers")
        return tuple(int(item) for item in array.ravel())

    # --- results

    def emit(
        self, operation: Operation, inputs: Sequence[Tensor], shape: Shape, *, batched: bool | None = None
    ) -> Tensor:
        """Return the tensor of a new node that computes `operation` of `inputs`.

        `shape`: its shape with the batch axis. `batched`: whether the first axis is that; None: it is if its size is 1.
        """
        made = Tensor(
            self.reading.free(self.name), shape, bool(shape) and shape[0] == 1 if batched is None else batched
        )
        require_size(prod(shape))
        self.reading.drafts[made.name] = Draft(operation, tuple(item.name for item in inputs), made.inner)
        return made

    def reshaped(self, tensor: Tensor, shape: Shape, *, batched: bool | None = None) -> Tensor:
        """Return the values of `tensor` in their order with another `shape`; `batched` as for `emit`."""
        if prod(shape) != prod(tensor.shape):
            malformed(f"has shape {list(tensor.shape)}, which cannot become {list(shape)}")
        wanted = Tensor(tensor.name, shape, bool(shape) and shape[0] == 1 if batched is None else batched)
        if wanted.inner == tensor.inner:
            return wanted
        return self.emit(Reshape(shape=wanted.inner), [tensor], shape, batched=wanted.batched)

    def gathered(self, tensor: Tensor, places: Array) -> Tensor:
        """Return the values at `places` of a tensor: an array of the new shape with flat places, -1 for zeros."""
        require_size(places.size)
        if places.size == prod(tensor.shape) and bool((places.ravel() == np.arange(places.size)).all()):
            return self.reshaped(tensor, places.shape)
        flat = places.ravel()
        post = np.flatnonzero(flat >= 0)
        shape = Tensor("", places.shape, bool(places.shape) and places.shape[0] == 1).inner
        operation = LinearMap(shape=shape, post=post, pre=flat[post], weights=np.ones(post.size))
        return self.emit(operation, [tensor], places.shape)

    def places(self, tensor: Tensor) -> Array:
        """Return the flat place of every value of `tensor`, in its shape."""
        require_size(prod(tensor.shape))
        return np.arange(prod(tensor.shape)).reshape(tensor.shape)


def require_size(values: int) -> None:
    """Refuse tensors with more `values` than the limit (ND815)."""
    if values > MOST_VALUES:
        too_large(
            f"has a result of {values:,} values; at most {MOST_VALUES:,} are read", "use smaller inputs or layers"
        )
    if values == 0:
        malformed("has a result without values")
