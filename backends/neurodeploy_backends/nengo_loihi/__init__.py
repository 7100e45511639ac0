"""nengo-loihi's emulator at block level in a separate interpreter, and a board through nengo-loihi."""

from neurodeploy_backends.nengo_loihi.backend import NengoLoihiBackend, NengoLoihiBoardBackend

__all__ = ["NengoLoihiBackend", "NengoLoihiBoardBackend"]
