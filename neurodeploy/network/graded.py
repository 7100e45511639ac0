"""Nouns: neuron kinds in integers that send values, resonate or adapt, with the equations of lava-nc 0.10's fixed-point models.

Registers are what a chip holds; nothing is scaled here. a and b are the sums of what arrives at the ports of that name
(weight times value, weight times 1 for a plain spike), rtz(x, n) shifts towards zero, x >> n rounds down. A value of 0 is
not sent. Source of all equations: lava-nc 0.10.0, reproduced value by value. Must not know any chip.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from neurodeploy._noun import FloatParam, IntParam, Noun

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
    dv: IntParam
    v_upper_mant: IntParam
    v_lower_mant: IntParam
    bias_mant: IntParam = 0
    bias_exp: IntParam = 0


class SigmaDelta(IntegerNeuron):
    """sigma += a; act' = f(sigma + bias); d = act' - act + residue; |d| >= threshold sends d >> state_exp, else d is kept.

    f is max(x, 0) for "relu", x for "unit". threshold and bias count in units of 2**(spike_exp + state_exp). With
    `cumulative_error` the sum of d since the last value sent is compared instead of d.
    """

    sends_values: ClassVar[bool] = True
    memories: ClassVar[tuple[str, ...]] = ("residue", "error")
    kind: Literal["sigma_delta"] = "sigma_delta"
    threshold: IntParam
    bias: IntParam = 0
    activation: Literal["relu", "unit"] = "relu"
    cumulative_error: bool = False
    spike_exp: int = Field(default=0, ge=0, le=31)
    state_exp: int = Field(default=0, ge=0, le=31)


class Delta(IntegerNeuron):
    """act' = a << (spike_exp + state_exp); d = act' - act + residue; |d| >= threshold, in the same unit, sends d >> state_exp."""

    sends_values: ClassVar[bool] = True
    memories: ClassVar[tuple[str, ...]] = ("residue",)
    kind: Literal["delta"] = "delta"
    threshold: IntParam
    spike_exp: int = Field(default=0, ge=0, le=31)
    state_exp: int = Field(default=0, ge=0, le=31)


class Sigma(IntegerNeuron):
    """sigma += a; sends sigma in every step."""

    sends_values: ClassVar[bool] = True
    kind: Literal["sigma"] = "sigma"


class GradedRelu(IntegerNeuron):
    """Sends a where a > threshold; without `rectify` where |a| > threshold."""

    sends_values: ClassVar[bool] = True
    kind: Literal["relu"] = "relu"
    threshold: IntParam = 0
    rectify: bool = True


class Product(IntegerNeuron):
    """v = (a * b) >> exponent; sends v where |v| > threshold."""

    sends_values: ClassVar[bool] = True
    ports: ClassVar[int] = 2
    kind: Literal["product"] = "product"
    threshold: IntParam = 0
    exponent: int = Field(default=0, ge=0, le=63)


class ResonateFire(IntegerNeuron):
    """re' = rtz(c * re, d) - rtz(s * im, d) + (a << e);  im' = rtz(s * re, d) + rtz(c * im, d) + (b << e), both limited.

    c = cos_decay, s = sin_decay, d = decay_bits, e = state_exp. Spikes where im passes 0 upwards while
    re' >= threshold << e. With reset "izhikevich": where im' >= threshold << e, and then re = 0, im = (threshold << e) - 1.
    """

    ports: ClassVar[int] = 2
    kind: Literal["resonate_fire"] = "resonate_fire"
    sin_decay: IntParam
    cos_decay: IntParam
    threshold: IntParam
    decay_bits: int = Field(default=12, ge=1, le=30)
    state_exp: int = Field(default=0, ge=0, le=31)
    reset: Literal["none", "izhikevich"] = "none"


class ResonateZero(IntegerNeuron):
    """The same with 15 decay bits, each term rounded down; where im passes 0 upwards while re' > threshold it sends re'."""

    sends_values: ClassVar[bool] = True
    ports: ClassVar[int] = 2
    kind: Literal["resonate_zero"] = "resonate_zero"
    sin_decay: IntParam
    cos_decay: IntParam
    threshold: IntParam


class AdaptiveLif(IntegerNeuron):
    """i, v and r decay by delta_i, delta_v and delta_r, theta towards theta_0 by delta_theta; i += a, v += i.

    Spikes where v - r >= theta; then r += 2 * theta and theta += theta_step; v is not reset. i decays by one part in 4096 more.
    """

    memories: ClassVar[tuple[str, ...]] = ("theta", "r")
    kind: Literal["adaptive_lif"] = "adaptive_lif"
    delta_i: FloatParam
    delta_v: FloatParam
    delta_theta: FloatParam
    delta_r: FloatParam
    theta_0: FloatParam
    theta_step: FloatParam
