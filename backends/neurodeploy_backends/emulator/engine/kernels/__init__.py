"""The compiled kernels. numba caches `steps.run` with everything it calls, stamped with every module of this folder."""

from neurodeploy.base.numba_cache import ensure_cache

ensure_cache(__file__)
