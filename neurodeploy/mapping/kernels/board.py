"""The slots of a board, the cores in them and the traffic between cores, as the kernels that place cores read them.

`board.h` declares the same for C: `python -m neurodeploy.native.header` writes it from this file.
"""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.native.structs import Bits, Longs, Reals, UnsignedLongs

__all__ = ["Board", "CoreTraffic", "Placement"]


class CoreTraffic(NamedTuple):
    """Messages between cores, and the output axons that they take."""

    ptr: Longs
    """(cores + 1,) where the partners of each core begin in `to` and `traffic`."""
    to: Longs
    """Partners of each core, ascending, without the core itself."""
    traffic: Reals
    """Messages either way between a core and its partner, in the unit of the rates."""
    out_ptr: Longs
    """(cores + 1,) where the destinations of each core begin in `out_to` and `out_pairs`."""
    out_to: Longs
    """Destination cores of each core, ascending, itself included."""
    out_pairs: Longs
    """(neuron, destination core) pairs to each destination."""
    in_ptr: Longs
    """(cores + 1,) where the senders to each core begin in `in_from` and `in_pairs`."""
    in_from: Longs
    """Sender cores of each core, ascending, itself included."""
    in_pairs: Longs
    """(neuron, destination core) pairs from each sender."""


class Board(NamedTuple):
    """Slots of a board: one for each physical core."""

    chip: Longs
    """(slots,) chip of each slot, ascending."""
    column: Longs
    """(slots,) column of the slot's tile in the mesh of its chip."""
    row: Longs
    """(slots,) row of the slot's tile."""
    is_open: Bits
    """(pin groups, slots) whether a core of a pin group may lie in a slot."""
    shape: Longs
    """(5,) mesh columns, mesh rows, cores of a tile, cores of a chip, hop distance between chips (`far`)."""


class Placement(NamedTuple):
    """Slot of every core, and the state of the annealing."""

    slot: Longs
    """(cores,) slot of each core."""
    core: Longs
    """(slots,) core in each slot; -1: none."""
    pin_group: Longs
    """(cores,) pin group of each core."""
    output_axons: Longs
    """(cores,) output axons of each core."""
    limit: Longs
    """(1,) most output axons of a core."""
    random: UnsignedLongs
    """(1,) state of the random numbers."""
