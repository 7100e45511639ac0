"""The compiled program that every backend runs, its file format and its checks."""

from neurodeploy.program.activity import Activity, SpikeCounts
from neurodeploy.program.archive import load_program, save_program
from neurodeploy.program.fault import Fault
from neurodeploy.program.golden import Golden
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.program.tables import InputRoutes, SynapseFormat, Tables

__all__ = [
    "Activity",
    "Fault",
    "Golden",
    "InputRoutes",
    "PlacedPopulation",
    "Program",
    "SpikeCounts",
    "SynapseFormat",
    "Tables",
    "load_program",
    "save_program",
]
