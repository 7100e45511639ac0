"""The emulator: runs a program on this CPU in exact integers. `spec` defines what a program means; `engine` is compiled."""

from neurodeploy_backends.emulator.backend import EmulatorBackend

__all__ = ["EmulatorBackend"]
