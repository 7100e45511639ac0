"""Conversion of a network to the integers of a target, with a ledger of every change."""

from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantize import quantize
from neurodeploy.quantize.quantized import (
    Quantized,
    QuantizedPopulation,
    QuantizeOptions,
    SoftReset,
)

__all__ = ["QuantizeOptions", "Quantized", "QuantizedPopulation", "QuantizedProjection", "SoftReset", "quantize"]
