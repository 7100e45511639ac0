"""Noun: a Dialect, every switch in which two integer implementations of the same neuron core differ.

Two dialects differ in these fields and nowhere else. The values, each with its source, are data of the targets
package; no value stands in code.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun

__all__ = ["CHOSEN", "Dialect"]

CHOSEN = "name"
"""Key in `sources` of a dialect that was chosen in the place of a target's own, which the text names."""


class Dialect(Noun):
    """How one implementation computes a step. `rtz(x, n)` shifts towards zero; wrap(x, b) is two's complement on b bits + sign.

    q = accumulator(sum of weights);  u = current(rtz(u * (2**decay_bits - du - current_decay_offset), decay_bits) + q);
    i = drive(u + (bias_mant << bias_exp));  v = rtz(v * (2**decay_bits - dv - voltage_decay_offset), decay_bits) + i,
    limited; v = 0 in a dead step; spike iff v > vth_mant << threshold_shift_bits.
    """

    name: Name
    """As targets name it."""
    title: str
    """Whose arithmetic it is."""
    decay_bits: int
    """Bits of a decay: 12 are 4096 parts."""
    current_decay_offset: int
    """Parts of 2**decay_bits by which u decays on top of du."""
    voltage_decay_offset: int
    """Parts of 2**decay_bits by which v decays on top of dv."""
    weight_shift_bits: int
    """A weight is mantissa * 2**exponent << weight_shift_bits."""
    mantissa_bits: int
    """A mantissa of b stored bits drops `mantissa_bits - b` low bits, one more if its sign mode is mixed."""
    threshold_shift_bits: int
    """A threshold is vth_mant << this."""
    accumulator_wrap_bits: int | None
    """The sum of a step's weights wraps to this many bits + sign; None: it does not."""
    state_bits: int
    """u and v hold this many bits + sign."""
    current_overflow: Literal["wrap", "fold", "none"]
    """wrap: two's complement; fold: one 2**(state_bits + 1) is taken off above 2**state_bits or added at or below -2**state_bits."""
    drive_overflow: Literal["wrap", "none"]
    """The same for u + bias."""
    voltage_limit: Literal["registers", "symmetric", "none"]
    """registers: vmin and vmax of the compartment; symmetric: +-(2**state_bits - 1)."""
    weight_rounding: Literal["toward_zero", "floor_mixed"]
    """How dropped mantissa bits go; floor_mixed: floor for mixed signs, toward zero otherwise."""
    exponent_stage: Literal["synapse", "sum"]
    """Where a negative exponent floors: each weight, or the sum of the weights of one projection in one step."""
    weight_limit: int | None
    """A weight is clipped to +- this; None: not clipped."""
    bias: Literal["register", "none"]
    """Whether a compartment has a bias."""
    refractory_delay_max: int
    """The largest refractory register; 1 is no dead step."""
    delay_steps_max: int
    """The longest delay of a synapse, in steps."""
    register_value_per_refractory_step: int
    """On a spike the voltage register reads the refractory register times this."""
    sources: dict[str, str] = Field(default_factory=dict)
    """Field -> where its value comes from."""
