"""Mapping: partition (which neurons share a core) and placement (which physical core that is)."""

from neurodeploy.mapping.emit import emit_program
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.strategy import assign, partition
from neurodeploy.mapping.partition.tiles.from_shapes import LayersVerdict, fit_layers
from neurodeploy.mapping.place.place import place
from neurodeploy.mapping.quality import MappingQuality
from neurodeploy.mapping.refusals import cannot_fit, proof_of_cores
from neurodeploy.mapping.time_limit import OutOfTimeError, Progress, TimeLimit

__all__ = [
    "LayersVerdict",
    "Mapping",
    "MappingOptions",
    "MappingQuality",
    "OutOfTimeError",
    "Progress",
    "TimeLimit",
    "assign",
    "cannot_fit",
    "emit_program",
    "fit_layers",
    "partition",
    "place",
    "proof_of_cores",
]
