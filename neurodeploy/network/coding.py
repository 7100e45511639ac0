"""Nouns: how values become spikes (encoders) and spikes become answers (decoders). Must not know any chip."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from neurodeploy.base.noun import Noun

__all__ = [
    "Bias",
    "Current",
    "Decoder",
    "Encoder",
    "Events",
    "FirstSpike",
    "Latency",
    "Membrane",
    "Poisson",
    "Rate",
    "SpikeCount",
    "Spikes",
]


class Spikes(Noun):
    """The stimulus holds spikes already."""

    kind: Literal["spikes"] = "spikes"


class Rate(Noun):
    """Deterministic rate code: a value x in [0, 1] spikes in step t iff floor(t*x*max_rate) > floor((t-1)*x*max_rate)."""

    kind: Literal["rate"] = "rate"
    max_rate: float = Field(default=1.0, gt=0, le=1)
    """Spikes per step of the value 1."""


class Poisson(Noun):
    """Bernoulli draw per step with probability x * max_rate, x in [0, 1]; the run's seed decides."""

    kind: Literal["poisson"] = "poisson"
    max_rate: float = Field(default=1.0, gt=0, le=1)
    """Spikes per step of the value 1."""


class Latency(Noun):
    """One spike per value: x = 1 in step 1, x -> 0 in the last step, x = 0 never."""

    kind: Literal["latency"] = "latency"


class Bias(Noun):
    """A line is an integrator on the chip whose bias the host sets: v += rint(x * threshold) in every step, x in [0, 1].

    It spikes where v reaches `threshold`, after which v is 0 ("zero") or v - threshold ("subtract"). So a value spikes
    every ceil(1 / x) steps, or as often as the rate code says, up to the rounding of the bias.
    """

    kind: Literal["bias"] = "bias"
    threshold: int = Field(default=4096, ge=1, le=2**23)
    """Of the integrator, an integer from 1 to 2**23; the finer the values, the higher."""
    reset: Literal["zero", "subtract"] = "zero"
    """"zero": v = 0 after a spike; "subtract": v - threshold."""


class Events(Noun):
    """Events of a vision sensor: a line spikes in step 1 + floor(t * unit_s / dt_s), once, however many events fall into it.

    The input has shape (2, height, width), polarity 0 first; or (height, width), and polarities are not told apart.
    """

    kind: Literal["events"] = "events"
    columns: Literal["txyp", "xytp", "xypt"] = "txyp"
    """Order of the columns of an event: time, column, row, polarity."""
    unit_s: float = Field(default=1e-6, gt=0, allow_inf_nan=False)
    """Seconds of one unit of t."""


class Current(Noun):
    """The values are currents, added to I in every step. Host-driven: not deployable, reference and emulator only."""

    kind: Literal["current"] = "current"


class SpikeCount(Noun):
    """The answer is the neuron with most spikes; the lowest index wins a tie."""

    kind: Literal["spike_count"] = "spike_count"


class FirstSpike(Noun):
    """The answer is the neuron that spikes first; the lowest index wins a tie."""

    kind: Literal["first_spike"] = "first_spike"


class Membrane(Noun):
    """The answer is the neuron with the highest v in the last step; needs a v probe, which is added for it."""

    kind: Literal["membrane"] = "membrane"


def _expand(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


Encoder = Annotated[
    Spikes | Rate | Poisson | Latency | Bias | Events | Current, BeforeValidator(_expand), Field(discriminator="kind")
]
Decoder = Annotated[SpikeCount | FirstSpike | Membrane, BeforeValidator(_expand), Field(discriminator="kind")]
