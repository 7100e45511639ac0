"""Brian2Loihi in a separate interpreter."""

from neurodeploy_backends.brian2_loihi.backend import Brian2LoihiBackend

__all__ = ["Brian2LoihiBackend"]
