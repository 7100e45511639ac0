"""Samples of a model: the file next to it, and the first of many."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.importers.load import readable
from neurodeploy.network import Network
from neurodeploy.signals import SampleValues
from neurodeploy.simulate.events import is_events, samples_in, with_encoders

__all__ = ["first_samples", "stimulus_beside"]


def stimulus_beside(model: Path) -> Path:
    """Return the path of the samples next to a model, NAME.stimulus.npz."""
    stem = model.name
    own = stem.endswith((".nd.json", ".ndp"))  # importers of other packages take time to load
    for suffix in (".json", ".nd", ".ndp", *(() if own else readable())):
        stem = stem.removesuffix(suffix)
    return model.with_name(f"{stem}.stimulus.npz")


def first_samples(network: Network, values: SampleValues, samples: int | None) -> SampleValues:
    """Return the first samples of the values of a network's inputs, and their rows of events.

    `samples`: their number; None: all.
    """
    if samples is None:
        return values
    network = with_encoders(network, values)
    kept, counts = dict(values.values), [values.n_samples] if values.n_samples else []
    for name, array in values.values.items():
        item = network.input_by_name[name]
        rows = is_events(item, array) and array.ndim == 2 and array.shape[1] > 0
        kept[name] = array[array[:, 0] < samples] if rows else array[:samples]
        counts += [samples_in(values, array)] if rows and array.dtype.kind in "iu" else []
    labels = None if values.labels is None else values.labels[:samples]
    fields = {"values": kept, "labels": labels, "n_samples": min(samples, *counts) if counts else None}
    return SampleValues.model_validate({**fields, "encoders": values.encoders, "findings": values.findings})
