"""Backend: nengo-loihi's emulator at block level, in an interpreter of its own; and its board."""

from neurodeploy_backends.nengo_loihi.backend import NengoLoihiBackend, NengoLoihiBoardBackend

__all__ = ["NengoLoihiBackend", "NengoLoihiBoardBackend"]
