"""Noun: a Cut, which neurons share a core, and the target as it is planned for. Says nothing of where that core is."""

from __future__ import annotations

from neurodeploy.base.noun import IntArray, Noun
from neurodeploy.hardware.target import Target
from neurodeploy.quantize.quantized import Quantized

__all__ = ["Cut", "discrete", "planned_for"]


class Cut(Noun):
    """Neurons grouped into logical cores 0 .. n_cores-1.

    Within a core, compartments are ordered by (population's place in the network, neuron), and a neuron that takes
    several compartments takes them in a row.
    """

    quantized: Quantized
    n_cores: int
    core_of: dict[str, IntArray]
    """Population -> (size,) int32, the logical core of each neuron."""
    slots: IntArray | None = None
    """(n_cores,) a physical core for each logical one, on the chips that its output axons were counted for. None: the cores
    of the board one after the other."""
    shared_axons: bool = True
    """False: every source has input axons of its own, even where the target's axons could be shared."""
    zone: IntArray | None = None
    """(n_cores,) the set of pinned populations that a core belongs to, an index into `mapping.slots.zones`; None: no pins."""


def discrete(target: Target) -> Target:
    """Return the target without axons that sources share."""
    if target.axons is None:
        return target
    return target.model_copy(update={"axons": target.axons.model_copy(update={"pop16": None, "pop32": None})})


def planned_for(cut: Cut, target: Target) -> Target:
    """Return the target with the axons that a cut makes use of."""
    return target if cut.shared_axons else discrete(target)
