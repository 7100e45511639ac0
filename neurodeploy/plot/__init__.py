"""Pictures of programs and recordings with matplotlib: a function takes Axes, or makes a figure, and returns the Axes."""

from __future__ import annotations

from neurodeploy.plot.chip import chip
from neurodeploy.plot.energy import energy
from neurodeploy.plot.faults import criticality, fault_rate
from neurodeploy.plot.floors import floors
from neurodeploy.plot.frame import style
from neurodeploy.plot.learning import receptive_fields, traces, weights
from neurodeploy.plot.pareto import pareto
from neurodeploy.plot.quantization import quantization
from neurodeploy.plot.raster import raster, rates
from neurodeploy.plot.trace import trace
from neurodeploy.plot.trade import trade
from neurodeploy.plot.tuning import tuning

__all__ = [
    "chip",
    "criticality",
    "energy",
    "fault_rate",
    "floors",
    "pareto",
    "quantization",
    "raster",
    "rates",
    "receptive_fields",
    "style",
    "trace",
    "traces",
    "trade",
    "tuning",
    "weights",
]
