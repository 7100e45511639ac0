"""Noun: a chain of layers by their shapes alone, as `neurodeploy check --shapes` reads it. Holds no weight and no neuron.

A TOML file: name, input = [channels, height, width], defaults for reset, weight_bits and delay_steps, and [[layers]] in
order. kind: conv, depthwise, pool (all weights alike, one source channel for each channel) or dense (every source to every
neuron). A place of the output is floor((n + 2 padding - kernel) / stride) + 1; padding "same" is (kernel - 1) / 2. The
stride is 1, and for a pool its kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationError

from neurodeploy.base.noun import Name, Noun
from neurodeploy.base.toml import TomlError, parse_toml
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, errors_in, finding
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.archive import read_bytes

__all__ = ["Geometry", "LayerShape", "LayerStack", "geometries", "load_layers"]

Pair = tuple[int, int]
Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
Space = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Count = Size | tuple[Size, Size]
Reset = Literal["zero", "subtract", "none"]
STAGE = "shapes"
LARGEST_LAYER = 1 << 22
"""Neurons of a layer that are judged: more than any board has, and few enough for every tile to be tried."""


class LayerShape(Noun):
    """One layer. What is None is as the file says for all layers."""

    kind: Literal["conv", "depthwise", "pool", "dense"]
    """conv, depthwise, pool (all weights alike), or dense."""
    name: Name | None = None
    """As findings call it; None: its kind and number."""
    channels: Size | None = None
    """Output channels; neurons of a dense layer. None for depthwise and pool: as many as come in."""
    kernel: Count = 1
    """Side of the kernel, or (rows, columns)."""
    stride: Count | None = None
    """From one window to the next, one number or (rows, columns). None: 1, and the kernel for a pool."""
    padding: Literal["same"] | Space | tuple[Space, Space] = 0
    """Zeros on either side, or "same" for as many places as come in."""
    reset: Reset | None = None
    """What a spike does to v."""
    weight_bits: Size | None = None
    """Stored bits of a weight."""
    delay_steps: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Steps on top of the one that every projection takes."""


class LayerStack(Noun):
    """A network: an input and layers that follow one another."""

    schema_version: Literal[1] = 1
    name: Name
    """Of the network."""
    input: tuple[Size, Size, Size]
    """Channels, height, width."""
    reset: Reset = "zero"
    """What a spike does to v, where a layer says nothing."""
    weight_bits: Size = 8
    """Stored bits of a weight, where a layer says nothing."""
    delay_steps: int = Field(default=0, ge=0, le=2**31 - 1)
    """Steps on top of the one that every projection takes, where a layer says nothing."""
    layers: tuple[LayerShape, ...] = Field(min_length=1)
    """In order, at least one."""


