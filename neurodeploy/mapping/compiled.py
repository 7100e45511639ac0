"""The compiled kernels as the rest of the mapper calls them. What numba compiles has no types that a checker could read."""

from __future__ import annotations

from typing import Any

from neurodeploy.base.numba_cache import tidy_cache
from neurodeploy.mapping.partition.search import clusters as _clusters
from neurodeploy.mapping.partition.search import embedding as _axes
from neurodeploy.mapping.partition.search import kernels as _kernels
from neurodeploy.mapping.place import anneal as _anneal

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
