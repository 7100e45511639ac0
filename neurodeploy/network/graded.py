"""Nouns: neuron kinds in integers that send values, resonate or adapt, with the equations of lava-nc 0.10's fixed-point models.

Registers are what a chip holds; nothing is scaled here. a and b are the sums of what arrives at the ports of that name
(weight times value, weight times 1 for a plain spike), rtz(x, n) shifts towards zero, x >> n rounds down. A value of 0 is
not sent. Source of all equations: lava-nc 0.10.0, reproduced value by value. Must not know any chip.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from neurodeploy.base.noun import FloatParam, IntParam, Noun

__all__ = [
    "AdaptiveLif",
    "Delta",
    "GradedRelu",
    "IntegerNeuron",
    "Product",
    "ResonateFire",
    "ResonateZero",
    "Sigma",
    "SigmaDelta",
    "TernaryCuba",
]


class IntegerNeuron(Noun):
    """A kind that holds registers already: nothing about it is scaled or rounded."""

    sends_values: ClassVar[bool] = False
    """Whether its spikes have values."""
    ports: ClassVar[int] = 1
    """Inputs that are summed apart: port "a", and "b" where there are two."""
    memories: ClassVar[tuple[str, ...]] = ()
    """States besides u and v, two at most, as probes name them."""


class TernaryCuba(IntegerNeuron):
    """u and v as in loihi_cuba; sends 1 above v_upper_mant * 2**6, -1 below v_lower_mant * 2**6, and v = 0 after either."""

    sends_values: ClassVar[bool] = True
    kind: Literal["ternary_cuba"] = "ternary_cuba"
    du: IntParam
    """Current decay register, an integer: u keeps 1 - (du + 1) / 4096 of itself."""
    dv: IntParam
    """Voltage decay register, an integer: v keeps 1 - dv / 4096 of itself."""
    v_upper_mant: IntParam
    """Above v_upper_mant * 2**6 it sends 1."""
    v_lower_mant: IntParam
    """Below v_lower_mant * 2**6 it sends -1."""
    bias_mant: IntParam = 0
    """Mantissa of the bias, added in every step as bias_mant * 2**bias_exp."""
    bias_exp: IntParam = 0
    """Exponent of the bias, at least 0."""


class SigmaDelta(IntegerNeuron):
    """sigma += a; act' = f(sigma + bias); d = act' - act + residue; |d| >= threshold sends d >> state_exp, else d is kept.

    f is max(x, 0) for "relu", x for "unit". threshold and bias count in units of 2**(spike_exp + state_exp). With
    `cumulative_error` the sum of d since the last value sent is compared instead of d.
    """

    sends_values: ClassVar[bool] = True
    memories: ClassVar[tuple[str, ...]] = ("residue", "error")
    kind: Literal["sigma_delta"] = "sigma_delta"
    threshold: IntParam
    """Smallest change that is sent, in units of 2**(spike_exp + state_exp); one for all, or one for each neuron."""
    bias: IntParam = 0
    """Added to sigma before the activation, in the same unit."""
    activation: Literal["relu", "unit"] = "relu"
    """f: "relu" cuts below 0, "unit" leaves all as it is."""
    cumulative_error: bool = False
    """Compare what was not sent since the last value, instead of the last change."""
    spike_exp: int = Field(default=0, ge=0, le=31)
    """Binary places of the values that are sent, at least 0."""
    state_exp: int = Field(default=0, ge=0, le=31)
    """Binary places of the state beyond those that are sent, at least 0."""


class Delta(IntegerNeuron):
    """act' = a << (spike_exp + state_exp); d = act' - act + residue; |d| >= threshold, in the same unit, sends d >> state_exp."""

    sends_values: ClassVar[bool] = True
    memories: ClassVar[tuple[str, ...]] = ("residue",)
    kind: Literal["delta"] = "delta"
    threshold: IntParam
    """Smallest change that is sent, in units of 2**(spike_exp + state_exp); one for all, or one for each neuron."""
    spike_exp: int = Field(default=0, ge=0, le=31)
    """Binary places of the values that are sent, at least 0."""
    state_exp: int = Field(default=0, ge=0, le=31)
    """Binary places of the state beyond those that are sent, at least 0."""


class Sigma(IntegerNeuron):
    """sigma += a; sends sigma in every step."""

    sends_values: ClassVar[bool] = True
    kind: Literal["sigma"] = "sigma"


class GradedRelu(IntegerNeuron):
    """Sends a where a > threshold; without `rectify` where |a| > threshold."""

    sends_values: ClassVar[bool] = True
    kind: Literal["relu"] = "relu"
    threshold: IntParam = 0
    """Values above it are sent, an integer; one for all, or one for each neuron."""
    rectify: bool = True
    """Whether negative values are never sent."""


class Product(IntegerNeuron):
    """v = (a * b) >> exponent; sends v where |v| > threshold."""

    sends_values: ClassVar[bool] = True
    ports: ClassVar[int] = 2
    kind: Literal["product"] = "product"
    threshold: IntParam = 0
    """Products larger than it in size are sent, an integer; one for all, or one for each neuron."""
    exponent: int = Field(default=0, ge=0, le=63)
    """Binary places by which a product is shifted down, at least 0."""


class ResonateFire(IntegerNeuron):
    """re' = rtz(c * re, d) - rtz(s * im, d) + (a << e);  im' = rtz(s * re, d) + rtz(c * im, d) + (b << e), both limited.

    c = cos_decay, s = sin_decay, d = decay_bits, e = state_exp. Spikes where im passes 0 upwards while
    re' >= threshold << e. With reset "izhikevich": where im' >= threshold << e, and then re = 0, im = (threshold << e) - 1.
    """

    ports: ClassVar[int] = 2
    kind: Literal["resonate_fire"] = "resonate_fire"
    sin_decay: IntParam
    """s: sine of the turn in a step times the decay, in units of 2**-decay_bits."""
    cos_decay: IntParam
    """c: cosine of the turn in a step times the decay, in units of 2**-decay_bits."""
    threshold: IntParam
    """That re (or im) has to reach, in units of 2**state_exp."""
    decay_bits: int = Field(default=12, ge=1, le=30)
    """d: binary places of sin_decay and cos_decay, from 1 to 30."""
    state_exp: int = Field(default=0, ge=0, le=31)
    """e: binary places of re and im, at least 0."""
    reset: Literal["none", "izhikevich"] = "none"
    """"none": a spike changes nothing; "izhikevich": re = 0 and im = threshold."""


class ResonateZero(IntegerNeuron):
    """The same with 15 decay bits, each term rounded down; where im passes 0 upwards while re' > threshold it sends re'."""

    sends_values: ClassVar[bool] = True
    ports: ClassVar[int] = 2
    kind: Literal["resonate_zero"] = "resonate_zero"
    sin_decay: IntParam
    """Sine of the turn in a step times the decay, in units of 2**-15."""
    cos_decay: IntParam
    """Cosine of the turn in a step times the decay, in units of 2**-15."""
    threshold: IntParam
    """Above which re is sent, an integer."""


class AdaptiveLif(IntegerNeuron):
    """i, v and r decay by delta_i, delta_v and delta_r, theta towards theta_0 by delta_theta; i += a, v += i.

    Spikes where v - r >= theta; then r += 2 * theta and theta += theta_step; v is not reset. i decays by one part in 4096 more.
    """

    memories: ClassVar[tuple[str, ...]] = ("theta", "r")
    kind: Literal["adaptive_lif"] = "adaptive_lif"
    delta_i: FloatParam
    """Part of i that decays in a step, from 0 to 1."""
    delta_v: FloatParam
    """Part of v that decays in a step, from 0 to 1."""
    delta_theta: FloatParam
    """Part of theta - theta_0 that decays in a step, from 0 to 1."""
    delta_r: FloatParam
    """Part of r that decays in a step, from 0 to 1."""
    theta_0: FloatParam
    """The threshold at rest, in the unit of v."""
    theta_step: FloatParam
    """What a spike adds to theta, in the unit of v."""
