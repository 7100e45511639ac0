"""Operations of trained networks. Shapes leave out the batch axis, and channels come first.

Affine operations multiply and add fixed numbers; activations and maxima do not. A new operation is one class here, one name in
`Operation`, one branch in `trained.forward.applied` and, if it is affine, one in `trained.linear.linear_steps`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import FloatArray, FloatParam, IntArray, Noun, NumberArray

__all__ = [
    "Activate",
    "Add",
    "Affine",
    "AveragePool",
    "Concat",
    "Convolution",
    "FullyConnected",
    "LinearMap",
    "MaxPool",
    "Operation",
    "Reshape",
    "Scores",
    "Transpose",
]

Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
Sizes = Annotated[tuple[Size, ...], Field(min_length=1)]
Pads = tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...]


class FullyConnected(Noun):
    """y = weights @ x + bias, for x of any shape read in the order of its axes."""

    kind: Literal["fully_connected"] = "fully_connected"
    weights: NumberArray
    """Shape (out, in)."""
    bias: FloatParam = 0.0
    """Shape (out,), or one number."""


class Convolution(Noun):
    """A convolution over one or two axes, with the geometry of ONNX Conv: the kernel is not flipped."""

    kind: Literal["convolution"] = "convolution"
    weights: NumberArray
    """(out channels, channels / groups, *kernel) with one or two kernel axes."""
    bias: FloatParam = 0.0
    """(out channels,), or one number."""
    stride: Sizes
    """Positions from one window to the next, for each kernel axis."""
    begin: Pads
    """Zeros added before the first position of each axis."""
    end: Pads
    """Zeros added after the last position of each axis."""
    dilation: Sizes
    """Positions between entries of the kernel, for each axis."""
    groups: int = Field(default=1, ge=1, le=2**31 - 1)
    """Number of groups of channels; each group reaches only its own output channels."""


class AveragePool(Noun):
    """The mean of each window over one or two axes, channel by channel."""

    kind: Literal["average_pool"] = "average_pool"
    kernel: Sizes
    """Window size of each axis."""
    stride: Sizes
    """Positions from one window to the next, for each axis."""
    begin: Pads
    """Zeros added before the first position of each axis."""
    end: Pads
    """Zeros added after the last position of each axis."""
    counts_padding: bool = False
    """Whether the mean divides by the window size, not by the number of positions inside."""


class MaxPool(Noun):
    """The maximum of each window over one or two axes, channel by channel."""

    kind: Literal["max_pool"] = "max_pool"
    kernel: Sizes
    """Window size of each axis."""
    stride: Sizes
    """Positions from one window to the next, for each axis."""
    begin: Pads
    """Positions that are left out of the maximum before the first of each axis."""
    end: Pads
    """Positions that are left out of the maximum after the last of each axis."""


class Affine(Noun):
    """y = scale * x + shift, elementwise; BatchNormalization after training, scalers, constants that are added."""

    kind: Literal["affine"] = "affine"
    scale: FloatParam = 1.0
    """One number, or an array that broadcasts to the shape of x."""
    shift: FloatParam = 0.0
    """One number, or an array that broadcasts to the shape of x."""


class LinearMap(Noun):
    """y[post] = sum of weights * x[pre], for any other fixed linear map: padding, slices, upsampling, products on one axis."""

    kind: Literal["linear_map"] = "linear_map"
    shape: Sizes
    """Shape of y."""
    post: IntArray
    """(n,) element of y, in the order of its axes."""
    pre: IntArray
    """(n,) element of x, in the order of its axes."""
    weights: FloatArray
    """(n,)."""


class Reshape(Noun):
    """The same values in the same order, with other axes."""

    kind: Literal["reshape"] = "reshape"
    shape: Sizes
    """Sizes of the new axes."""


class Transpose(Noun):
    """The same values with their axes in another order."""

    kind: Literal["transpose"] = "transpose"
    axes: tuple[int, ...]
    """Axis of x that becomes each axis of y, from 0."""


class Add(Noun):
    """The sum of several tensors of one shape."""

    kind: Literal["add"] = "add"


class Concat(Noun):
    """Several tensors, one after the other along an axis."""

    kind: Literal["concat"] = "concat"
    axis: int = Field(default=0, ge=0, le=7)
    """The axis, from 0, without the batch axis."""


class Activate(Noun):
    """An activation function, elementwise.

    relu: max(x, 0), up to `high`. leaky_relu: x, times `slope` below 0. sigmoid: 1 / (1 + exp(-x)). tanh. step: 1 if x > 0,
    else 0. hard_sigmoid: clip(slope * x + 0.5, 0, 1).
    """

    kind: Literal["activate"] = "activate"
    function: Literal["relu", "leaky_relu", "sigmoid", "tanh", "step", "hard_sigmoid"]
    """Which function."""
    high: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Upper limit of relu; None: no limit."""
    slope: FloatParam = 0.01
    """Slope of leaky_relu below 0, one number or an array that broadcasts to the shape of x; slope of hard_sigmoid."""


class Scores(Noun):
    """The last step of a classifier, which keeps the order of the classes: softmax, log_softmax, argmax or sigmoid."""

    kind: Literal["scores"] = "scores"
    function: Literal["softmax", "log_softmax", "argmax", "sigmoid"]
    """Which function."""


Operation = Annotated[
    FullyConnected
    | Convolution
    | AveragePool
    | MaxPool
    | Affine
    | LinearMap
    | Reshape
    | Transpose
    | Add
    | Concat
    | Activate
    | Scores,
    Field(discriminator="kind"),
]
