"""Layer stacks: feed-forward networks given only by the shapes of their layers, as read by `neurodeploy check --shapes`.

The file is TOML: name, input = [channels, height, width], defaults of reset, weight_bits and delay_steps, and [[layers]] in
order. The kind of a layer is conv, depthwise, pool (equal weights, one source channel per channel) or dense (all to all).
The output size is floor((n + 2 * padding - kernel) / stride) + 1; padding "same" is (kernel - 1) / 2. The default stride is
1, or the kernel for a pool.
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
"""Most neurons of a layer: more than any board has, and few enough to try every tile."""


class LayerShape(Noun):
    """One layer. Fields that are None take the default of the stack."""

    kind: Literal["conv", "depthwise", "pool", "dense"]
    """conv, depthwise, pool (equal weights), or dense."""
    name: Name | None = None
    """Name used in findings; None: kind and number."""
    channels: Size | None = None
    """Output channels, or neurons of a dense layer. None for depthwise and pool: as many as the source has."""
    kernel: Count = 1
    """Side of the kernel, or (rows, columns)."""
    stride: Count | None = None
    """Stride, one number or (rows, columns). None: 1, or the kernel for a pool."""
    padding: Literal["same"] | Space | tuple[Space, Space] = 0
    """Zeros on each side, one number or (rows, columns); "same" keeps the size."""
    reset: Reset | None = None
    """What a spike does to v: "zero", "subtract" or "none"."""
    weight_bits: Size | None = None
    """Stored bits of a weight."""
    delay_steps: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Delay on top of the one step that every projection takes."""


class LayerStack(Noun):
    """A feed-forward network: an input and consecutive layers."""

    schema_version: Literal[1] = 1
    name: Name
    """Name of the network."""
    input: tuple[Size, Size, Size]
    """Shape of the input: (channels, height, width)."""
    reset: Reset = "zero"
    """What a spike does to v; default of all layers."""
    weight_bits: Size = 8
    """Stored bits of a weight; default of all layers."""
    delay_steps: int = Field(default=0, ge=0, le=2**31 - 1)
    """Delay on top of the one step that every projection takes; default of all layers."""
    layers: tuple[LayerShape, ...] = Field(min_length=1)
    """Layers in order, at least one."""


class Geometry(NamedTuple):
    """A layer with all sizes resolved. A dense layer is a 1 x 1 kernel on (sources, 1, 1)."""

    name: str
    source: tuple[int, int, int]
    """Shape of the source: (channels, height, width)."""
    shape: tuple[int, int, int]
    """Shape of the layer: (channels, height, width)."""
    kernel: Pair
    """(rows, columns), as stride and padding."""
    stride: Pair
    padding: Pair
    groups: int
    """Groups of channels with separate kernels; each channel for depthwise and pool."""
    shares: bool
    """Whether neurons at different positions share weights."""
    equal_weights: bool
    """Whether all weights are equal."""
    reset: str
    weight_bits: int
    delay_steps: int

    @property
    def neurons(self) -> int:
        """Number of neurons of the layer."""
        return prod(self.shape)

    @property
    def weights(self) -> int:
        """Number of weights of the kernel, or of the matrix of a dense layer."""
        return self.shape[0] * (self.source[0] // self.groups) * prod(self.kernel)


def _pair(value: int | tuple[int, ...]) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _padding(layer: LayerShape, kernel: Pair) -> Pair:
    if layer.padding == "same":
        return (kernel[0] - 1) // 2, (kernel[1] - 1) // 2
    return _pair(layer.padding)


def geometries(stack: LayerStack) -> tuple[Geometry, ...]:
    """Return every layer with its resolved shape. Raises DiagnosticError: ND010 (inconsistent layers)."""
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
            break  # the shapes of later layers are undefined
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
    for message in _layer_faults(layer, made):
        yield finding("ND010", where, message)
    if made.neurons > LARGEST_LAYER and min(made.shape) > 0:
        message = f"has shape {list(made.shape)}, which is more neurons than supported in one layer"
        yield finding("ND010", where, message, found=made.neurons, limit=LARGEST_LAYER, unit="neuron")


def _layer_faults(layer: LayerShape, made: Geometry) -> Iterator[str]:
    kernel, size = made.kernel, made.source
    if layer.kind in ("conv", "dense") and layer.channels is None:
        yield f"is {layer.kind}, but does not specify its channels"
    if layer.kind in ("depthwise", "pool") and layer.channels not in (None, made.source[0]):
        yield f"is {layer.kind} with {layer.channels} channels, but its source has {made.source[0]}"
    if layer.kind == "dense" and (layer.kernel, layer.stride or 1, layer.padding) != (1, 1, 0):
        yield "is dense, but has a kernel, a stride or a padding"
    if layer.padding == "same" and any(side % 2 == 0 for side in kernel):
        yield f'has padding "same" with an even kernel of {kernel[0]} x {kernel[1]}, for which no symmetric padding exists'
    if min(made.padding) < 0:
        yield "has a negative padding"
    if min(made.shape) < 1:
        yield f"has a kernel of {kernel[0]} x {kernel[1]}, larger than its source of {size[1]} x {size[2]} with padding"


def load_layers(path: str | Path) -> LayerStack:
    """Return the layers of a TOML file. Raises DiagnosticError: ND001 (unreadable), ND010 (not a valid layer stack)."""
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
