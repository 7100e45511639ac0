"""The compiled library of the lowering: the C files of this folder."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.native.library import Kernels, Missing, missing, required_kernels

__all__ = ["walks", "walks_missing"]

FOLDER = Path(__file__).parent


def walks() -> Kernels:
    """The library; `backend.engine_of` has looked before whether it is missing."""
    return required_kernels(FOLDER)


def walks_missing() -> Missing:
    """Why there is no library, and what to do."""
    return missing(FOLDER)
