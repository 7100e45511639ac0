"""Backend: Brian2Loihi, a third independent opinion, in an interpreter of its own."""

from neurodeploy_backends.brian2_loihi.backend import Brian2LoihiBackend

__all__ = ["Brian2LoihiBackend"]
