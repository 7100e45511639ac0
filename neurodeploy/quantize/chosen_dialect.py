"""The ledger line and findings of a dialect chosen instead of the target's own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.dialect import CHOSEN
from neurodeploy.hardware.target import Target
from neurodeploy.quantize.quantized import QuantizedPopulation

__all__ = ["dialect_findings", "dialect_line"]


def dialect_line(target: Target) -> Iterator[LedgerLine]:
    """Yield the ledger line of the chosen dialect, if one was chosen."""
    dialect = target.dialect
    if CHOSEN in dialect.sources:
        where, name = about("target", target.name), dialect.name
        note = dialect.sources[CHOSEN]
        yield LedgerLine(subject=where, quantity="dialect", asked=name, got=name, level="exact", note=note)


def dialect_findings(registers: QuantizedPopulation, target: Target) -> Iterator[Diagnostic]:
    """Yield ND549 for a bias where the dialect has none."""
    dialect, biased = target.dialect, np.flatnonzero(registers.bias_mant)
    if biased.size and dialect.bias == "none":
        count = f"{biased.size} of {registers.size} neurons have a bias, first neuron {biased[0]}"
        source = f"dialect {dialect.name} bias: {dialect.sources.get('bias', '')}"
        fixes = ["leave --dialect out"] if CHOSEN in dialect.sources else []
        message = f"{count}; dialect '{dialect.name}' has none"
        yield finding("ND549", about("population", registers.name), message, limit_source=source, fixes=fixes)
