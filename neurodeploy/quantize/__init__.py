"""Quantize: floats to a target's integers, nothing rounded in silence."""

from neurodeploy.quantize.quantize import quantize
from neurodeploy.quantize.quantized import (
    Quantized,
    QuantizedPopulation,
    QuantizeOptions,
)
from neurodeploy.quantize.wiring import QuantizedProjection, WindowProjection

__all__ = ["QuantizeOptions", "Quantized", "QuantizedPopulation", "QuantizedProjection", "WindowProjection", "quantize"]
