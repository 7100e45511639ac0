"""The layer that is being read, with all that its reader needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from neurodeploy.importers.keras.spec import Call, LayerSpec
from neurodeploy.importers.keras.tensors import Builder
from neurodeploy.importers.keras.weights import Wanted, Weights

__all__ = ["Place"]


class Place(NamedTuple):
    """One call of a layer."""

    builder: Builder
    """Where nodes are added."""
    path: tuple[LayerSpec, ...]
    """The layer after the models that it lies in, the outermost first."""
    call: Call
    """The call, with its numbers."""
    stored: Weights
    """All weights of the file."""
    major: int
    """Version of Keras, 2 or 3, where their layers differ."""

    @property
    def spec(self) -> LayerSpec:
        """The layer."""
        return self.path[-1]

    @property
    def config(self) -> Mapping[str, Any]:
        """Settings of the layer."""
        return self.spec.config

    @property
    def name(self) -> str:
        """Name of the layer, after those of the models that it lies in."""
        return "/".join(item.name for item in self.path)

    def weights(self, wanted: Sequence[Wanted]) -> list[NDArray[Any]]:
        """Return the variables of the layer. Raises LayerError: ND802, ND803, ND806."""
        return self.stored.of(self.path, wanted)
