"""NIR nodes with typed, validated fields. Each node is checked separately; connections between nodes are checked later."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics.translate import nearest
from neurodeploy.importers.fields import brief, numbers, whole, wholes
from neurodeploy.importers.hdf5 import Item, Unread
from neurodeploy.importers.nir.broadcasting import spread, together, without_ones
from neurodeploy.importers.nir.graph import FlatGraph
from neurodeploy.importers.nir.reader import NirNode
from neurodeploy.importers.nir.times import Times
from neurodeploy.importers.notes import Notes, listed

__all__ = [
    "KNOWN",
    "NEURONS",
    "Cell",
    "Delay",
    "Flat",
    "Linear",
    "Node",
    "Port",
    "Scale",
    "Window",
    "read_nodes",
]

Array = NDArray[Any]
Shape = tuple[int, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Port:
    """An Input or Output node and the shape that it states."""

    kind: str
    shape: Shape | None


@dataclass(frozen=True)
class Cell:
    """A neuron node: its parameters, each one value or one per neuron. Times are in seconds."""

    kind: str
    values: dict[str, Array]

    @property
    def shape(self) -> Shape | None:
        """Shape of all parameters together; None if all are single numbers."""
        return together([value.shape for value in self.values.values() if value.size > 1])

    @property
    def spikes(self) -> bool:
        """Whether it spikes; the others integrate only."""
        return "v_threshold" in self.values or "threshold" in self.values

    def spread(self, shape: Shape) -> Cell:
        """The same node with every parameter as one number or flat, with one number for each neuron of `shape`."""
        return Cell(self.kind, {key: spread(value, shape) for key, value in self.values.items()})


@dataclass(frozen=True)
class Linear:
    """A Linear or Affine node: y = weight @ x + bias."""

    kind: str
    weight: Array
    """(out, in)."""
    bias: Array | None
    """(out,)."""


@dataclass(frozen=True)
class Scale:
    """A Scale node: y = scale * x."""

    kind: str
    scale: Array


@dataclass(frozen=True)
class Flat:
    """A Flatten node, which joins axes `first` to `last`; negative axes count from the end."""

    kind: str
    first: int
    last: int
    stated_axes: int = 0
    """Number of axes of the node's input_type; 0: not stated."""


@dataclass(frozen=True)
class Delay:
    """A Delay node: y[t] = x[t - steps]."""

    kind: str
    steps: NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """A convolution or pool over one or two spatial axes."""

    kind: str
    weight: Array | None
    """(output channels, input channels / groups, *kernel); None for a pool."""
    bias: Array | None
    kernel: Shape
    stride: Shape
    padding: Shape | str
    dilation: Shape
    groups: int
    input_shape: Shape | None
    """Spatial shape of the source as stated in the file, without channels."""


Node = Port | Cell | Linear | Scale | Flat | Delay | Window


