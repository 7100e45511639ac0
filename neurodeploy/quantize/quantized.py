"""A network in the integers of a target, with the ledger of every change."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Network
from neurodeploy.quantize.projection import QuantizedProjection

__all__ = ["QuantizeOptions", "Quantized", "QuantizedPopulation", "SoftReset"]

SoftReset = Literal["autapse", "two_compartments"]
"""How a spike subtracts the threshold. autapse: a synapse from each neuron to itself. two_compartments: an extension of some
chips without public arithmetic."""


class QuantizeOptions(Noun):
    """Options of the conversion to integers."""

    later: ClassVar[tuple[str, ...]] = ("doublings",)

    weight_bits: dict[str, int] = Field(default_factory=dict)
    """Projection name -> stored bits of its weights; "*" -> all others. Default: the most bits that the target stores."""
    doublings: dict[str, int] = Field(default_factory=dict)
    """Population name -> doublings of its scale, into headroom that real input does not need; "*" -> all others."""


class QuantizedPopulation(Noun):
    """The registers of one population; every array has shape (size,)."""

    name: Name
    """Name of the population."""
    size: int
    """Number of neurons."""
    kind: str
    """Kind of the neurons."""
    du: IntArray
    """Current decay register."""
    dv: IntArray
    """Voltage decay register."""
    vth_mant: IntArray
    """Threshold mantissa."""
    bias_mant: IntArray
    """Bias mantissa."""
    bias_exp: IntArray
    """Bias exponent."""
    refract_delay: IntArray
    """Refractory steps + 1."""
    vmin_exp: IntArray
    """Exponent of the lower bound of v."""
    vmax_exp: IntArray
    """Exponent of the upper bound of v."""
    reset: Literal["zero", "subtract", "none"]
    """Effect of a spike on v."""
    spiking: bool
    """Whether the neurons have a threshold."""
    compartments_per_neuron: int
    """Compartments that one neuron takes."""
    scale: float | None
    """Integer units of v per unit of the network's v; None: the network already consisted of integers."""
    v_frame: FloatArray
    """The network's v is integer v / scale + v_frame."""
    parameters: dict[str, FloatArray] = Field(default_factory=dict)
    """Parameters that only this kind of neuron has, (size,) each, with the values of the network."""

    @cached_property
    def parameter_sets(self) -> tuple[list[tuple[int, ...]], NDArray[np.int64]]:
        """(distinct sets of registers, (size,) set of each neuron); a core stores a set once for all neurons that have it."""
        registers = (self.du, self.dv, self.refract_delay, self.vmin_exp, self.vmax_exp)
        if self.size and all(bool((values == values[0]).all()) for values in registers):
            return [tuple(int(values[0]) for values in registers)], np.zeros(self.size, dtype=np.int64)
        rows, of = np.unique(np.stack(registers, axis=1), axis=0, return_inverse=True)
        return [tuple(int(value) for value in row) for row in rows], of.ravel()


class Quantized(Noun):
    """A network in the integers of one target family; it depends on neither board nor rule set."""

    network: Network
    """The network that was converted."""
    target_name: Name
    """Name of the target."""
    dialect_name: Name
    """Name of the dialect whose arithmetic the integers are meant for."""
    options: QuantizeOptions
    """Options of the conversion."""
    populations: tuple[QuantizedPopulation, ...]
    """Registers of each population, in the order of the network."""
    projections: tuple[QuantizedProjection, ...]
    """Integer synapses of each projection, in the order of the network."""
    ledger: tuple[LedgerLine, ...]
    """Every quantity that was converted, and its error."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes of the conversion; errors are raised."""
