"""The compiled engine: kernels, jobs over threads, and the recording of what they computed."""

from neurodeploy.base.numba_cache import ensure_cache

ensure_cache(__file__)
