"""The emulator: the executable definition of what a Program means, in integers, on a CPU."""

from neurodeploy._compiled import ensure_cache
from neurodeploy_backends.emulator.backend import EmulatorBackend

__all__ = ["EmulatorBackend"]

ensure_cache(__file__)
