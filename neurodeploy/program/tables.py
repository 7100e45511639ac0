"""The core tables of a program: flat columns over all cores, in which lists may be shared.

Rows of a core are contiguous; `*_ptr` columns hold [start, stop) offsets. A spike travels from a compartment through its
output axons (or from an input line through its routes) to (core, input axon), then to (list, base), segments and entries;
an entry adds its weight to the accumulator of row `base + entry_target` of that core, `1 + entry_delay` steps later. A row
of the input axon table is an input axon with an atom: the rows of a population axon have the same `in_axon_id`. The row alone
determines the effect of a spike; which rows share an axon only determines their cost.
"""

from __future__ import annotations

from typing import ClassVar, Literal

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
"""Reset of a compartment -> its code in the tables."""

AXON_KINDS = {"discrete": 0, "pop16": 16, "pop32": 32, "convolution": 64}
"""Kind of an input axon -> its code in the tables."""


class SynapseFormat(Noun):
    """Storage format of the entries of a segment."""

    later: ClassVar[tuple[str, ...]] = ("learning_bits",)
    projection: Name
    """Projection that the entries belong to."""
    weight_bits: int
    """Stored bits of a weight."""
    exponent: int
    """Exponent of the weights: weight = mantissa * 2**exponent."""
    sign_mode: Literal["mixed", "excitatory", "inhibitory"]
    """Signs of the mantissas."""
    delay_bits: int
    """Stored bits of a delay; 0: no delays are stored."""
    index_bits: int
    """Stored bits of a target index; 0 in dense lists."""
    skip_bits: int = 0
    """Stored bits of a skip in run-length lists, which may be shared; 0 in others."""
    encoding: Literal["dense", "sparse", "runlength", "shared"]
    """How the targets of a list are stored."""
    learning_bits: int = 0
    """Stored bits of a plastic synapse beyond those of a weight of `weight_bits` and of the delay."""


class InputRoutes(Noun):
    """Destinations of the spikes of one input. Line i has routes [ptr[i], ptr[i + 1])."""

    name: Name
    """Name of the input."""
    ptr: Int64Column
    """(lines + 1,): routes of a line."""
    core: Int32Column
    """(n_routes,) destination."""
    in_axon: Int32Column
    """Index within the core."""


class Tables(Noun):
    """The tables of all cores of a program, in the order of logical cores."""

    # one row per core
    core_id: Int64Column
    """(n_cores,) physical core on the board: chip * cores_per_chip + core on the chip."""
    compartment_ptr: Int64Column
    """(n_cores + 1,)."""
    in_axon_ptr: Int64Column
    """(n_cores + 1,)."""
    list_ptr: Int64Column
    """(n_cores + 1,)."""
    # one row per neuron; a neuron of two compartments has one row; its second compartment is implied
    population: Int32Column
    """Index into `Program.populations`."""
    neuron: Int32Column
    """Number of the neuron within the population."""
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
    """Refractory steps + 1."""
    vmin_exp: Int8Column
    """Lower bound of v: -(2**vmin_exp) + 1."""
    vmax_exp: Int8Column
    """Upper bound of v: 2**(9 + 2 * vmax_exp) - 1."""
    reset: Int8Column
    """Code of the reset, see RESETS."""
    spiking: Int8Column
    """1 if the neuron spikes, 0 if it has no threshold."""
    out_axon_ptr: Int64Column
    """(n_rows + 1,)."""
    # one row per output axon
    out_core: Int32Column
    """Destination core."""
    out_in_axon: Int32Column
    """Row of the input axon within the destination core."""
    # one row per input axon and atom
    in_axon_list: Int32Column
    """Index of the list within the core."""
    in_axon_base: Int32Column
    """Row of the core from which the targets of the list are counted."""
    in_axon_id: Int32Column | None = None
    """Number of the input axon in the core; rows with the same number differ in their atom. None: every row is a discrete
    axon without atoms."""
    in_axon_atom: Int16Column | None = None
    """Atom that selects the row among those of its input axon."""
    in_axon_kind: Int8Column | None = None
    """Code of the kind of axon, see AXON_KINDS."""
    # lists, segments, entries
    segment_ptr: Int64Column
    """(n_lists + 1,) segments of each list."""
    segment_format: Int32Column
    """Index into `Program.formats`."""
    entry_ptr: Int64Column
    """(n_segments + 1,) entries of each segment."""
    entry_target: UInt16Column
    """Row relative to the base of the axon."""
    entry_mantissa: Int16Column
    """Mantissa of the weight."""
    entry_delay: UInt8Column
    """Delay in steps, beyond the one step that every synapse takes."""

    @property
    def n_cores(self) -> int:
        """Number of cores in use."""
        return int(self.core_id.size)

    @property
    def n_rows(self) -> int:
        """Number of neurons, over all cores."""
        return int(self.neuron.size)
