"""What compiled loops are lent to draw synapses; `python -m neurodeploy.native.header` writes `nouns.h` from this file."""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.native.structs import Bytes, Ints, Longs, Reals, UnsignedLongs

__all__ = ["DIFFERENT", "NEAR", "REPEATED", "Geometry", "Rule", "Scratch", "Values"]

DIFFERENT, REPEATED, NEAR = 0, 1, 2
"""How partners are drawn: different ones, with repeats, by distance."""


class Geometry(NamedTuple):
    """A distance kernel on three axes."""

    sources: Longs
    """(3,) neurons of the source along each axis."""
    targets: Longs
    """(3,) neurons of the target along each axis."""
    lengths: Reals
    """(3,) distance of 1 of `a` on each axis, see `network.procedural.geometry`."""
    reach: Longs
    """(3,) sources on either side of a target that can be within the radius, or more."""
    unit: float
    """Steps of the profile in a squared distance of 1."""
    periodic: int
    """1 if opposite ends of each axis meet."""
    thresholds: UnsignedLongs
    """Threshold of each step of the profile, for words of 32 bits, and 0 for pairs beyond."""


class Rule(NamedTuple):
    """How the partners of a neuron are drawn."""

    how: int
    """DIFFERENT, REPEATED or NEAR."""
    room: int
    """Neurons that one neuron can be joined to."""
    skips_itself: int
    """1 if neuron k is never joined to neuron k."""
    start: UnsignedLongs
    """(1,) state of the keys of partners."""
    near: Geometry
    """Distances, of NEAR."""


class Scratch(NamedTuple):
    """Memory of one thread, 0 between calls where it is flags."""

    bits: UnsignedLongs
    """One bit for each possible partner; 8 words for each mark."""
    marks: Bytes
    """Whether one of 8 words of `bits` is not 0; a multiple of 8."""
    times: Bytes
    """How often each possible partner was drawn, of REPEATED."""
    places: Ints
    """Sources along each axis, one axis behind the other, of NEAR."""
    squares: Reals
    """Their squared distances, in steps of the profile."""


class Values(NamedTuple):
    """Where the weights and delays of synapses come from."""

    start: UnsignedLongs
    """(1,) state of the keys of values."""
    levels: int
    """Values of a weight's distribution: 1 or 65536."""
    delays: Bytes
    """(1 or 65536,) delays in steps."""
