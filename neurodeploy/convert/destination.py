"""The target that a network was converted for, which its metadata names: commands use it unless another one is given."""

from __future__ import annotations

from neurodeploy.network import Network

__all__ = ["target_of", "with_target"]

KEY = "converted_for"
"""Key of the target's name in the metadata of a network."""


def with_target(network: Network, target: str) -> Network:
    """Return the network with the name of the target in its metadata."""
    return network.model_copy(update={"metadata": {**network.metadata, KEY: target}})


def target_of(network: Network) -> str | None:
    """Return the name of the target that a network was converted for; None if it was not converted."""
    name = network.metadata.get(KEY)
    return name if isinstance(name, str) else None
