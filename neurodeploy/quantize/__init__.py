"""Quantize: floats to a target's integers, nothing rounded in silence."""

from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantize import quantize
from neurodeploy.quantize.quantized import (
    Quantized,
    QuantizedPopulation,
    QuantizeOptions,
)

__all__ = ["QuantizeOptions", "Quantized", "QuantizedPopulation", "QuantizedProjection", "quantize"]
