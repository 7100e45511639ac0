"""What an export may lose, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine

__all__ = ["LOSSES", "MEANINGS", "Exported", "LossName"]

LossName = Literal[
    "reset",
    "comparison",
    "refractory",
    "floor",
    "state_reset",
    "discretization",
    "loops",
    "ports",
    "noise",
    "plasticity",
    "rounding",
    "kinds",
]
"""Something that a file format cannot express and that other tools would therefore run differently."""
LOSSES: tuple[LossName, ...] = get_args(LossName)
MEANINGS: Mapping[str, str] = {
    "reset": "a reset other than to a value",
    "comparison": "a spike at v = v_threshold",
    "refractory": "refractory steps",
    "floor": "a lower limit of v",
    "state_reset": "periodic resets of the state",
    "discretization": "factors per step that no time constant gives",
    "loops": "steps that a loop of several populations takes",
    "ports": "a second input of a neuron",
    "noise": "noise of a neuron",
    "plasticity": "learning rules: weights stay as they are",
    "rounding": "integer rounding of decays",
    "kinds": "neuron kinds without a counterpart, for which an IF stands in",
}
"""What each loss is."""


class Exported(Noun):
    """The result of an export: the content of the file, and what changed on the way."""

    content: bytes
    """Content of the file."""
    ledger: tuple[LedgerLine, ...] = ()
    """Everything that the file's own terms change or leave out."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes. Errors are raised instead."""
