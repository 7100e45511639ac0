"""Encoders, which turn values into spikes, and decoders, which turn activity into answers. Independent of any chip."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from neurodeploy.base.noun import FloatParam, Noun, NumberArray

__all__ = [
    "Bias",
    "Current",
    "Decoder",
    "Encoder",
    "Events",
    "FirstSpike",
    "Latency",
    "Linear",
    "Membrane",
    "Poisson",
    "Rate",
    "SpikeCount",
    "Spikes",
    "shown_currents",
]


class Spikes(Noun):
    """No encoding: the stimulus contains spikes."""

    kind: Literal["spikes"] = "spikes"


class Rate(Noun):
    """Deterministic rate code: a level x in [0, 1] spikes in step t iff floor(t * r + phase) > floor((t-1) * r + phase), with
    r = x * max_rate and x = (value - zero) / (one - zero).
    """

    later: ClassVar[tuple[str, ...]] = ("phase", "zero", "one", "signed")
    kind: Literal["rate"] = "rate"
    max_rate: float = Field(default=1.0, gt=0, le=1)
    """Spikes per step for the level 1, above 0 and at most 1."""
    phase: float = Field(default=0.0, ge=0, lt=1)
    """Share of a spike that every line starts with, from 0 to below 1; 0.5 rounds the number of spikes to the nearest."""
    zero: FloatParam = 0.0
    """Value that gives no spike: one number, or one for each value of a sample. Values outside the range are clipped, with a
    finding, unless the range is the default."""
    one: FloatParam = 1.0
    """Value that gives max_rate, other than `zero`: one number, or one for each value of a sample."""
    signed: bool = False
    """Whether each value has two lines, one for levels above 0 and one for those below. The shape of the input then begins
    with an axis of 2, which samples do not have."""


class Poisson(Noun):
    """Random rate code: a level x in [0, 1] spikes in each step with probability x * max_rate, drawn with the run's seed."""

    later: ClassVar[tuple[str, ...]] = ("zero", "one", "signed")
    kind: Literal["poisson"] = "poisson"
    max_rate: float = Field(default=1.0, gt=0, le=1)
    """Spikes per step for the level 1, above 0 and at most 1."""
    zero: FloatParam = 0.0
    """Value of the level 0: one number, or one for each value of a sample; x = (value - zero) / (one - zero)."""
    one: FloatParam = 1.0
    """Value of the level 1, other than `zero`: one number, or one for each value of a sample."""
    signed: bool = False
    """Whether each value has two lines, one for levels above 0 and one for those below, as for Rate."""


class Latency(Noun):
    """Latency code: one spike per value x in [0, 1], in step 1 for x = 1 and later for smaller x; none for x = 0."""

    kind: Literal["latency"] = "latency"


class Bias(Noun):
    """Bias code: each line is an integrator on the chip, v += rint(x * threshold) per step, whose bias the host sets.

    It spikes when v reaches `threshold`. A value x in [0, 1] therefore spikes every ceil(1 / x) steps with reset "zero", and
    at the rate of the rate code with "subtract", up to the rounding of the bias.
    """

    kind: Literal["bias"] = "bias"
    threshold: int = Field(default=4096, ge=1, le=2**23)
    """Threshold of the integrator, from 1 to 2**23; higher values resolve x more finely."""
    reset: Literal["zero", "subtract"] = "zero"
    """After a spike, v = 0 ("zero") or v -= threshold ("subtract")."""


class Events(Noun):
    """Events of a vision sensor: a line spikes once in step 1 + floor(t * unit_s / dt_s), for one or more events.

    The input has shape (2, height, width), with polarity 0 first, or (height, width), which ignores polarity.
    """

    kind: Literal["events"] = "events"
    columns: Literal["txyp", "xytp", "xypt"] = "txyp"
    """Order of the columns of an event array: t (time), x (column), y (row), p (polarity)."""
    unit_s: float = Field(default=1e-6, gt=0, allow_inf_nan=False)
    """Unit of t, in seconds."""


class Current(Noun):
    """Values are currents added to I in every step. Host-driven, so it is simulated only.

    With `scale` the host shows integers instead: rint(x * scale), ties to even, kept within `low` and `high`.
    """

    later: ClassVar[tuple[str, ...]] = ("scale", "low", "high")
    kind: Literal["current"] = "current"
    scale: float | None = Field(default=None, gt=0, le=1e38)
    """Integers that one unit of x becomes, above 0; None: values are shown as they are."""
    low: int | None = Field(default=None, ge=-(2**31), le=0)
    """Least integer that is shown, from -2**31 to 0; None: no limit. It acts with `scale` only."""
    high: int | None = Field(default=None, ge=0, le=2**31)
    """Greatest integer that is shown, from 0 to 2**31; None: no limit. It acts with `scale` only."""


def shown_currents(encoder: Current, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return what a current encoder shows for `values` of any shape, in the same shape.

    `encoder`: the encoder, whose fields state the rule.
    """
    shown = np.asarray(values, dtype=np.float64)
    if encoder.scale is None:
        return shown
    low, high = encoder.low, encoder.high
    return np.clip(np.rint(shown * encoder.scale), -np.inf if low is None else low, np.inf if high is None else high)


class SpikeCount(Noun):
    """The answer is the neuron, or the group of neurons, with the most spikes; the lowest index wins ties."""

    later: ClassVar[tuple[str, ...]] = ("groups",)
    kind: Literal["spike_count"] = "spike_count"
    groups: int | None = Field(default=None, ge=1, le=2**31 - 1)
    """Number of groups of equal size in the order of the neurons, whose spikes are added; None: each neuron is its own."""


class FirstSpike(Noun):
    """The answer is the neuron that spikes first; the lowest index wins ties."""

    kind: Literal["first_spike"] = "first_spike"


class Membrane(Noun):
    """The answer is the neuron with the highest v + offset in the last step; of a sigma population, u instead of v.

    The probe is added automatically.
    """

    later: ClassVar[tuple[str, ...]] = ("offset",)
    kind: Literal["membrane"] = "membrane"
    offset: FloatParam = 0.0
    """Constant added to v before the comparison, in units of v; one for all, or one for each neuron."""


class Linear(Noun):
    """Values that the host computes: y[t] = keep * y[t-1] + (1 - keep) * weights @ x[t], with keep = exp(-dt_s / tau_s).

    x is 1 for a neuron that spikes in step t and 0 otherwise, or v after the reset, in the units of the network; y[0] = 0.
    The answer is the highest value in the last step. nd.decoded returns all values. Source of the filter: a first-order lowpass held over each step.
    """

    kind: Literal["linear"] = "linear"
    weights: NumberArray
    """Shape (values, neurons)."""
    reads: Literal["spikes", "v"] = "spikes"
    """What the weights multiply. A probe of v is added automatically."""
    tau_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Time constant of the lowpass, in seconds; None: no filter, y[t] = weights @ x[t]."""


def _expand(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


Encoder = Annotated[
    Spikes | Rate | Poisson | Latency | Bias | Events | Current, BeforeValidator(_expand), Field(discriminator="kind")
]
Decoder = Annotated[SpikeCount | FirstSpike | Membrane | Linear, BeforeValidator(_expand), Field(discriminator="kind")]
