"""The compiled library of the engine: the C files of this folder."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.native.library import Kernels, Missing, kernels, missing
from neurodeploy_backends.emulator.lowering.library import walks_missing

__all__ = ["engine", "engine_missing"]

FOLDER = Path(__file__).parent


def engine() -> Kernels:
    """The library. Raises RuntimeError where `engine_missing` gives a reason: `backend.engine_of` has looked before."""
    found = kernels(FOLDER)
    if found is None:
        raise RuntimeError(f"internal: {engine_missing().reason}")
    return found


def engine_missing() -> Missing:
    """Why there is no library, or none that lays out programs for it, and what to do."""
    own = missing(FOLDER)
    return own if own.reason else walks_missing()
