"""Mapping: partition (which neurons share a core) and place (which core that is)."""

from neurodeploy.mapping.bounds import lower_bounds
from neurodeploy.mapping.cut import Cut
from neurodeploy.mapping.figures import MappingAccount
from neurodeploy.mapping.layered import LayersVerdict, fit_layers
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition import partition
from neurodeploy.mapping.place import place

__all__ = [
    "Cut",
    "LayersVerdict",
    "MappingAccount",
    "MappingOptions",
    "fit_layers",
    "lower_bounds",
    "partition",
    "place",
]
