"""Noun: the core tables of a program, flat columns over all cores. Nothing in them is expanded: lists may be shared.

Rows of a core are contiguous; `*_ptr` columns hold [start, stop) offsets. The path of a spike: compartment ->
its out axons (or input line -> its routes) -> (core, in axon) -> (list, base) -> segments -> entries; an entry adds
its weight to the accumulator of compartment `base + entry_target` of that core, `1 + entry_delay` steps later. Here an
"in axon" is an input axon with an atom: the rows of a population axon have one `in_axon_id`. What a spike does follows from
the row alone; which rows share an axon only says what they cost.
"""

from __future__ import annotations

from typing import Literal

from neurodeploy.base.noun import (
    Int8Column,
    Int16Column,
    Int32Column,
    Int64Column,
    Name,
    Noun,
    UInt8Column,
    UInt16Column,
)

__all__ = ["AXON_KINDS", "RESETS", "InputRoutes", "SynapseFormat", "Tables"]


RESETS = {"zero": 0, "subtract": 1, "none": 2}
"""Reset of a compartment -> its number in the tables."""

AXON_KINDS = {"discrete": 0, "pop16": 16, "pop32": 32}
"""Kind of an input axon -> its number in the tables."""


class SynapseFormat(Noun):
    """How the entries of a segment are stored."""

    projection: Name
    """Whose synapses they are."""
    weight_bits: int
    """Stored bits of a weight."""
    exponent: int
    """A weight is its mantissa * 2**exponent."""
    sign_mode: Literal["mixed", "excitatory", "inhibitory"]
    """Which signs the mantissas have."""
    delay_bits: int
    """Stored bits of a delay; 0: none."""
    index_bits: int
    """0 for dense."""
    skip_bits: int = 0
    """Of a run-length list, which may be shared; 0 for others."""
    encoding: Literal["dense", "sparse", "runlength", "shared"]
    """How the targets are written."""


class InputRoutes(Noun):
    """Where the spikes of one input go. Line i has routes [ptr[i], ptr[i+1])."""

    name: Name
    """Of the input."""
    ptr: Int64Column
    """(lines + 1,): routes of a line."""
    core: Int32Column
    """(n_routes,) destination."""
    in_axon: Int32Column
    """Index within the core."""


class Tables(Noun):
    """All cores of a program, in the order of their logical number."""

    # one row per core
    core_id: Int64Column
    """(n_cores,) physical core on the board: chip * cores_per_chip + core on the chip."""
    compartment_ptr: Int64Column
    """(n_cores + 1,)."""
    in_axon_ptr: Int64Column
    """(n_cores + 1,)."""
    list_ptr: Int64Column
    """(n_cores + 1,)."""
    # one row per compartment row; a neuron of two compartments has one row, its second compartment is implied
    population: Int32Column
    """Index into Program.populations."""
    neuron: Int32Column
    """Its number within the population."""
    du: Int16Column
    """Current decay register."""
    dv: Int16Column
    """Voltage decay register."""
    vth_mant: Int32Column
    """Threshold register."""
    bias_mant: Int16Column
    """Mantissa of the bias."""
    bias_exp: Int8Column
    """Exponent of the bias."""
    refract_delay: UInt8Column
    """Dead steps + 1."""
    vmin_exp: Int8Column
    """v is never below -(2**vmin_exp) + 1."""
    vmax_exp: Int8Column
    """v is never above 2**(9 + 2 * vmax_exp) - 1."""
    reset: Int8Column
    """As numbered in RESETS."""
    spiking: Int8Column
    """1, or 0 for a compartment that has no threshold."""
    out_axon_ptr: Int64Column
    """(n_rows + 1,)."""
    # one row per out axon
    out_core: Int32Column
    """Destination core."""
    out_in_axon: Int32Column
    """Index of the input axon within the destination core."""
    # one row per in axon
    in_axon_list: Int32Column
    """Index of the list within the core."""
    in_axon_base: Int32Column
    """First row of the core that the list's targets count from."""
    in_axon_id: Int32Column | None = None
    """Input axon of the core that the row is of: rows of one number differ in their atom. None: every row is an axon of
    its own, discrete, and no axon has atoms."""
    in_axon_atom: Int16Column | None = None
    """Atom that chooses the row among those of its input axon."""
    in_axon_kind: Int8Column | None = None
    """As numbered in AXON_KINDS."""
    # lists, segments, entries
    segment_ptr: Int64Column
    """(n_lists + 1,): segments of a list."""
    segment_format: Int32Column
    """Index into Program.formats."""
    entry_ptr: Int64Column
    """(n_segments + 1,): entries of a segment."""
    entry_target: UInt16Column
    """Row relative to the axon's base."""
    entry_mantissa: Int16Column
    """Of the weight."""
    entry_delay: UInt8Column
    """Steps on top of the one that every synapse takes."""

    @property
    def n_cores(self) -> int:
        """Cores in use."""
        return int(self.core_id.size)

    @property
    def n_rows(self) -> int:
        """Compartment rows over all cores."""
        return int(self.neuron.size)
