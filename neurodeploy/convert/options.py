"""Options of a conversion, and its result."""

from __future__ import annotations

from typing import Literal, TypedDict

from pydantic import Field

from neurodeploy.base.noun import Noun, WholeNumber
from neurodeploy.importers.options import Imported
from neurodeploy.trained.network import Task, TrainedNetwork

__all__ = ["Conversion", "ConvertChoices", "ConvertOptions", "CONVERT_FLAGS", "ConvertedLayer", "Scheme"]

Scheme = Literal["soft", "hard", "sigma_delta"]
"""soft: a spike takes the threshold off v. hard: a spike sets v to 0, which loses what v had above the threshold. sigma_delta:
spikes carry changes of integer activations, and the network equals its quantized form."""


class ConvertOptions(Noun):
    """Options of a conversion of a trained network."""

    steps: WholeNumber = Field(default=16, ge=1, le=2**20)
    """Steps for which a sample is shown; rates have this many levels above 0. With `latency`: the most that are tried."""
    latency: float | None = Field(default=None, ge=0, le=100)
    """Percentage points of accuracy that may be lost on the calibration samples: the fewest steps within this are chosen. None:
    all of `steps`. Of a network whose output is values: the RMS error in percent of their standard deviation."""
    task: Task | None = None
    """What the output means: classify, a score for each class, or regress, values; None: what the model says."""
    scheme: Scheme | None = None
    """How neurons code values; None: the one that loses least on the target."""
    percentile: float | None = Field(default=None, gt=0, le=100)
    """Percentile of the calibration values that becomes the largest rate; None: found by a search."""
    ranges: Literal["layer", "channel"] | None = None
    """What the largest rate stands for: one value for a whole layer, or one for each channel; None: found by a search."""
    bias_correction: bool = True
    """Whether constants are corrected by the mean error of each channel, where that brings the output closer."""
    max_pool: Literal["or", "average"] | None = None
    """What stands for maximum pools, of which rates have no exact form. or: a window spikes if any of its sources spikes.
    average: the average over the window. None: they are refused, with the measured loss of both."""
    seed: WholeNumber = Field(default=0, ge=0, lt=2**63)
    """Seed of the choice of calibration samples."""
    activation_bits: WholeNumber = Field(default=8, ge=2, le=15)
    """Bits of integer activations in the scheme sigma_delta, from 2 to 15."""
    frame_steps: WholeNumber | None = Field(default=None, ge=1, le=2**20)
    """Steps for which each frame of a sequence is shown, after which states return to 0, in the scheme sigma_delta; None: a
    sample is one frame."""


CONVERT_FLAGS = {
    "steps": "--steps",
    "latency": "--latency",
    "task": "--task",
    "scheme": "--scheme",
    "percentile": "--percentile",
    "ranges": "--ranges",
    "bias_correction": "--bias-correction",
    "max_pool": "--max-pool",
    "seed": "--seed",
    "activation_bits": "--activation-bits",
    "frame_steps": "--frame-steps",
}
"""Field of ConvertOptions -> its command-line option."""


class ConvertedLayer(Noun):
    """What became of one layer."""

    name: str
    """Name of the layer, and of its population or populations."""
    nodes: tuple[str, ...]
    """Nodes of the trained network that it stands for."""
    shape: tuple[int, ...]
    """Shape of its values."""
    activation: str
    """The activation function; "" for the output."""
    became: str
    """What the chip runs instead."""
    populations: tuple[str, ...]
    """Names of its populations."""
    error: float
    """Mean |value of the spiking layer - value of the trained layer| over the calibration samples, in shares of the mean
    |value|; the coding alone, for unlimited steps."""
    clipped: float
    """Share of the calibration values above the largest rate."""


class Conversion(Imported):
    """A converted network with what became of each layer. It is accepted wherever a network is."""

    layers: tuple[ConvertedLayer, ...] = ()
    """What became of each layer, the first one first."""
    scheme: Scheme = "soft"
    """The chosen scheme."""
    steps: int = 16
    """Steps for which a sample is shown."""
    target: str = ""
    """The target that it was converted for."""
    trained: TrainedNetwork | None = Field(default=None, exclude=True, repr=False)
    """The trained network, for comparisons of accuracy."""


class ConvertChoices(TypedDict, total=False):
    """Fields of ConvertOptions as keyword arguments."""

    steps: int
    latency: float | None
    task: Task | None
    scheme: Scheme | None
    percentile: float | None
    ranges: Literal["layer", "channel"] | None
    bias_correction: bool
    max_pool: Literal["or", "average"] | None
    seed: int
    activation_bits: int
    frame_steps: int | None
