"""Integer neuron kinds with graded spikes, resonance or adaptation. Independent of any chip.

Parameters are registers as stored on the chip and are not scaled. In the equations, a and b are the sums of weight times
spike value arriving at ports "a" and "b" (a plain spike has value 1), rtz(x, n) is x / 2**n rounded toward zero, and x >> n
rounds down. A primed variable is the new value. A graded spike of value 0 is not sent.

Source of all equations: the fixed-point models of lava-nc 0.10.0, reproduced exactly.
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
    """Base of kinds whose parameters are registers, which are neither scaled nor rounded."""

    sends_values: ClassVar[bool] = False
    """Whether spikes are graded, i.e. carry a value."""
    ports: ClassVar[int] = 1
    """Number of separately summed inputs: "a", or "a" and "b"."""
    memories: ClassVar[tuple[str, ...]] = ()
    """States in addition to u and v, as named by probes; at most two."""


class TernaryCuba(IntegerNeuron):
    """u and v as in loihi_cuba. Sends 1 if v > v_upper_mant * 2**6 and -1 if v < v_lower_mant * 2**6; then v = 0."""

    sends_values: ClassVar[bool] = True
    kind: Literal["ternary_cuba"] = "ternary_cuba"
    du: IntParam
    """Current decay register: u keeps 1 - (du + 1) / 4096 per step; one for all, or one for each neuron."""
    dv: IntParam
    """Voltage decay register: v keeps 1 - dv / 4096 per step; one for all, or one for each neuron."""
    v_upper_mant: IntParam
    """Upper threshold register; one for all, or one for each neuron."""
    v_lower_mant: IntParam
    """Lower threshold register; one for all, or one for each neuron."""
    bias_mant: IntParam = 0
    """Mantissa of the bias bias_mant * 2**bias_exp, which is added in every step; one for all, or one for each neuron."""
    bias_exp: IntParam = 0
    """Exponent of the bias, at least 0; one for all, or one for each neuron."""


class SigmaDelta(IntegerNeuron):
    """Sigma-delta unit: integrates differences and sends differences of its activation.

    sigma += a;  act' = f(sigma + bias);  d = act' - act + residue. If |d| >= threshold it sends d >> state_exp, else d
    becomes the residue. f(x) is max(x, 0) for "relu" and x for "unit". threshold and bias are in units of
    2**(spike_exp + state_exp). With `cumulative_error`, the sum of d since the last spike is compared instead of d.
    """

    sends_values: ClassVar[bool] = True
    memories: ClassVar[tuple[str, ...]] = ("residue", "error")
    kind: Literal["sigma_delta"] = "sigma_delta"
    threshold: IntParam
    """Smallest difference that is sent, in units of 2**(spike_exp + state_exp); one for all, or one for each neuron."""
    bias: IntParam = 0
    """Added to sigma before the activation, in units of 2**(spike_exp + state_exp); one for all, or one for each neuron."""
    activation: Literal["relu", "unit"] = "relu"
    """Activation function f: "relu" is max(x, 0), "unit" is x."""
    cumulative_error: bool = False
    """Whether the sum of d since the last spike is compared with the threshold, instead of d."""
    spike_exp: int = Field(default=0, ge=0, le=31)
    """Fractional bits of the values that are sent, at least 0."""
    state_exp: int = Field(default=0, ge=0, le=31)
    """Additional fractional bits of the state, at least 0."""


class Delta(IntegerNeuron):
    """Delta encoder: sends differences of its input.

    act' = a << (spike_exp + state_exp);  d = act' - act + residue. If |d| >= threshold it sends d >> state_exp, else d
    becomes the residue.
    """

    sends_values: ClassVar[bool] = True
    memories: ClassVar[tuple[str, ...]] = ("residue",)
    kind: Literal["delta"] = "delta"
    threshold: IntParam
    """Smallest difference that is sent, in units of 2**(spike_exp + state_exp); one for all, or one for each neuron."""
    spike_exp: int = Field(default=0, ge=0, le=31)
    """Fractional bits of the values that are sent, at least 0."""
    state_exp: int = Field(default=0, ge=0, le=31)
    """Additional fractional bits of the state, at least 0."""


class Sigma(IntegerNeuron):
    """Sigma decoder: sigma += a; sends sigma in every step."""

    sends_values: ClassVar[bool] = True
    kind: Literal["sigma"] = "sigma"


class GradedRelu(IntegerNeuron):
    """Graded ReLU: sends a if a > threshold, or without `rectify` if |a| > threshold."""

    sends_values: ClassVar[bool] = True
    kind: Literal["relu"] = "relu"
    threshold: IntParam = 0
    """Largest value that is not sent; one for all, or one for each neuron."""
    rectify: bool = True
    """Whether negative values are suppressed."""


class Product(IntegerNeuron):
    """Product of two inputs: v = (a * b) >> exponent; sends v if |v| > threshold."""

    sends_values: ClassVar[bool] = True
    ports: ClassVar[int] = 2
    kind: Literal["product"] = "product"
    threshold: IntParam = 0
    """Largest magnitude that is not sent; one for all, or one for each neuron."""
    exponent: int = Field(default=0, ge=0, le=63)
    """Bits by which a product is shifted right, at least 0."""


class ResonateFire(IntegerNeuron):
    """Resonate and fire: a damped oscillator with complex state re + j * im.

    re' = rtz(c * re, d) - rtz(s * im, d) + (a << e);  im' = rtz(s * re, d) + rtz(c * im, d) + (b << e), both saturated,
    where c = cos_decay, s = sin_decay, d = decay_bits, e = state_exp. Spikes if im crosses 0 upward and
    re' >= threshold << e. With reset "izhikevich", spikes if im' >= threshold << e; then re = 0, im = (threshold << e) - 1.
    """

    ports: ClassVar[int] = 2
    kind: Literal["resonate_fire"] = "resonate_fire"
    sin_decay: IntParam
    """s: decay factor times the sine of the phase advance per step, in units of 2**-decay_bits."""
    cos_decay: IntParam
    """c: decay factor times the cosine of the phase advance per step, in units of 2**-decay_bits."""
    threshold: IntParam
    """Threshold of re (or of im, with reset "izhikevich"), in units of 2**state_exp; one for all, or one for each neuron."""
    decay_bits: int = Field(default=12, ge=1, le=30)
    """d: fractional bits of sin_decay and cos_decay, from 1 to 30."""
    state_exp: int = Field(default=0, ge=0, le=31)
    """e: fractional bits of re and im, at least 0."""
    reset: Literal["none", "izhikevich"] = "none"
    """none: a spike does not change the state. izhikevich: re = 0 and im = (threshold << state_exp) - 1."""


class ResonateZero(IntegerNeuron):
    """As ResonateFire with 15 decay bits, each term rounded down; sends re' if im crosses 0 upward and re' > threshold."""

    sends_values: ClassVar[bool] = True
    ports: ClassVar[int] = 2
    kind: Literal["resonate_zero"] = "resonate_zero"
    sin_decay: IntParam
    """Decay factor times the sine of the phase advance per step, in units of 2**-15."""
    cos_decay: IntParam
    """Decay factor times the cosine of the phase advance per step, in units of 2**-15."""
    threshold: IntParam
    """Threshold of re; one for all, or one for each neuron."""


class AdaptiveLif(IntegerNeuron):
    """Leaky integrate and fire with adaptive threshold and a refractory state instead of a reset.

    In each step i, v and r decay by delta_i, delta_v and delta_r, and theta toward theta_0 by delta_theta; then i += a and
    v += i. Spikes if v - r >= theta; then r += 2 * theta and theta += theta_step. i decays by 1/4096 more than delta_i.
    """

    memories: ClassVar[tuple[str, ...]] = ("theta", "r")
    kind: Literal["adaptive_lif"] = "adaptive_lif"
    delta_i: FloatParam
    """Decay of i per step, from 0 to 1."""
    delta_v: FloatParam
    """Decay of v per step, from 0 to 1."""
    delta_theta: FloatParam
    """Decay of theta - theta_0 per step, from 0 to 1."""
    delta_r: FloatParam
    """Decay of r per step, from 0 to 1."""
    theta_0: FloatParam
    """Threshold at rest, in units of v."""
    theta_step: FloatParam
    """Increment of theta on a spike, in units of v."""
