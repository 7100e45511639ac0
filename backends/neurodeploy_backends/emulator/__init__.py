"""The emulator: what a Program means, in integers, on a CPU."""

from neurodeploy_backends.emulator.backend import EmulatorBackend

__all__ = ["EmulatorBackend"]
