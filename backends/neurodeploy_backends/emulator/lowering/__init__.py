"""Lowering of a program's core tables to the layout that the kernels read. Runs nothing."""

from neurodeploy.base.numba_cache import ensure_cache

ensure_cache(__file__)
