"""Requests and replies of inference, as data; how they are written on the wire is in `protocol/`.

These are plain frozen dataclasses, not models that validate: thousands are made in a second, and what a client sends is
checked once, where it is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.signals.options import Learn

__all__ = ["InferParameters", "InferReply", "InferRequest", "Tensor", "WantedOutput"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """An array with a name and one of the data types of the protocol."""

    name: str
    datatype: str
    """Of the protocol: "FP32", "INT64", ..."""
    array: NDArray[Any]


@dataclass(frozen=True, slots=True)
class WantedOutput:
    """An output that a request asks for."""

    name: str
    binary: bool = False
    """Whether the reply holds it as bytes behind the JSON."""


@dataclass(frozen=True, slots=True)
class InferParameters:
    """Parameters of a request: options of its run, and what its reply says besides the outputs."""

    steps: int | None = None
    """Steps for which each sample is shown. None: as nd.run chooses."""
    seed: int = 0
    """Seed of random encoders and noise."""
    samples: int | None = None
    """Number of samples, for inputs of event rows, which do not show empty samples at the end."""
    margin: float | None = None
    """Lead of the highest v at which a sample is decided early, in units of v of the network."""
    profile: bool = False
    """Whether the reply says what the inference costs on the chip."""
    learn: Learn | None = None
    """How samples share what plastic projections learn, as in nd.run; nothing that is learned outlives the request."""
    timeout_s: float | None = None
    """Seconds after which a request that still waits is not run any more. None: it waits as long as it takes."""


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A request for an inference of some samples."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[WantedOutput, ...] = ()
    """Empty: all outputs of the network, as metadata lists them."""
    id: str = ""
    parameters: InferParameters = InferParameters()
    binary: bool = False
    """Whether all outputs are wanted as bytes behind the JSON."""


@dataclass(frozen=True, slots=True)
class InferReply:
    """The outputs of an inference."""

    model: str
    version: str
    """First 16 hexadecimal digits of the program's digest."""
    outputs: tuple[Tensor, ...]
    binary: frozenset[str] = frozenset()
    """Names of the outputs that are bytes behind the JSON."""
    id: str = ""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the reply says besides: "profile", "findings"."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings of the run."""
