"""Backend: lava-nc's fixed-point simulation, in an interpreter of its own; and its boards."""

from neurodeploy_backends.lava.backend import LavaBackend, LavaLoihi1Backend, LavaLoihi2Backend

__all__ = ["LavaBackend", "LavaLoihi1Backend", "LavaLoihi2Backend"]