_CELLS = {
    "LIF": ("tau", "r", "v_leak", "v_threshold"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold"),
    "IF": ("r", "v_threshold"),
    "LI": ("tau", "r", "v_leak"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak"),
    "I": ("r",),
    "Threshold": ("threshold",),
}
_OPTIONAL = {"LIF": ("v_reset",), "CubaLIF": ("v_reset", "w_in"), "IF": ("v_reset",), "CubaLI": ("w_in",)}
NEURONS = tuple(_CELLS)
_CONV = ("weight", "bias", "stride", "padding", "dilation", "groups", "input_shape")
_POOL = ("kernel_size", "stride", "padding")
_FIELDS = {
    **{kind: (*_CELLS[kind], *_OPTIONAL.get(kind, ())) for kind in NEURONS},
    **{"Input": ("shape",), "Output": ("shape",), "Linear": ("weight", "bias"), "Affine": ("weight", "bias")},
    **{"Scale": ("scale",), "Flatten": ("input_type", "start_dim", "end_dim"), "Delay": ("delay",)},
    **{"Conv1d": _CONV, "Conv2d": _CONV, "SumPool2d": _POOL, "AvgPool2d": _POOL},
}
KNOWN = tuple(_FIELDS)
_DESCRIPTIVE = ("metadata", "input_type", "output_type")
"""Entries that do not affect how a network runs."""


class _Reader:
    """Reads the fields of one node and notes every fault."""

    def __init__(self, name: str, node: NirNode, notes: Notes, times: Times, *, outermost: bool) -> None:
        self.name, self.kind, self.fields, self.outermost = name, node.type, node.fields, outermost
        self.notes, self.times, self.sound = notes, times, True

    def item(self, key: str) -> Item | None:
        return self.fields.get(key)

    def fault(self, message: str, *fixes: str) -> None:
        self.sound = False
        self.notes.fault("ND046", self.name, self.kind, message, *fixes)

    def read(self, key: str, reader: Callable[[Item | None], T | Unread], default: T | None = None) -> T | None:
        """Return a field as read by `reader`, or `default` if it is missing; without a default, that is a fault."""
        item = self.item(key)
        if item is None and default is not None:
            return default
        found = reader(item)
        if isinstance(found, Unread):
            self.sound = False
            self.notes.unread(self.name, self.kind, key, item, found)
            return None
        return found

    def array(self, key: str, *, optional: bool = False) -> Array | None:
        """Return numbers as floats; None if they are missing or invalid."""
        found = None if optional and self.item(key) is None else self.read(key, numbers)
        return found if found is None or found.dtype.kind == "f" else found.astype(np.float64)

    def port(self) -> Node | None:
        if self.item("shape") is None and not (self.kind == "Input" and self.outermost):
            return Port(self.kind, None)
        shape = self.read("shape", lambda item: wholes(_flat(item), least=1))
        if shape is not None and not shape:
            self.fault("field 'shape' has no axis")
        return Port(self.kind, shape)

    def cell(self) -> Node | None:
        missing = [key for key in _CELLS[self.kind] if self.item(key) is None]
        if missing:
            self.sound = False
            words = f"field{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}"
            self.notes.add("ND045", f"node '{brief(self.name)}' ({self.kind}) lacks its {words}")
        values = dict[str, Array]()
        for key in (*_CELLS[self.kind], *_OPTIONAL.get(self.kind, ())):
            found = None if self.item(key) is None else self.array(key)
            if found is not None and key.startswith("tau"):
                found = self.time(key, found)
            if found is not None:
                values[key] = found
        shapes = {key: value.shape for key, value in values.items() if value.size > 1}
        if shapes and together(list(shapes.values())) is None:
            given = ", ".join(f"'{key}' {list(shape)}" for key, shape in shapes.items())
            self.fault(f"the shapes of its fields do not fit together ({given})")
            return None
        return Cell(self.kind, values) if not missing and values else None

    def time(self, key: str, value: Array) -> Array:
        """Return a time constant in seconds, or the value unchanged after a finding, so that its shape is still known."""
        found = self.times.seconds(self.name, self.kind, key, value)
        self.sound = self.sound and found is not None
        return value if found is None else found

    def linear(self) -> Node | None:
        weight, bias = self.array("weight"), self.array("bias", optional=self.kind == "Linear")
        if weight is None or not self.sound:
            return None
        given = list(weight.shape)
        while weight.ndim > 2 and weight.shape[0] == 1:
            weight = weight[0]
        if weight.ndim == 1:
            weight = weight[None, :]
        if weight.ndim != 2:
            self.fault(f"weight has shape {given}; needs (out, in)")
            return None
        if list(weight.shape) != given:
            got = f"read as {list(weight.shape)}: (out, in)"
            self.notes.line(self.name, "weight", f"shape {given}", got, "exact", "leading axes of 1 are dropped")
        return Linear(self.kind, weight, self.bias(bias, len(weight))) if self.sound else None

    def bias(self, bias: Array | None, outputs: int) -> Array | None:
        """Return one bias for each output (or channel), (outputs,); None without a bias."""
        if bias is None:
            return None
        if bias.size not in (1, outputs):
            self.fault(f"bias has shape {list(bias.shape)}, but the weights have {outputs} outputs")
            return None
        if bias.size < outputs:
            self.notes.line(
                self.name, "bias", "one value", f"for all {outputs} outputs", "assumed", "numpy broadcasting"
            )
        return np.broadcast_to(bias.astype(np.float64).ravel(), (outputs,))

    def scale(self) -> Node | None:
        scale = self.array("scale")
        return None if scale is None else Scale(self.kind, scale)

    def flat(self) -> Node | None:
        first = self.read("start_dim", lambda item: whole(item, least=-32, most=32), 0)
        last = self.read("end_dim", lambda item: whole(item, least=-32, most=32), -1)
        stated = wholes(_flat(self.item("input_type")))
        axes = len(stated) if isinstance(stated, tuple) else 0
        return None if first is None or last is None else Flat(self.kind, first, last, axes)

    def delay(self) -> Node | None:
        value = self.array("delay")
        steps = None if value is None else self.times.steps(self.name, self.kind, "delay", value)
        return None if steps is None else Delay(self.kind, steps.ravel())

    def window(self) -> Node | None:
        """Return a convolution; its parameters are those of PyTorch."""
        axes = 1 if self.kind == "Conv1d" else 2
        weight, bias = self.array("weight"), self.array("bias", optional=True)
        if weight is not None and weight.ndim != axes + 2:
            self.fault(f"weight has shape {list(weight.shape)}; needs {axes + 2} axes")
        stride, dilation = self.pair("stride", axes, 1, 1), self.pair("dilation", axes, 1, 1)
        groups = self.read("groups", lambda item: whole(item, least=1), 1)
        padding = self.padding(axes)
        stated = self.item("input_shape")
        places = self.read("input_shape", lambda item: wholes(_flat(item), least=1)) if stated is not None else None
        if not self.sound or weight is None or not (stride and dilation and groups) or padding is None:
            return None
        if weight.shape[0] % groups:
            self.fault(f"weight has shape {list(weight.shape)}; its outputs are not divisible by {groups} groups")
        bias = self.bias(bias, weight.shape[0])
        kernel = tuple(int(n) for n in weight.shape[2:])
        if padding == "same" and any(n != 1 for n in stride):
            fix = "state the padding in numbers, as the framework that trained the network pads"
            self.fault(f"padding 'same' is not defined with a stride of {list(stride)}", fix)
        places = without_ones(places, axes) if places else None
        made = Window(self.kind, weight, bias, kernel, stride, padding, dilation, groups, places)
        return made if self.sound else None

    def pool(self) -> Node | None:
        kernel = self.read("kernel_size", lambda item: _pair(item, 2, 1))
        stride = kernel if self.item("stride") is None else self.pair("stride", 2, 1, 1)
        padding = self.pair("padding", 2, 0, 0)
        if kernel is None or stride is None or padding is None:
            return None
        return Window(self.kind, None, None, kernel, stride, padding, (1, 1), 1, None)

    def pair(self, key: str, axes: int, least: int, default: int) -> Shape | None:
        return self.read(key, lambda item: _pair(item, axes, least), (default,) * axes)

    def padding(self, axes: int) -> Shape | str | None:
        item = self.item("padding")
        if not isinstance(item, str):
            return self.pair("padding", axes, 0, 0)
        if item == "valid":
            return (0,) * axes
        if item != "same":
            self.fault(f"padding is '{brief(item)}'; needs numbers, 'same' or 'valid'")
        return item

    def unknown_fields(self) -> None:
        odd = [key for key in self.fields if key not in _FIELDS[self.kind] and key not in _DESCRIPTIVE]
        if odd:
            note = f"not a field of NIR {self.kind} nodes"
            self.notes.line(self.name, "fields", listed(odd), "not read", "dropped", note)


def _flat(item: Item | None) -> Item | None:
    return item.ravel() if isinstance(item, np.ndarray) and item.dtype.kind != "O" else item


def _pair(item: Item | None, axes: int, least: int) -> Shape | Unread:
    """Whole numbers, one for each axis; a single number applies to all."""
    found = wholes(_flat(item), least=least, count=(1, axes) if axes > 1 else (1, 2))
    if isinstance(found, Unread):
        return found
    return found * axes if len(found) == 1 else found[:axes] if axes == 1 else found


_READERS: dict[str, Callable[[_Reader], Node | None]] = {
    **dict.fromkeys(NEURONS, _Reader.cell),
    **{"Input": _Reader.port, "Output": _Reader.port, "Linear": _Reader.linear, "Affine": _Reader.linear},
    **{"Scale": _Reader.scale, "Flatten": _Reader.flat, "Delay": _Reader.delay},
    **{"Conv1d": _Reader.window, "Conv2d": _Reader.window, "SumPool2d": _Reader.pool, "AvgPool2d": _Reader.pool},
}


_INSTEAD = (
    (r"MaxPool", "SumPool2d or AvgPool2d, trained with the network: spikes carry sums, not maxima"),
    (r"BatchNorm|LayerNorm|GroupNorm", "fold the normalization into the weights and bias of the layer before it"),
    (r"Identity|Dropout", "leave the node out and connect its neighbors"),
    (r"ReLU|Sigmoid|Tanh", "IF or LIF neurons, trained with the network"),
    (r"ConvTranspose|Upsample|Conv3d", "a Linear node with the same weights"),
    (r"RNN|GRU|LSTM", "LIF or CubaLIF neurons with a Linear node from them to themselves"),
)


def _instead(kind: str) -> list[str]:
    """Fixes for nodes of an unsupported type."""
    for pattern, fix in _INSTEAD:
        if re.search(pattern, kind, re.IGNORECASE):
            return [f"instead of {brief(kind)}: {fix}"]
    return nearest(kind, sorted(KNOWN))


def read_nodes(graph: FlatGraph, notes: Notes, times: Times) -> dict[str, Node]:
    """Return the nodes by name, except nodes that are too incomplete to have a shape.

    Adds ND044 (unsupported type), ND045 (missing field) and ND046 (invalid field) to `notes`.
    """
    unknown = [f"'{brief(name)}' ({brief(node.type)})" for name, node in graph.nodes.items() if node.type not in KNOWN]
    if unknown:
        more = f" and {len(unknown) - 20} more" if len(unknown) > 20 else ""
        count = f"{len(unknown)} nodes have" if len(unknown) > 1 else "1 node has"
        message = f"{count} an unsupported type: {', '.join(unknown[:20])}{more}"
        kinds = sorted({node.type for node in graph.nodes.values() if node.type not in KNOWN})
        notes.add("ND044", message, *(fix for kind in kinds[:20] for fix in _instead(kind)))
    found = dict[str, Node]()
    for name, node in sorted(graph.nodes.items()):
        if node.type not in KNOWN:
            continue
        reader = _Reader(name, node, notes, times, outermost=name in graph.roots)
        made = _READERS[node.type](reader)
        if made is not None:
            found[name] = made
            reader.unknown_fields()
    return found
