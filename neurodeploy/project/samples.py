"""The file of samples next to a model."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.importers.load import readable

__all__ = ["stimulus_beside"]


def stimulus_beside(model: Path) -> Path:
    """Return the path of the samples next to a model, NAME.stimulus.npz."""
    stem = model.name
    own = stem.endswith((".nd.json", ".ndp"))  # importers of other packages take time to load
    for suffix in (".json", ".nd", ".ndp", *(() if own else readable())):
        stem = stem.removesuffix(suffix)
    return model.with_name(f"{stem}.stimulus.npz")
