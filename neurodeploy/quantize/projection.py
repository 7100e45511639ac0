"""A projection in integers: its synapses with mantissas as weights, and the format in which these are stored."""

from __future__ import annotations

from neurodeploy.base.noun import Name, Noun
from neurodeploy.network import WeightFormat
from neurodeploy.network.connectivity import SynapseList, WindowConnectivity

__all__ = ["QuantizedProjection"]


class QuantizedProjection(Noun):
    """A projection whose weights are mantissas; weight = mantissa * 2**exponent, in units of 2**6."""

    name: Name
    """Name of the projection."""
    source: Name
    """Input or population that its spikes come from."""
    target: Name
    """Population that it reaches."""
    weight_format: WeightFormat
    """Stored bits, exponent and sign mode; every mantissa is exactly representable in it."""
    connectivity: SynapseList | WindowConnectivity
    """Synapses with int16 mantissas and uint8 delays. A mantissa of 0 is a synapse too: pruning is the user's choice."""
