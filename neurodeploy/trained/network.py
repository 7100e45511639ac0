"""TrainedNetwork: a network of real numbers as a graph of operations, independent of the format that it came from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import FloatParam, Name, Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.trained.operations import Operation

__all__ = ["Node", "Quantization", "Read", "Source", "Task", "TrainedInput", "TrainedNetwork", "legal_name"]

Shape = Annotated[tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], ...], Field(min_length=1)]


class TrainedInput(Noun):
    """An input tensor of a trained network."""

    name: Name
    """Name in the model, made legal by `legal_name`; the input of the converted network has it too."""
    shape: Shape
    """Shape of the tensor that the nodes read, without the batch axis, channels first."""
    sample_axes: tuple[int, ...] | None = None
    """Axes of a sample that become the axes of `shape`: (2, 0, 1) for samples with channels last. None: the same order."""


class Quantization(Noun):
    """How a model says that values are stored: real = scale * (stored - zero_point)."""

    scale: FloatParam
    """Step between stored values, above 0; one number, or one for each channel."""
    zero_point: int = 0
    """Stored value of 0."""
    low: int = -128
    """Smallest stored value."""
    high: int = 127
    """Largest stored value."""


class Node(Noun):
    """One operation on the tensors of other nodes or inputs."""

    name: str
    """Name in the model, or its operation and number if the model gives none. Every name occurs once, inputs included."""
    operation: Operation
    """What it computes."""
    inputs: tuple[str, ...]
    """Names of the inputs or nodes whose tensors it reads."""
    shape: Shape
    """Shape of its tensor, without the batch axis."""
    stored: Quantization | None = None
    """How the model stores its tensor in integers (QDQ); None: not stated."""


Task = Literal["classify", "regress"]
"""What an output means: a score for each class, or values."""
Source = Literal["onnx", "keras", "scikit-learn", "torch"]


class TrainedNetwork(Noun):
    """A trained network. Nodes are listed after the nodes that they read; the last one is the output."""

    name: Name
    """Name used in the converted network; letters, digits, _ . and -."""
    source: Source
    """What it was read from."""
    inputs: tuple[TrainedInput, ...] = Field(min_length=1)
    """Input tensors; at least one."""
    nodes: tuple[Node, ...] = Field(min_length=1)
    """Operations in an order in which they can be computed."""
    classes: tuple[str, ...] = ()
    """Names of the classes of a classifier, in the order of its scores; empty if it is not a classifier or names none."""
    task: Task = "classify"
    """What the output means: a score for each class, or values."""


class Read(Noun):
    """A trained network with what reading it assumed, folded or left out."""

    network: TrainedNetwork
    """The network."""
    ledger: tuple[LedgerLine, ...] = ()
    """Every assumption and every change."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes. Errors are raised instead."""


def legal_name(name: str) -> str:
    """Return a name for the converted network: every character that names cannot have becomes _, at most 100 of them."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_.-") else "_" for letter in name)
    return plain.strip("_.-")[:100] or "layer"
