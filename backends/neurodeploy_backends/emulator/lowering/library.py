"""The compiled library of the lowering: the C files of this folder."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.native.library import Kernels, Missing, kernels, missing

__all__ = ["walks", "walks_missing"]

FOLDER = Path(__file__).parent


def walks() -> Kernels:
    """The library. Raises RuntimeError where `walks_missing` gives a reason: `backend.engine_of` has looked before."""
    found = kernels(FOLDER)
    if found is None:
        raise RuntimeError(f"internal: {walks_missing().reason}")
    return found


def walks_missing() -> Missing:
    """Why there is no library, and what to do."""
    return missing(FOLDER)
