"""The compiled library of the engine: the C files of this folder."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.native.library import Kernels, Missing, missing, required_kernels
from neurodeploy_backends.emulator.lowering.library import walks_missing

__all__ = ["engine", "engine_missing"]

FOLDER = Path(__file__).parent


def engine() -> Kernels:
    """The library; `backend.engine_of` has looked before whether it is missing."""
    return required_kernels(FOLDER)


def engine_missing() -> Missing:
    """Why there is no library, or none that lays out programs for it, and what to do."""
    own = missing(FOLDER)
    return own if own.reason else walks_missing()
