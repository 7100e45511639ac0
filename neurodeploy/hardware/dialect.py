"""Dialect: the fields in which two integer implementations of the same neuron core may differ.

Two dialects differ only in these fields. Their values, each with its source, are data of target packages, not code.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.hardware.units import INT16, INT32, UINT8, Unit, Within

__all__ = ["CHOSEN", "Dialect"]

CHOSEN = "name"
"""Key in `sources` of a dialect that replaces the target's own; its text names the target's own dialect."""


class Dialect(Noun):
    """How one implementation computes a step, in integers.

    q = accumulator(sum of weights);  u = current(rtz(u * (2**decay_bits - du - current_decay_offset), decay_bits) + q);
    i = drive(u + (bias_mant << bias_exp));  v = rtz(v * (2**decay_bits - dv - voltage_decay_offset), decay_bits) + i,
    limited; v = 0 in a refractory step; spike iff v > vth_mant << threshold_shift_bits.

    rtz(x, n) shifts x right by n bits, rounding toward zero; wrap(x, b) is two's complement on b bits plus sign.
    """

    later: ClassVar[tuple[str, ...]] = ("learning",)
    name: Name
    """Name with which targets refer to the dialect."""
    title: str
    """Implementation that this arithmetic reproduces."""
    decay_bits: Annotated[int, Unit("bit"), Within(1, 16)]
    """Fractional bits of a decay: one part is 2**-decay_bits."""
    current_decay_offset: Annotated[int, Unit("register"), Within(0, INT16.high)]
    """Parts of 2**decay_bits by which u decays in addition to du."""
    voltage_decay_offset: Annotated[int, Unit("register"), Within(0, INT16.high)]
    """Parts of 2**decay_bits by which v decays in addition to dv."""
    weight_shift_bits: Annotated[int, Unit("bit"), Within(0, 16)]
    """A weight is mantissa * 2**exponent << weight_shift_bits."""
    mantissa_bits: Annotated[int, Unit("bit"), Within(1, 15)]
    """A mantissa stored in b bits drops `mantissa_bits - b` low bits, and one more if its sign mode is mixed."""
    threshold_shift_bits: Annotated[int, Unit("bit"), Within(0, 28)]
    """A threshold is vth_mant << threshold_shift_bits."""
    accumulator_wrap_bits: Annotated[int | None, Unit("bit"), Within(1, 30)]
    """The sum of a step's weights wraps to this many bits plus sign; None: it does not wrap."""
    state_bits: Annotated[int, Unit("bit"), Within(1, 26)]
    """Bits of u and v, excluding the sign."""
    current_overflow: Literal["wrap", "fold", "none"]
    """Overflow of u. wrap: two's complement; fold: 2**(state_bits + 1) is subtracted once above 2**state_bits, or added
    once at or below -2**state_bits."""
    drive_overflow: Literal["wrap", "none"]
    """Overflow of u + bias, likewise."""
    voltage_limit: Literal["registers", "symmetric", "none"]
    """registers: vmin and vmax of the compartment; symmetric: +-(2**state_bits - 1)."""
    weight_rounding: Literal["toward_zero", "floor_mixed"]
    """Rounding of dropped mantissa bits. floor_mixed: floor for mixed signs, toward zero otherwise."""
    exponent_stage: Literal["synapse", "sum"]
    """Where a negative exponent rounds: each weight, or the sum of the weights of one projection in one step."""
    weight_limit: Annotated[int | None, Unit("weight"), Within(1, INT32.high)]
    """Weights are clipped to +- this; None: not clipped."""
    bias: Literal["register", "none"]
    """Whether compartments have a bias register."""
    refractory_delay_max: Annotated[int, Unit("step"), Within(1, UINT8.high)]
    """Largest refractory register; 1 means no refractory step."""
    delay_steps_max: Annotated[int, Unit("step"), UINT8]
    """Longest synaptic delay on top of the one step that every projection takes."""
    register_value_per_refractory_step: Annotated[int, Unit("voltage"), Within(0, INT32.high)]
    """On a spike, the voltage register reads the refractory register times this."""
    learning: Literal["sum_of_products", "pes", "brian2", "none"] = "none"
    """Model of learning. sum_of_products: sums of products once an epoch, with one accumulator for each variable; pes: the error
    rule only; brian2: sums of products in every step, whose sum is rounded once; none: weights are fixed."""
    sources: dict[str, str] = Field(default_factory=dict)
    """Field -> source of its value."""
