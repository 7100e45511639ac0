"""Stored words: how many bits a register, a weight or a delay has, and what faulty bits make of a value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurodeploy.hardware.arithmetic import dropped_bits, stored_mantissas
from neurodeploy.hardware.target import Target
from neurodeploy.program.fault import STATE_REGISTERS, FaultField, FaultWhat
from neurodeploy.program.tables import SynapseFormat

__all__ = ["Form", "Masks", "masks_of", "read_back", "register_form", "weight_form"]

RANGES: dict[str, str] = {
    "du": "du",
    "dv": "dv",
    "vth": "threshold_mantissa",
    "bias_mant": "bias_mantissa",
    "bias_exp": "bias_exponent",
    "refract_delay": "refractory_delay",
    "refract": "refractory_delay",
}
"""Register -> range of the target that says how wide it is."""


class Form(NamedTuple):
    """A stored word: a number in two's complement if `signed`, else from 0."""

    bits: int
    """Width of the word."""
    signed: bool
    """Whether the highest bit is a sign."""
    low: int
    """Least value that the machine accepts; a word that reads less reads as this."""
    high: int
    """Greatest value, likewise."""


class Masks(NamedTuple):
    """What faulty bits make of a word x: ((x & keep) | put) ^ flip, in two's complement without end."""

    keep: int
    """Bits that are not stuck at 0."""
    put: int
    """Bits that are stuck at 1."""
    flip: int
    """Bits that are inverted."""

    def of(self, value: int) -> int:
        """Return what a value reads as."""
        return ((value & self.keep) | self.put) ^ self.flip


def register_form(target: Target, name: FaultField) -> Form:
    """Return the word of a register: state has the dialect's state bits and a sign, others the range of the target."""
    if name in ("u", "v"):
        top = 1 << target.dialect.state_bits
        return Form(target.dialect.state_bits + 1, True, -top, top - 1)
    span = getattr(target.precision, RANGES[name])
    low, high = int(span.low), int(span.high)
    if name in STATE_REGISTERS:
        return Form(high.bit_length(), False, 0, (1 << high.bit_length()) - 1)
    signed = low < 0
    return Form(max(high.bit_length(), (-low - 1).bit_length() if signed else 0) + signed, signed, low, high)


def weight_form(target: Target, style: SynapseFormat) -> Form:
    """Return the word of a weight: its mantissa without the bits that are not stored, in two's complement where signs are
    mixed, else its magnitude."""
    signed = style.sign_mode == "mixed"
    bits = target.dialect.mantissa_bits + signed - dropped_bits(target.dialect, style.weight_bits, style.sign_mode)
    top = 1 << (bits - signed)
    return Form(bits, signed, -top if signed else 0, top - 1)


def masks_of(form: Form, bit: int, what: FaultWhat) -> Masks:
    """Return what a fault of one bit does to a word; the sign stands in all bits from the highest on."""
    bits = -1 << bit if form.signed and bit == form.bits - 1 else 1 << bit
    return Masks(
        keep=~bits if what == "stuck_at_0" else -1,
        put=bits if what == "stuck_at_1" else 0,
        flip=bits if what == "flip" else 0,
    )


def read_back(target: Target, style: SynapseFormat, mantissa: int, masks: Masks) -> int:
    """Return the mantissa that one of format `style` on `target` reads as when `masks` act on its word."""
    drop = dropped_bits(target.dialect, style.weight_bits, style.sign_mode)
    stored = int(stored_mantissas(target.dialect, np.array([mantissa]), style.weight_bits, style.sign_mode)[0])
    sign = -1 if style.sign_mode == "inhibitory" else 1
    return sign * (masks.of(sign * stored >> drop) << drop)
