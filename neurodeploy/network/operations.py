"""Operations of projections: how spikes of the source reach the target. Weights are (post, pre) everywhere in a Network.

Neurons of a shaped population are numbered in the order of its axes, the last running fastest. Independent of any chip. A
new operation is one class here, one name in `Operation`, and one branch in `network.coordinates.coordinates_of`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import IntArray, Noun, NumberArray
from neurodeploy.network.procedural.operations import DistanceKernel, FixedNumber, FixedProbability

__all__ = [
    "AvgPool2d",
    "Chain",
    "Conv1d",
    "Conv2d",
    "Dense",
    "OneToOne",
    "Operation",
    "Sparse",
    "SumPool2d",
    "WeightFormat",
]


Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
Pair = tuple[Size, Size]
Padding = tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], Annotated[int, Field(ge=0, le=2**31 - 1)]]


class WeightFormat(Noun):
    """Storage format of integer mantissas: weight = mantissa * 2**exponent, in units of 2**6 (see the target's dialect)."""

    weight_bits: int = Field(ge=1, le=2**15)
    """Stored bits of a mantissa, at least 1; which numbers of bits exist depends on the target."""
    exponent: int = Field(default=0, ge=-(2**15), le=2**15)
    """Power of two that all mantissas are multiplied by; its range depends on the target."""
    sign_mode: Literal["mixed", "excitatory", "inhibitory"] = "mixed"
    """Signs of the mantissas: both (mixed), or a single one, which takes no sign bit."""


class Dense(Noun):
    """Every source neuron reaches every target neuron."""

    kind: Literal["dense"] = "dense"
    weights: NumberArray
    """Shape (post, pre)."""


class Sparse(Noun):
    """A list of synapses, at most one between each pair of neurons."""

    kind: Literal["sparse"] = "sparse"
    shape: Pair
    """(target neurons, source neurons)."""
    post: IntArray
    """Shape (n_synapses,): target neuron of each synapse."""
    pre: IntArray
    """Shape (n_synapses,): source neuron of each synapse."""
    weights: NumberArray
    """Shape (n_synapses,)."""


class OneToOne(Noun):
    """Source neuron k reaches target neuron k."""

    kind: Literal["one_to_one"] = "one_to_one"
    weights: NumberArray
    """Shape (n,), or () for one weight shared by all."""


class Conv2d(Noun):
    """A two-dimensional convolution: y[o, i, j] = sum of weights[o, c, k, l] * x[c', i * stride - padding + k * dilation, ...].

    The kernel is not flipped; c' runs over the channels of o's group. Each output axis has length
    (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1.
    """

    kind: Literal["conv2d"] = "conv2d"
    input_shape: tuple[Size, Size, Size]
    """(channels, height, width) of the source."""
    weights: NumberArray
    """(out channels, channels / groups, kernel height, kernel width)."""
    stride: Pair = (1, 1)
    """(rows, columns) from one window to the next, at least 1."""
    padding: Padding = (0, 0)
    """(rows, columns) of zeros added on either side, at least 0."""
    dilation: Pair = (1, 1)
    """(rows, columns) between entries of the kernel, at least 1."""
    groups: int = Field(default=1, ge=1, le=2**31 - 1)
    """Number of groups of channels; each group reaches only its own output channels."""


class Conv1d(Noun):
    """A one-dimensional convolution, defined as Conv2d over one axis."""

    kind: Literal["conv1d"] = "conv1d"
    input_shape: tuple[Size, Size]
    """(channels, length) of the source."""
    weights: NumberArray
    """(out channels, channels / groups, kernel)."""
    stride: int = Field(default=1, ge=1, le=2**31 - 1)
    """Positions from one window to the next, at least 1."""
    padding: int = Field(default=0, ge=0, le=2**31 - 1)
    """Number of zeros added on either side, at least 0."""
    dilation: int = Field(default=1, ge=1, le=2**31 - 1)
    """Positions between entries of the kernel, at least 1."""
    groups: int = Field(default=1, ge=1, le=2**31 - 1)
    """Number of groups of channels; each group reaches only its own output channels."""


class SumPool2d(Noun):
    """The sum over each window, channel by channel."""

    kind: Literal["sum_pool2d"] = "sum_pool2d"
    input_shape: tuple[Size, Size, Size]
    """(channels, height, width) of the source."""
    kernel: Pair
    """(rows, columns) of a window, at least 1."""
    stride: Pair
    """(rows, columns) from one window to the next, at least 1."""
    padding: Padding = (0, 0)
    """(rows, columns) of zeros added on either side, at least 0."""


class AvgPool2d(Noun):
    """The sum over each window divided by the window size, padding included."""

    kind: Literal["avg_pool2d"] = "avg_pool2d"
    input_shape: tuple[Size, Size, Size]
    """(channels, height, width) of the source."""
    kernel: Pair
    """(rows, columns) of a window, at least 1."""
    stride: Pair
    """(rows, columns) from one window to the next, at least 1."""
    padding: Padding = (0, 0)
    """(rows, columns) of zeros added on either side, at least 0."""


Step = Annotated[
    Dense | Sparse | OneToOne | Conv1d | Conv2d | SumPool2d | AvgPool2d,
    Field(discriminator="kind"),
]


class Chain(Noun):
    """Operations in sequence within one step, with no neurons between them; equivalent to their matrix product."""

    kind: Literal["chain"] = "chain"
    operations: tuple[Step, ...] = Field(min_length=1)
    """The operations in the order in which spikes pass them; at least one."""


Operation = Annotated[
    Dense
    | Sparse
    | OneToOne
    | Conv1d
    | Conv2d
    | SumPool2d
    | AvgPool2d
    | Chain
    | FixedProbability
    | FixedNumber
    | DistanceKernel,
    Field(discriminator="kind"),
]
