"""Nouns: what an import must be told, and what it gives."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Network

__all__ = ["PRODUCERS", "ImportOptions", "Imported", "ProducerName"]

ProducerName = Literal["norse", "rockpool", "sinabs", "snntorch", "spyx", "nir"]
"""Frameworks that write NIR files; "nir": none of them, the file is taken as NIR defines it."""
PRODUCERS: tuple[ProducerName, ...] = ("norse", "rockpool", "sinabs", "snntorch", "spyx")


class ImportOptions(Noun):
    """Answers to what a file leaves open. None: not answered; the import then asks if it needs to know.

    An answer that a file contradicts is applied, and the ledger says so; one for a kind of file that leaves nothing open is
    refused (ND054).
    """

    dt_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds of a step."""
    reset: Literal["zero", "value", "subtract", "none"] | None = None
    """What a spike does to the voltage; "value" takes the file's v_reset."""
    discretization: Literal["euler", "exact"] | None = None
    """How continuous time becomes steps."""
    time_unit: Literal["s", "ms", "step"] | None = None
    """Unit of every time in the file: time constants and delays."""
    producer: ProducerName | None = None
    """The framework that wrote the file: sets what that framework does and NIR cannot say."""
    memory_limit_bytes: int | None = Field(default=None, gt=0, le=2**62)
    """What the values of an HDF5 file (.nir, .net) may hold together, with 8 bytes for each number; None: what one file may ask
    for, 4 GiB or NEURODEPLOY_MEMORY_LIMIT."""
    strict: bool = False
    """Assumptions are errors."""


class Imported(Noun):
    """A network, and every assumption that was made."""

    network: Network
    """As the file and the options say."""
    ledger: tuple[LedgerLine, ...] = ()
    """Every assumption, and every value that was changed."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes of the import; errors are raised instead."""
