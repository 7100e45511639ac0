"""Nouns: what an import must be told, and what it gives."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy._noun import Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.ledger import LedgerLine
from neurodeploy.network import Network

__all__ = ["ImportOptions", "Imported"]


class ImportOptions(Noun):
    """Answers to what a file leaves open. None: not answered; the import then asks if it needs to know."""

    dt_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    reset: Literal["zero", "value", "subtract", "none"] | None = None
    discretization: Literal["euler", "exact"] | None = None
    time_unit: Literal["s", "ms", "step"] | None = None
    strict: bool = False
    """Assumptions are errors."""


class Imported(Noun):
    """A network, and every assumption that was made."""

    network: Network
    ledger: tuple[LedgerLine, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
