"""Nouns: the neuron kinds of a network, each with its equations in discrete time.

Order of one step t = 1, 2, ...: the input current I[t] (weighted spikes that arrive in step t, plus `bias`), then
the synaptic current where the kind has one, then the voltage (which uses the new current), then the comparison, then
the reset. Must not know any chip. A new kind is one class here, one name in `Neuron`, one branch in `quantize` and
one in the float reference.

`keep` and `gain` follow from `discretization`, with x = dt_s / tau_s:
  euler     keep = 1 - x          gain = x
  exact     keep = exp(-x)        gain = 1 - exp(-x)
  explicit  as given
The cleared state, at the start of every sample, is v = the reset value (mode "value"), else 0; i = 0.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from neurodeploy.base.noun import FloatParam, IntParam, Noun, PositiveParam
from neurodeploy.network.graded import (
    AdaptiveLif,
    Delta,
    GradedRelu,
    IntegerNeuron,
    Product,
    ResonateFire,
    ResonateZero,
    Sigma,
    SigmaDelta,
    TernaryCuba,
)

__all__ = [
    "CUBA_KINDS",
    "CubaLi",
    "CubaLif",
    "Discretization",
    "Euler",
    "Exact",
    "Explicit",
    "If",
    "Li",
    "Lif",
    "LoihiCuba",
    "Neuron",
    "Noise",
    "Reset",
    "SpikingNeuron",
]


class Euler(Noun):
    """keep = 1 - dt/tau, gain = dt/tau."""

    kind: Literal["euler"] = "euler"


class Exact(Noun):
    """keep = exp(-dt/tau), gain = 1 - exp(-dt/tau): exact for a current held through the step."""

    kind: Literal["exact"] = "exact"


class Explicit(Noun):
    """Factors given as they are; the time constants are then only for people."""

    kind: Literal["explicit"] = "explicit"
    keep_v: FloatParam
    """Part of v that is left after a step, from 0 to 1."""
    gain_v: FloatParam
    """Factor of what is added to v in a step."""
    keep_i: FloatParam = 0.0
    """Part of the synaptic current that is left after a step, from 0 to 1."""
    gain_i: FloatParam = 1.0
    """Factor of what is added to the synaptic current in a step."""


def _tagged(key: str) -> BeforeValidator:
    """Let a plain string stand for the class that needs nothing else: "zero" -> {"mode": "zero"}."""

    def expand(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return BeforeValidator(expand)


Discretization = Annotated[Euler | Exact | Explicit, _tagged("kind"), Field(discriminator="kind")]


class Reset(Noun):
    """What a spike does to v in its own step: zero: v = 0; value: v = `value`; subtract: v -= v_threshold; none: nothing."""

    mode: Literal["zero", "value", "subtract", "none"]
    """What becomes of v: 0, `value`, v - v_threshold, or nothing."""
    value: FloatParam = 0.0
    """v after a spike in mode "value", in the unit of v; also v of the cleared state then."""


class SpikingNeuron(Noun):
    """What every spiking kind of floats has."""

    v_threshold: FloatParam
    """Above it a neuron spikes, in the unit of v; one for all, or one for each neuron."""
    comparison: Literal[">", ">="] = ">"
    """A spike in step t iff v[t] `comparison` v_threshold, before the reset."""
    reset: Annotated[Reset, _tagged("mode")] = Reset(mode="zero")
    """What a spike does to v: "zero", "subtract", "none", or Reset(mode="value", value=...)."""
    refractory_steps: int = Field(default=0, ge=0, le=2**31 - 2)
    """Steps after a spike in which v is held at the reset value and cannot spike; currents go on."""
    v_floor: FloatParam | None = None
    """v is never below this; None: no floor."""
    bias: FloatParam = 0.0
    """Constant current added to I in every step."""


class If(SpikingNeuron):
    """v[t] = v[t-1] + r * I[t]; r is per step."""

    kind: Literal["if"] = "if"
    r: FloatParam = 1.0
    """Resistance: the factor on the current; one for all, or one for each neuron."""


class Lif(SpikingNeuron):
    """v[t] = keep * v[t-1] + gain * (v_leak + r * I[t])."""

    kind: Literal["lif"] = "lif"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance: the factor on the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """What v decays to without input, in the unit of v."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit with the factors."""


