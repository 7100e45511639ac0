"""Mapping: partition (which neurons share a core) and place (which core that is)."""

from neurodeploy._compiled import ensure_cache
from neurodeploy.mapping.bounds import lower_bounds
from neurodeploy.mapping.cut import Cut
from neurodeploy.mapping.figures import MappingAccount
from neurodeploy.mapping.layered import LayersVerdict, fit_layers
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition import partition
from neurodeploy.mapping.place import place
from neurodeploy.mapping.refusals import cannot_fit, proof_of_cores
from neurodeploy.mapping.watch import OutOfTimeError, Progress, Watch

__all__ = [
    "Cut",
    "LayersVerdict",
    "MappingAccount",
    "MappingOptions",
    "OutOfTimeError",
    "Progress",
    "Watch",
    "cannot_fit",
    "fit_layers",
    "lower_bounds",
    "partition",
    "place",
    "proof_of_cores",
]

ensure_cache(__file__)