class Geometry(NamedTuple):
    """A layer with all its figures: a kernel that moves over (channels, height, width); dense is a 1 x 1 kernel."""

    name: str
    source: tuple[int, int, int]
    shape: tuple[int, int, int]
    kernel: Pair
    stride: Pair
    padding: Pair
    groups: int
    shares: bool
    """Whether neurons in different places have the same weights."""
    alike: bool
    """Whether all weights are the same number."""
    reset: str
    weight_bits: int
    delay_steps: int

    @property
    def neurons(self) -> int:
        """Neurons of the layer."""
        return prod(self.shape)

    @property
    def weights(self) -> int:
        """Weights of the kernel, or of the matrix of a dense layer."""
        return self.shape[0] * (self.source[0] // self.groups) * prod(self.kernel)


def _pair(value: int | tuple[int, ...]) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _padding(layer: LayerShape, kernel: Pair) -> Pair:
    if layer.padding == "same":
        return (kernel[0] - 1) // 2, (kernel[1] - 1) // 2
    return _pair(layer.padding)


def geometries(stack: LayerStack) -> tuple[Geometry, ...]:
    """Return every layer with the shapes that follow from the ones before; raises DiagnosticError: ND010."""
    found: list[Geometry] = []
    faults: list[Diagnostic] = []
    source: tuple[int, int, int] = stack.input
    for index, layer in enumerate(stack.layers):
        name = layer.name or f"{layer.kind}{index + 1}"
        made = _geometry(stack, layer, name, source)
        faults += _faults(about("layer", name), layer, made)
        found.append(made)
        source = made.shape
        if min(source) < 1 or prod(source) > LARGEST_LAYER:
            break  # what follows has no shape
    names = [item.name for item in found]
    faults += [
        finding("ND010", about("layer", name), "has the name of another layer")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if faults:
        raise DiagnosticError(STAGE, tuple(faults))
    return tuple(found)


def _geometry(stack: LayerStack, layer: LayerShape, name: str, source: tuple[int, int, int]) -> Geometry:
    kernel = _pair(layer.kernel)
    stride = _pair(layer.stride or (layer.kernel if layer.kind == "pool" else 1))
    padding = _padding(layer, kernel)
    channels = layer.channels or source[0]
    if layer.kind == "dense":
        source, kernel, stride, padding = (prod(source), 1, 1), (1, 1), (1, 1), (0, 0)
    height, width = ((source[1 + i] + 2 * padding[i] - kernel[i]) // stride[i] + 1 for i in range(2))
    return Geometry(
        name,
        source,
        (channels, height, width),
        kernel,
        stride,
        padding,
        source[0] if layer.kind in ("depthwise", "pool") else 1,
        layer.kind != "dense",
        layer.kind == "pool",
        layer.reset or stack.reset,
        layer.weight_bits or stack.weight_bits,
        stack.delay_steps if layer.delay_steps is None else layer.delay_steps,
    )


def _faults(where: Subject, layer: LayerShape, made: Geometry) -> Iterator[Diagnostic]:
    for said in _told(layer, made):
        yield finding("ND010", where, said)
    if made.neurons > LARGEST_LAYER and min(made.shape) > 0:
        told = f"has shape {list(made.shape)}, more neurons than are judged in a layer"
        yield finding("ND010", where, told, found=made.neurons, limit=LARGEST_LAYER, unit="neuron")


def _told(layer: LayerShape, made: Geometry) -> Iterator[str]:
    kernel, size = made.kernel, made.source
    if layer.kind in ("conv", "dense") and layer.channels is None:
        yield f"is {layer.kind} and says no number of channels"
    if layer.kind in ("depthwise", "pool") and layer.channels not in (None, made.source[0]):
        yield f"is {layer.kind} and has {layer.channels} channels where {made.source[0]} come in"
    if layer.kind == "dense" and (layer.kernel, layer.stride or 1, layer.padding) != (1, 1, 0):
        yield "is dense and has a kernel, a stride or a padding"
    if layer.padding == "same" and any(side % 2 == 0 for side in kernel):
        yield f'has padding "same" with an even kernel, {kernel[0]} x {kernel[1]}: no padding on both sides keeps the size'
    if min(made.padding) < 0:
        yield "has a negative padding"
    if min(made.shape) < 1:
        yield f"has a kernel of {kernel[0]} x {kernel[1]}, larger than its source of {size[1]} x {size[2]} with padding"


def load_layers(path: str | Path) -> LayerStack:
    """Return the layers of a TOML file; raises DiagnosticError: ND001 unreadable, ND010 not such a network."""
    where = about("file", path)
    try:
        document = parse_toml(read_bytes(Path(path)).decode("utf-8"))
    except (TomlError, UnicodeDecodeError) as error:
        raise DiagnosticError(STAGE, (finding("ND010", where, f"is not TOML: {error}"),)) from None
    try:
        stack = LayerStack.model_validate(document)
    except ValidationError as error:
        found = schema_findings("ND010", where, error, document, LayerStack)
        raise DiagnosticError(STAGE, errors_in(found)) from None
    geometries(stack)
    return stack
