"""A projection in integers: its synapses with mantissas as weights, and the format in which these are stored."""

from __future__ import annotations

from typing import ClassVar

from neurodeploy.base.noun import Name, Noun
from neurodeploy.network import WeightFormat
from neurodeploy.network.connectivity import ProceduralConnectivity, SynapseList, WindowConnectivity
from neurodeploy.network.plasticity import Plasticity

__all__ = ["QuantizedProjection", "is_generated"]


class QuantizedProjection(Noun):
    """A projection whose weights are mantissas; weight = mantissa * 2**exponent, in units of 2**6."""

    later: ClassVar[tuple[str, ...]] = ("plasticity",)
    name: Name
    """Name of the projection."""
    source: Name
    """Input or population that its spikes come from."""
    target: Name
    """Population that it reaches."""
    weight_format: WeightFormat
    """Stored bits, exponent and sign mode; every mantissa is exactly representable in it."""
    connectivity: SynapseList | WindowConnectivity | ProceduralConnectivity
    """Synapses with int16 mantissas and uint8 delays. A mantissa of 0 is a synapse too: pruning is the user's choice."""
    plasticity: Plasticity | None = None
    """Rule by which the mantissas change in a run; None: they are fixed."""


def is_generated(connectivity: object) -> bool:
    """Return whether synapses are generated from a rule whenever they are read, and stored nowhere."""
    return not isinstance(connectivity, (SynapseList, WindowConnectivity))
