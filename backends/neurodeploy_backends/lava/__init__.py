"""lava-nc's fixed-point simulation in a separate interpreter, and boards through lava."""

from neurodeploy_backends.lava.backend import LavaBackend, LavaLoihi1Backend, LavaLoihi2Backend

__all__ = ["LavaBackend", "LavaLoihi1Backend", "LavaLoihi2Backend"]