class CubaLif(SpikingNeuron):
    """i[t] = keep_i * i[t-1] + gain_i * w_in * I[t];  v[t] = keep_v * v[t-1] + gain_v * (v_leak + r * i[t])."""

    kind: Literal["cuba_lif"] = "cuba_lif"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    tau_syn_s: PositiveParam
    """Time constant of the synaptic current in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance: the factor on the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """What v decays to without input, in the unit of v."""
    w_in: FloatParam = 1.0
    """The factor on what arrives, before the synaptic current."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit with the factors."""


class Li(Noun):
    """v[t] = keep * v[t-1] + gain * (v_leak + r * I[t]); never spikes; read by a probe or a membrane decoder."""

    kind: Literal["li"] = "li"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance: the factor on the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """What v decays to without input, in the unit of v."""
    bias: FloatParam = 0.0
    """Constant current added to I in every step; one for all, or one for each neuron."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit with the factors."""


class CubaLi(Noun):
    """i[t] = keep_i * i[t-1] + gain_i * w_in * I[t];  v[t] = keep_v * v[t-1] + gain_v * (v_leak + r * i[t]); never spikes."""

    kind: Literal["cuba_li"] = "cuba_li"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    tau_syn_s: PositiveParam
    """Time constant of the synaptic current in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance: the factor on the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """What v decays to without input, in the unit of v."""
    w_in: FloatParam = 1.0
    """The factor on what arrives, before the synaptic current."""
    bias: FloatParam = 0.0
    """Constant current added to I in every step; one for all, or one for each neuron."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit with the factors."""


class Noise(Noun):
    """z = rtz((x + 64 * offset) * 2**(exponent - 7)) with x drawn evenly from -127..127 for each neuron and step.

    "current": added to the arriving weights, before they wrap; "membrane": added to u + bias. Source: nengo-loihi 1.1.0.
    The generator is ours: no chip's is public, and a run may give the draws instead.
    """

    at: Literal["current", "membrane"]
    """Where it is added: to what arrives, or to u + bias."""
    exponent: int = Field(ge=0, le=23)
    """Of its size, from 0 to 23: the largest draw is about 2**exponent."""
    offset: int = Field(default=0, ge=-(2**15), le=2**15)
    """Moves its mean by 64 * offset * 2**(exponent - 7)."""


class LoihiCuba(IntegerNeuron):
    """Integer registers, already what the chip holds; the equations are those of the target's dialect.

    u = decay(u, du) + sum(w);  v = decay(v, dv) + u + bias_mant * 2**bias_exp;  spike iff v > vth_mant * 2**6.
    Ranges are the target's and are checked against it, not here.
    """

    kind: Literal["loihi_cuba"] = "loihi_cuba"
    du: IntParam
    """Current decay register: the effective decay is (du + 1) / 4096."""
    dv: IntParam
    """Voltage decay register, an integer: v keeps 1 - dv / 4096 of itself; one for all, or one for each neuron."""
    vth_mant: IntParam
    """Threshold register: a spike iff v > vth_mant * 2**6."""
    bias_mant: IntParam = 0
    """Mantissa of the bias, added in every step as bias_mant * 2**bias_exp."""
    bias_exp: IntParam = 0
    """Exponent of the bias, at least 0."""
    refractory_steps: IntParam = 0
    """Dead steps after a spike; the chip's register holds one more."""
    vmin_exp: int = Field(default=23, ge=0, le=2**15)
    """v is never below -(2**vmin_exp) + 1."""
    vmax_exp: int = Field(default=7, ge=0, le=2**15)
    """v is never above 2**(9 + 2 * vmax_exp) - 1."""
    reset: Literal["zero", "subtract"] = "zero"
    """What a spike does to v: 0, or v - threshold."""
    noise: Noise | None = None
    """Random numbers added in every step; None: none."""


Cuba = If | Lif | CubaLif | Li | CubaLi | LoihiCuba
CUBA_KINDS: tuple[str, ...] = tuple(kind.model_fields["kind"].default for kind in get_args(Cuba))
"""Kinds that are the current-based compartment of every dialect; the others are lava's alone."""
Lava = TernaryCuba | SigmaDelta | Delta | Sigma | GradedRelu | Product | ResonateFire | ResonateZero | AdaptiveLif
Neuron = Annotated[Cuba | Lava, Field(discriminator="kind")]
