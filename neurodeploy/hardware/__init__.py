"""Targets: capacity, arithmetic and costs of a chip, as data with sources. Independent of networks."""

from neurodeploy.hardware.dialect import Dialect
from neurodeploy.hardware.feasibility_target import FeasibilityTarget
from neurodeploy.hardware.files import (
    cite,
    dialect_names,
    load_dialect,
    load_feasibility_target,
    load_target,
    on_board,
    on_dialect,
    read_target,
    target_names,
    with_rules,
)
from neurodeploy.hardware.target import Board, EnergyProfile, RuleSet, Target

__all__ = [
    "Board",
    "Dialect",
    "EnergyProfile",
    "FeasibilityTarget",
    "RuleSet",
    "Target",
    "cite",
    "dialect_names",
    "load_dialect",
    "load_feasibility_target",
    "load_target",
    "on_board",
    "on_dialect",
    "read_target",
    "target_names",
    "with_rules",
]
