"""Noun: a Cut, which neurons share a core. Says nothing of where that core is."""

from __future__ import annotations

from neurodeploy._noun import IntArray, Noun
from neurodeploy.quantize.quantized import Quantized

__all__ = ["Cut"]


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
    zone: IntArray | None = None
    """(n_cores,) the set of pinned populations that a core belongs to, an index into `mapping.slots.zones`; None: no pins."""
