"""Verb: what axons of each kind cost and how many there can be. The only place that knows the formulas; chooses no kind.

A spike names an input axon of its destination core by number, and a population axon an atom besides, which chooses one of
its lists. With the figures of a target's `[axons]`:
  numbers of a kind         2 ** (id_bits - extra)           for `extra` bits that the atom takes from the number
  atoms of an axon          2 ** (atom_bits + extra)         0 <= extra <= extra_atom_bits
  input axons of an axon    1, or `learning` where its synapses learn: the entry after its own holds the trace
  output axons of a neuron  output_axons, + other_chip for a core on another chip; for each destination core
  first target of an axon   a multiple of base_step, in precision.shared_base
Source: nengo-loihi 1.1.0 block.py (Axon.slots_per_axon, Synapse.axon_bits, atom_bits_extra, idxs_per_synapse) and
builder/validate.py; the surcharge between chips is NxTF's. Where a rule set says so (`shared_output_axons`: nengo-loihi
does), the neurons of a core whose spikes go to one population axon share its output axons.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from neurodeploy.hardware.target import AxonKind, Axons, Target

__all__ = ["KINDS", "Kind", "AddressSpace", "input_axons_of", "output_axons_of", "address_space_of"]

Kind = Literal["discrete", "pop16", "pop32"]
KINDS: tuple[Kind, ...] = ("discrete", "pop16", "pop32")


def _figures(axons: Axons | None, kind: Kind) -> AxonKind | None:
    return getattr(axons, kind) if axons is not None else None


class AddressSpace(NamedTuple):
    """What one kind of axon can name."""

    numbers: int
    """Input axons of a core."""
    atoms: int
    """Lists of an axon."""
    step: int
    """The first target is a multiple of it."""


def address_space_of(axons: Axons | None, kind: Kind, extra_bits: int = 0) -> AddressSpace | None:
    """Return what a kind can name with an atom of `extra_bits` more; None where there is no such kind, or it has not so many."""
    given = _figures(axons, kind)
    most = 0 if given is None or given.extra_atom_bits is None else int(given.extra_atom_bits.value)
    if given is None or not 0 <= extra_bits <= most:
        return None
    atom_bits = int(given.atom_bits.value) + extra_bits
    return AddressSpace(1 << (int(given.id_bits.value) - extra_bits), 1 << atom_bits, int(given.base_step.value))


def input_axons_of(target: Target, *, learning: bool = False) -> int | None:
    """Return the input axons that one axon of any kind takes of its core; None: the target does not say."""
    if not learning:
        return 1
    return int(target.axons.learning.value) if target.axons is not None else None


def output_axons_of(target: Target, kind: Kind, *, other_chip: bool) -> int:
    """Return the output axons that one neuron takes for one destination core; 1, and as many on top, where nothing is said."""
    given = _figures(target.axons, kind)
    if given is None or target.axons is None:
        return 1 + other_chip
    return int(given.output_axons.value) + other_chip * int(target.axons.other_chip.value)
