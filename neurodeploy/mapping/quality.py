"""Noun: what a mapping is worth, against bounds that no mapping could undercut."""

from __future__ import annotations

from neurodeploy.base.noun import Noun

__all__ = ["MappingQuality"]


class MappingQuality(Noun):
    """Cores and traffic of a mapping; traffic in the unit of the rates, each neuron 1 where none were given."""

    cores: int
    chips: int
    lower_bounds: dict[str, int]
    """Least cores by resource."""
    axon_bound: int
    """Least cores for the (source, core) pairs that this mapping has: what better packing alone could reach."""
    full_by: dict[str, int]
    """Resource -> cores of which it is the fullest."""
    messages: float
    """From core to core, those to the own core left out."""
    spikes_hops: float
    """Ways between chips counted as said above."""
    row_by_row: float
    """The same if logical core k lay on the k-th physical core in use."""
    shell_bound: float
    heaviest_link: float
    """Messages over the busiest link of the mesh."""
    between_chips: float
    """Messages that leave their chip."""
    busiest_chip_link: float
    """Messages from the chip to the chip that say most to each other."""
    imbalance: float | None
    """Time of the busiest core in a step over the mean, modelled with the target's nominal figures; None without them."""
