"""LedgerLine: the record of a value that an import or a conversion changed, assumed or left out."""

from __future__ import annotations

from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics.subject import Subject

__all__ = ["LedgerLine", "Level"]

Level = Literal["exact", "rounded", "approximate", "assumed", "dropped", "extension"]
"""exact: the same value. rounded: the nearest value of the target. approximate: a different mechanism with a similar
effect. assumed: absent from the file, given by the user or a default. dropped: left out. extension: not documented for
the chip."""


class LedgerLine(Noun):
    """One requested value and the value that is used."""

    subject: Subject
    """The user's name of the object, e.g. "population 'hidden'"."""
    quantity: str
    """Name of the value, e.g. "tau_m_s"."""
    asked: str
    """The value that the network or the file has."""
    got: str
    """The value that is used."""
    level: Level
    """How the two values are related."""
    relative_error: float | None = None
    """|got - asked| / |asked|; None if undefined."""
    option: str = ""
    """The compile option that requested the change, e.g. "share_parameters"; empty if none did."""
    note: str = ""
    """Reason for the change, and who requested it."""
