"""Neuron kinds of a network, each with its equations in discrete time.

Order of updates in step t = 1, 2, ...: the input current I[t] (sum of the weights of spikes arriving in step t, plus
`bias`), the synaptic current if the kind has one, the voltage (using the new current), the threshold comparison, the reset.

The factors `keep` and `gain` follow from `discretization`, with x = dt_s / tau_s:
  euler     keep = 1 - x          gain = x                 forward Euler of tau dv/dt = -v + drive
  exact     keep = exp(-x)        gain = 1 - exp(-x)       solution for a drive that is constant within the step
  explicit  as given
At the start of every sample v is the reset value (reset mode "value") or 0, and i is 0. Source of the equations of the
float kinds: NIR (LIF, CubaLIF, IF, LI, CubaLI), discretized as above.

A new kind needs one class here, one name in `Neuron`, one branch in `quantize` and one in the float reference backend.
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
    """Forward Euler: keep = 1 - dt/tau, gain = dt/tau."""

    kind: Literal["euler"] = "euler"


class Exact(Noun):
    """Exact for a current that is constant within the step: keep = exp(-dt/tau), gain = 1 - exp(-dt/tau)."""

    kind: Literal["exact"] = "exact"


class Explicit(Noun):
    """Explicit factors; the time constants are then informational."""

    kind: Literal["explicit"] = "explicit"
    keep_v: FloatParam
    """Fraction of v kept in a step, from 0 to 1."""
    gain_v: FloatParam
    """Factor of the drive of v in a step."""
    keep_i: FloatParam = 0.0
    """Fraction of the synaptic current kept in a step, from 0 to 1."""
    gain_i: FloatParam = 1.0
    """Factor of the drive of the synaptic current in a step."""


def _tagged(key: str) -> BeforeValidator:
    """Accept a string for a class without other required fields: "zero" -> {"mode": "zero"}."""

    def expand(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return BeforeValidator(expand)


Discretization = Annotated[Euler | Exact | Explicit, _tagged("kind"), Field(discriminator="kind")]


class Reset(Noun):
    """What a spike does to v in the step of the spike."""

    mode: Literal["zero", "value", "subtract", "none"]
    """zero: v = 0. value: v = `value`. subtract: v -= v_threshold. none: v is unchanged."""
    value: FloatParam = 0.0
    """v after a spike, and at the start of a sample, in mode "value"; in units of v."""


class SpikingNeuron(Noun):
    """Fields of all spiking kinds with floating-point parameters."""

    v_threshold: FloatParam
    """Spike threshold, in units of v; one for all, or one for each neuron."""
    comparison: Literal[">", ">="] = ">"
    """A neuron spikes in step t iff v[t] `comparison` v_threshold, before the reset."""
    reset: Annotated[Reset, _tagged("mode")] = Reset(mode="zero")
    """What a spike does to v: "zero", "subtract", "none", or Reset(mode="value", value=...)."""
    refractory_steps: int = Field(default=0, ge=0, le=2**31 - 2)
    """Steps after a spike in which v is held at the reset value and the neuron cannot spike; currents continue."""
    v_floor: FloatParam | None = None
    """Lower limit of v, in units of v; None: no limit."""
    bias: FloatParam = 0.0
    """Constant current added to I in every step; one for all, or one for each neuron."""


class If(SpikingNeuron):
    """Integrate and fire: v[t] = v[t-1] + r * I[t]."""

    kind: Literal["if"] = "if"
    r: FloatParam = 1.0
    """Gain of the current in a step; one for all, or one for each neuron."""


class Lif(SpikingNeuron):
    """Leaky integrate and fire: v[t] = keep * v[t-1] + gain * (v_leak + r * I[t])."""

    kind: Literal["lif"] = "lif"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance, the factor of the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """Resting value that v decays to without input, in units of v; one for all, or one for each neuron."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit(...)."""


class CubaLif(SpikingNeuron):
    """Current-based leaky integrate and fire, with a synaptic current.

    i[t] = keep_i * i[t-1] + gain_i * w_in * I[t];  v[t] = keep_v * v[t-1] + gain_v * (v_leak + r * i[t]).
    """

    kind: Literal["cuba_lif"] = "cuba_lif"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    tau_syn_s: PositiveParam
    """Time constant of the synaptic current in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance, the factor of the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """Resting value that v decays to without input, in units of v; one for all, or one for each neuron."""
    w_in: FloatParam = 1.0
    """Factor of I at the input of the synaptic current; one for all, or one for each neuron."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit(...)."""


