"""The compiled kernels as the rest of the mapper calls them. What numba compiles has no types that a checker could read."""

from __future__ import annotations

from typing import Any

from neurodeploy._compiled import tidy_cache
from neurodeploy.mapping import anneal as _anneal
from neurodeploy.mapping import axes as _axes
from neurodeploy.mapping import clusters as _clusters
from neurodeploy.mapping import kernels as _kernels

__all__ = ["grouping", "moving", "summing", "swapping"]

grouping: Any = _clusters
"""Neurons into groups."""
moving: Any = _kernels
"""Neurons between cores."""
summing: Any = _axes
"""Sums over synapses."""
swapping: Any = _anneal
"""Cores between slots."""

tidy_cache(_kernels)
