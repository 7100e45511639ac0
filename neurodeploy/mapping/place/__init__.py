"""Place: which physical core each logical core becomes. Moves no neuron between cores."""

from neurodeploy.base.numba_cache import ensure_cache

ensure_cache(__file__)
