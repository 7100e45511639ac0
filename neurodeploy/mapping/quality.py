"""The quality of a mapping: its cores and traffic, with bounds that no mapping can undercut."""

from __future__ import annotations

from neurodeploy.base.noun import Noun

__all__ = ["MappingQuality"]


class MappingQuality(Noun):
    """Cores and traffic of a mapping.

    Messages are in the unit of the rates: spikes of each neuron times its destination cores. Without rates every neuron counts
    1. A hop is a step between neighbouring tiles of the mesh; a message from chip to chip takes mesh columns + mesh rows
    hops.
    """

    cores: int
    """Cores in use."""
    chips: int
    """Chips in use."""
    lower_bounds: dict[str, int]
    """Resource -> fewest cores of any mapping."""
    axon_bound: int
    """Fewest cores for the (source, core) pairs of this mapping, a bound for better packing alone."""
    full_by: dict[str, int]
    """Resource -> number of cores in which it is the most used resource."""
    messages: float
    """Messages from core to core; those within a core are left out."""
    spikes_hops: float
    """Messages times hops, summed."""
    row_by_row: float
    """`spikes_hops` if logical core k were on the k-th physical core in use."""
    shell_bound: float
    """Least `spikes_hops` of any placement of these cores."""
    heaviest_link: float
    """Messages over the busiest link of a mesh."""
    between_chips: float
    """Messages that leave their chip."""
    busiest_chip_link: float
    """Messages between the two chips that exchange most."""
    imbalance: float | None
    """Time of the busiest core in a step over the mean, modelled with the target's nominal figures; None without them."""
