"""Nouns: Quantized, a network in a target's integers, with the ledger of every change. Integers only."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Network
from neurodeploy.quantize.projection import QuantizedProjection

__all__ = ["QuantizeOptions", "Quantized", "QuantizedPopulation"]


class QuantizeOptions(Noun):
    """What the user may choose of the conversion to integers."""

    weight_bits: dict[str, int] = Field(default_factory=dict)
    """Projection name -> stored bits; "*" -> all others. Default: the widest the target stores."""


class QuantizedPopulation(Noun):
    """The registers of one population; every array has shape (size,)."""

    name: Name
    size: int
    kind: str
    du: IntArray
    dv: IntArray
    vth_mant: IntArray
    bias_mant: IntArray
    bias_exp: IntArray
    refract_delay: IntArray
    """Dead steps + 1."""
    vmin_exp: IntArray
    vmax_exp: IntArray
    reset: Literal["zero", "subtract", "none"]
    spiking: bool
    compartments_per_neuron: int
    scale: float | None
    """Integer units of v per unit of the network's v; None: the network was integers already."""
    v_frame: FloatArray
    """(size,): the network's v is integer v / scale + v_frame."""
    parameters: dict[str, FloatArray] = Field(default_factory=dict)
    """(size,) each: what only this kind has, as the network gives it."""

    @cached_property
    def parameter_sets(self) -> tuple[list[tuple[int, ...]], NDArray[np.int64]]:
        """(distinct sets of the registers that cores hold once for all neurons with the same, (size,) which each has)."""
        registers = (self.du, self.dv, self.refract_delay, self.vmin_exp, self.vmax_exp)
        rows, of = np.unique(np.stack(registers, axis=1), axis=0, return_inverse=True)
        return [tuple(int(value) for value in row) for row in rows], of.ravel()


class Quantized(Noun):
    """A network in the integers of one target family; board and rule set do not matter to it."""

    network: Network
    target_name: Name
    options: QuantizeOptions
    populations: tuple[QuantizedPopulation, ...]
    projections: tuple[QuantizedProjection, ...]
    ledger: tuple[LedgerLine, ...]
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes of the conversion; errors are raised instead."""
