"""Program: the sealed artefact that every backend runs."""

from neurodeploy.program.archive import load_program, save_program
from neurodeploy.program.golden import Golden
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.program.tables import InputRoutes, SynapseFormat, Tables

__all__ = [
    "Golden",
    "InputRoutes",
    "PlacedPopulation",
    "Program",
    "SynapseFormat",
    "Tables",
    "load_program",
    "save_program",
]
