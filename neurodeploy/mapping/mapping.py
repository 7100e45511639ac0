"""The mapping of a network onto a target: the core of each neuron, the encodings of its synapses, the physical cores.

`partition` assigns neurons to logical cores and chooses encodings, `place` the physical cores, and `emit_program` writes
the result as the core tables of a program.
"""

from __future__ import annotations

from neurodeploy.base.noun import Int32Column, Int64Column, IntArray, Noun
from neurodeploy.hardware.target import Target
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.axons import with_discrete_axons
from neurodeploy.resources.encoding import EncodedSegment

__all__ = ["CorePairs", "Mapping", "planned_target"]


class CorePairs(Noun):
    """The sources of every core; core k has sources [ptr[k], ptr[k + 1]), each with an input axon of its own."""

    ptr: Int64Column
    """(n_cores + 1,)."""
    source: Int32Column
    """(pairs,) sources: all neurons in the order of the network, then all lines of its inputs."""


class Mapping(Noun):
    """Neurons assigned to logical cores 0 .. n_cores - 1 of a target.

    Within a core, rows are ordered by (position of the population in the network, neuron); a neuron of several
    compartments takes consecutive ones.
    """

    quantized: Quantized
    """The network in the integers of the target."""
    target: Target
    """The target that core usage was counted for."""
    n_cores: int
    """Number of logical cores."""
    core_of: dict[str, IntArray]
    """Population -> (size,) int32, the logical core of each neuron."""
    core_ids: IntArray | None = None
    """(n_cores,) physical core of each logical core. Before placement it fixes the chip of each core, because output axons
    to another chip cost more. None: core k is physical core k."""
    shared_axons: bool = True
    """Whether sources may share input axons (population axons); False: every source has a discrete axon."""
    pin_group: IntArray | None = None
    """(n_cores,) pin group of each core, as numbered by `mapping.place.pins.PinGroups`. None: no pins."""
    segments: tuple[EncodedSegment, ...] | None = None
    """The synapses of every core as they are stored, by core. None: the encodings are not chosen yet."""
    pairs: CorePairs | None = None
    """The sources of every core, of a network whose synapses are generated: enough to place its cores before they are
    encoded. None: they follow from `segments`."""
    placement_seed: int = 0
    """Seed of the placement."""


def planned_target(mapping: Mapping) -> Target:
    """Return the target with the kinds of axon that the mapping uses."""
    return mapping.target if mapping.shared_axons else with_discrete_axons(mapping.target)
