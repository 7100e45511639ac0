"""A dialect that was chosen in the place of the target's own: its line in the ledger, and what it lacks."""

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
    """Yield the line that says which dialect was chosen, if one was."""
    dialect = target.dialect
    if CHOSEN in dialect.sources:
        where, name = about("target", target.name), dialect.name
        told = dialect.sources[CHOSEN]
        yield LedgerLine(subject=where, quantity="dialect", asked=name, got=name, level="exact", note=told)


def dialect_findings(registers: QuantizedPopulation, target: Target) -> Iterator[Diagnostic]:
    """Yield ND549 for a bias in a dialect that has none."""
    dialect, biased = target.dialect, np.flatnonzero(registers.bias_mant)
    if biased.size and dialect.bias == "none":
        told = f"{biased.size} of {registers.size} neurons have a bias, first neuron {biased[0]}"
        source = f"dialect {dialect.name} bias: {dialect.sources.get('bias', '')}"
        fixes = ["leave --dialect out"] if CHOSEN in dialect.sources else []
        message = f"{told}; dialect '{dialect.name}' has none"
        yield finding("ND549", about("population", registers.name), message, limit_source=source, fixes=fixes)
