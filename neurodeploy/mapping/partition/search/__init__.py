"""Search for fewer cores than first fit: a hypergraph of neurons, starting orders, and moves between cores."""

from neurodeploy.base.numba_cache import ensure_cache

ensure_cache(__file__)
