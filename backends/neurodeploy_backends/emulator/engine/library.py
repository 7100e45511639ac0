"""The compiled library of the engine: the C files of this folder."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.native.library import Kernels, kernels, missing_because

__all__ = ["engine", "engine_missing"]

FOLDER = Path(__file__).parent


def engine() -> Kernels:
    """The library. Raises RuntimeError where `engine_missing` gives a reason: `backend.engine_of` has looked before."""
    found = kernels(FOLDER)
    if found is None:
        raise RuntimeError(f"internal: {engine_missing()}")
    return found


def engine_missing() -> str:
    """Why there is no library; empty if there is one."""
    return missing_because(FOLDER)
