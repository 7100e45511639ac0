"""Pictures of programs and recordings with matplotlib: a function takes Axes, or makes a figure, and returns the Axes."""

from __future__ import annotations

from neurodeploy.plot.chip import chip
from neurodeploy.plot.energy import energy
from neurodeploy.plot.floors import floors
from neurodeploy.plot.frame import style
from neurodeploy.plot.quantization import quantization
from neurodeploy.plot.raster import raster, rates
from neurodeploy.plot.trace import trace
from neurodeploy.plot.tuning import tuning

__all__ = ["chip", "energy", "floors", "quantization", "raster", "rates", "style", "trace", "tuning"]
