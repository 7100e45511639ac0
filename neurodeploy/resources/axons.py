"""Cost of each kind of axon, and how many a core can have. Chooses no kind.

A spike names an input axon of its destination core by number, and for a population axon also an atom, which selects one of
its lists. With the figures of a target's `[axons]`:
  numbers of a kind         2 ** (id_bits - extra)           for `extra` bits moved from the number to the atom
  atoms of an axon          2 ** (atom_bits + extra)         0 <= extra <= extra_atom_bits
  input axons of an axon    1, or `learning` where its synapses learn: the entry after its own holds the trace
  output axons of a neuron  output_axons, + other_chip for a core on another chip; for each destination core
  first target of an axon   a multiple of base_step, in precision.shared_base
Source: nengo-loihi 1.1.0 block.py (Axon.slots_per_axon, Synapse.axon_bits, atom_bits_extra, idxs_per_synapse) and
builder/validate.py; the surcharge between chips is that of NxTF. Where a rule set says so (`shared_output_axons`, as in
nengo-loihi), the neurons of a core that spike to one population axon share its output axons.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from neurodeploy.hardware.target import AxonKind, Axons, Target

__all__ = [
    "KINDS",
    "AddressSpace",
    "Kind",
    "address_space_of",
    "input_axons_of",
    "output_axons_of",
    "with_discrete_axons",
]

Kind = Literal["discrete", "pop16", "pop32", "convolution"]
"""Kind of an axon: discrete, for one source; a population axon with a 16-bit or 32-bit spike message; or a convolution axon,
for all sources of a window."""
KINDS: tuple[Kind, ...] = ("discrete", "pop16", "pop32", "convolution")
"""Every kind of axon."""


def with_discrete_axons(target: Target) -> Target:
    """Return the target with discrete axons only."""
    if target.counting.convolution is not None:
        rules = target.counting.model_copy(update={"convolution": None})
        target = target.model_copy(update={"rules": {**target.rules, target.rule_set: rules}})
    if target.axons is None:
        return target
    return target.model_copy(update={"axons": target.axons.model_copy(update={"pop16": None, "pop32": None})})


def _figures(axons: Axons | None, kind: Kind) -> AxonKind | None:
    return getattr(axons, kind, None) if axons is not None else None


class AddressSpace(NamedTuple):
    """Address space of one kind of axon."""

    numbers: int
    """Input axons of the kind that a core can have."""
    atoms: int
    """Lists of one axon."""
    step: int
    """First targets are multiples of it."""


def address_space_of(axons: Axons | None, kind: Kind, extra_bits: int = 0) -> AddressSpace | None:
    """Return the address space of a kind with `extra_bits` more in its atom; None if the target has no such axons."""
    given = _figures(axons, kind)
    most = 0 if given is None or given.extra_atom_bits is None else int(given.extra_atom_bits.value)
    if given is None or not 0 <= extra_bits <= most:
        return None
    atom_bits = int(given.atom_bits.value) + extra_bits
    return AddressSpace(1 << (int(given.id_bits.value) - extra_bits), 1 << atom_bits, int(given.base_step.value))


def input_axons_of(target: Target, *, learning: bool = False) -> int | None:
    """Return the input axons that one axon of any kind takes of its core; None: the target does not specify it."""
    if not learning:
        return 1
    return int(target.axons.learning.value) if target.axons is not None else None


def output_axons_of(target: Target, kind: Kind, *, other_chip: bool) -> int:
    """Return the output axons that one neuron takes for one destination core; for convolution axons, one position.

    1 where the target does not specify it, plus 1 for a core on another chip.
    """
    if kind == "convolution" and target.counting.convolution is not None:
        return int(target.counting.convolution.output_axons.value) + other_chip
    given = _figures(target.axons, kind)
    if given is None or target.axons is None:
        return 1 + other_chip
    return int(given.output_axons.value) + other_chip * int(target.axons.other_chip.value)
