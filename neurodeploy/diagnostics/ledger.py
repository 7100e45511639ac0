"""Noun: one line of a ledger, the record of everything that is not exactly what was asked for.

Importers and `quantize` write ledgers; nothing decides on them here.
"""

from __future__ import annotations

from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics.subject import Subject

__all__ = ["LedgerLine", "Level"]

Level = Literal["exact", "rounded", "approximate", "assumed", "dropped", "extension"]
"""exact: the same value. rounded: the nearest the target can hold. approximate: another mechanism stands in.
assumed: the file did not say, the user did. dropped: left out. extension: beyond what the chip is documented to do."""


class LedgerLine(Noun):
    """One thing asked for and what became of it."""

    subject: Subject
    """The user's name of the object, e.g. "population 'hidden'"."""
    quantity: str
    """What was asked for, e.g. "tau_m_s"."""
    asked: str
    """The value that the network or the file has."""
    got: str
    """The value that is used."""
    level: Level
    """How far the two are apart."""
    relative_error: float | None = None
    """|got - asked| / |asked|; None where it has no meaning."""
    option: str = ""
    """The compile option that asked for the change, e.g. "share_parameters"; empty where none did."""
    note: str = ""
    """Why, and by whom."""