class Li(Noun):
    """Leaky integrator: v[t] = keep * v[t-1] + gain * (v_leak + r * I[t]).

    Never spikes; it is read with a probe or the membrane decoder.
    """

    kind: Literal["li"] = "li"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance, the factor of the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """Resting value that v decays to without input, in units of v; one for all, or one for each neuron."""
    bias: FloatParam = 0.0
    """Constant current added to I in every step; one for all, or one for each neuron."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit(...)."""


class CubaLi(Noun):
    """Leaky integrator with a synaptic current. Never spikes.

    i[t] = keep_i * i[t-1] + gain_i * w_in * I[t];  v[t] = keep_v * v[t-1] + gain_v * (v_leak + r * i[t]).
    """

    kind: Literal["cuba_li"] = "cuba_li"
    tau_m_s: PositiveParam
    """Membrane time constant in seconds, above 0; one for all, or one for each neuron."""
    tau_syn_s: PositiveParam
    """Time constant of the synaptic current in seconds, above 0; one for all, or one for each neuron."""
    r: FloatParam = 1.0
    """Resistance, the factor of the current; one for all, or one for each neuron."""
    v_leak: FloatParam = 0.0
    """Resting value that v decays to without input, in units of v; one for all, or one for each neuron."""
    w_in: FloatParam = 1.0
    """Factor of I at the input of the synaptic current; one for all, or one for each neuron."""
    bias: FloatParam = 0.0
    """Constant current added to I in every step; one for all, or one for each neuron."""
    discretization: Discretization = Euler()
    """How keep and gain follow from dt and tau: "euler", "exact", or Explicit(...)."""


class Noise(Noun):
    """Noise: z = rtz((x + 64 * offset) * 2**(exponent - 7)), with x drawn uniformly from -127..127 per neuron and step.

    Source of the formula: nengo-loihi 1.1.0. The generators of chips are not public, so the generator is specific to
    neurodeploy; a run may provide the draws instead.
    """

    at: Literal["current", "membrane"]
    """current: added to the sum of arriving weights before it wraps. membrane: added to u + bias."""
    exponent: int = Field(ge=0, le=23)
    """Amplitude, from 0 to 23: the largest draw is about 2**exponent."""
    offset: int = Field(default=0, ge=-(2**15), le=2**15)
    """Shifts the mean by 64 * offset * 2**(exponent - 7)."""


class LoihiCuba(IntegerNeuron):
    """The compartment of a Loihi core in integer registers, as stored on the chip.

    u = decay(u, du) + sum(w);  v = decay(v, dv) + u + bias_mant * 2**bias_exp;  spike iff v > vth_mant * 2**6. The target's
    dialect defines rounding and overflow (neurodeploy.hardware.Dialect), and the target defines and checks the ranges.
    """

    kind: Literal["loihi_cuba"] = "loihi_cuba"
    du: IntParam
    """Current decay register: u keeps 1 - (du + 1) / 4096 per step; one for all, or one for each neuron."""
    dv: IntParam
    """Voltage decay register: v keeps 1 - dv / 4096 per step; one for all, or one for each neuron."""
    vth_mant: IntParam
    """Threshold register: spike iff v > vth_mant * 2**6; one for all, or one for each neuron."""
    bias_mant: IntParam = 0
    """Mantissa of the bias bias_mant * 2**bias_exp, which is added in every step; one for all, or one for each neuron."""
    bias_exp: IntParam = 0
    """Exponent of the bias, at least 0; one for all, or one for each neuron."""
    refractory_steps: IntParam = 0
    """Refractory steps after a spike; the chip's register is one larger."""
    vmin_exp: int = Field(default=23, ge=0, le=2**15)
    """Lower limit of v: -(2**vmin_exp) + 1."""
    vmax_exp: int = Field(default=7, ge=0, le=2**15)
    """Upper limit of v: 2**(9 + 2 * vmax_exp) - 1."""
    reset: Literal["zero", "subtract"] = "zero"
    """What a spike does to v: v = 0, or v -= threshold."""
    noise: Noise | None = None
    """Noise added in every step; None: none."""


Cuba = If | Lif | CubaLif | Li | CubaLi | LoihiCuba
CUBA_KINDS: tuple[str, ...] = tuple(kind.model_fields["kind"].default for kind in get_args(Cuba))
"""Kinds based on the current-based compartment, which every dialect defines; the other kinds exist in lava only."""
Lava = TernaryCuba | SigmaDelta | Delta | Sigma | GradedRelu | Product | ResonateFire | ResonateZero | AdaptiveLif
Neuron = Annotated[Cuba | Lava, Field(discriminator="kind")]
