"""Targets: what a chip holds, computes and costs, as data with sources. Knows no network."""

from neurodeploy.target.dialect import Dialect
from neurodeploy.target.files import (
    cite,
    dialect_names,
    load_dialect,
    load_other,
    load_target,
    on_board,
    on_dialect,
    read_target,
    target_names,
    with_rules,
)
from neurodeploy.target.other import OtherTarget
from neurodeploy.target.target import Board, EnergyProfile, RuleSet, Target

__all__ = [
    "Board",
    "Dialect",
    "EnergyProfile",
    "OtherTarget",
    "RuleSet",
    "Target",
    "cite",
    "dialect_names",
    "load_dialect",
    "load_other",
    "load_target",
    "on_board",
    "on_dialect",
    "read_target",
    "target_names",
    "with_rules",
]
