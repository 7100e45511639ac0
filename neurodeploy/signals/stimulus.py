"""Input of a network: samples before encoding, and the stimulus that encoding produces."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from os import PathLike
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BeforeValidator, Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun, NumberArray
from neurodeploy.base.plain import as_array
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.signals.events import SensorEvents

__all__ = ["LABELS", "ONLY_INPUT", "SampleValues", "Samples", "Stimulus", "without_labels"]

LABELS = ("labels", "y")
"""Accepted names of the array of labels; the second only in a mapping for one input."""
ONLY_INPUT = ("inputs", "x")
"""Accepted names of the array of the only input."""


def _as_column(labels: Any) -> Any:
    """Labels of shape (samples, 1), as data sets have them, without that axis."""
    array = as_array(labels)
    return labels if array is None or array.ndim != 2 or array.shape[1] != 1 else array[:, 0]


def without_labels(
    arrays: Mapping[str, Any], inputs: Collection[str], *, short: bool = True
) -> tuple[dict[str, Any], Any]:
    """Return arrays without the labels among them, and the labels; None without any.

    `inputs`: names of the inputs of the network. `short`: whether "y" may name labels, which it does only for one input.
    """
    left = dict(arrays)
    known = LABELS if short and len(inputs) == 1 else LABELS[:1]
    named = next((name for name in known if name in left and name not in inputs), None)
    return left, None if named is None else left.pop(named)


class SampleValues(Noun):
    """Samples before encoding, as a stimulus file holds them."""

    values: dict[Name, NumberArray]
    """Input -> (samples, *shape) values for its encoder; (samples, steps, *shape) spikes or currents over time; or rows
    of events: (sample, step, line) for the encoder "spikes", (sample, *columns of the encoder) for "events"."""
    labels: Annotated[IntArray | None, BeforeValidator(_as_column)] = None
    """(samples,) class labels."""
    n_samples: int | None = Field(default=None, gt=0)
    """Number of samples. Needed if all inputs are event rows, which do not reveal empty samples at the end."""
    encoders: dict[Name, SensorEvents] = Field(default_factory=dict)
    """Input -> encoder of a recording, used instead of the input's own."""
    findings: tuple[Diagnostic, ...] = ()
    """What reading the samples assumed, merged or left out."""


class Stimulus(Noun):
    """Encoded samples: the exact input of every backend. Each sample starts from the cleared state."""

    n_samples: int = Field(gt=0)
    """Number of samples."""
    n_steps: int = Field(gt=0)
    """Steps of input per sample."""
    spikes: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n, 3) int32 rows (sample, step, line), sorted. Steps count from 1. A spike of step t arrives in step
    t + 1 plus the delay of the projection."""
    rasters: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n_samples, n_steps, lines) uint8, 1 where the line spikes: the dense alternative to `spikes`."""
    currents: dict[Name, FloatArray] = Field(default_factory=dict)
    """Input with a current encoder -> (n_samples, n_steps, lines). Delayed like spikes."""
    labels: IntArray | None = None
    """(n_samples,) class labels; None if unknown."""
    seed: int = 0
    """Seed of the random encoders."""
    first_sample: int = Field(default=0, ge=0)
    """Number of the first sample in the whole run, where samples run in batches. Random draws depend on it."""
    findings: tuple[Diagnostic, ...] = ()
    """Parts of the samples that the encoding changed: cut off, merged, or too small to spike."""

    def rows(self, name: str) -> IntArray:
        """Return the spikes of an input as (n, 3) int32 rows (sample, step, line), from either form."""
        if name not in self.rasters:
            return self.spikes.get(name, np.zeros((0, 3), dtype=np.int32))
        return np.argwhere(self.rasters[name]).astype(np.int32) + np.array([0, 1, 0], dtype=np.int32)

    def part(self, kept: IntArray) -> Stimulus:
        """Return the samples with the numbers `kept`, (n,) ascending, as samples of their own."""
        number = np.full(self.n_samples, -1)
        number[kept] = np.arange(kept.size)
        spikes: dict[str, IntArray] = {}
        for name, rows in self.spikes.items():
            mine = rows[number[rows[:, 0]] >= 0]
            spikes[name] = np.column_stack([number[mine[:, 0]], mine[:, 1:]]).astype(rows.dtype)
        update = {
            "n_samples": int(kept.size),
            "spikes": spikes,
            "rasters": {name: raster[kept] for name, raster in self.rasters.items()},
            "currents": {name: values[kept] for name, values in self.currents.items()},
            "labels": None if self.labels is None else self.labels[kept],
        }
        return self.model_copy(update=update)


Samples = (
    Stimulus
    | SampleValues
    | str
    | PathLike[str]
    | ArrayLike
    | Mapping[str, ArrayLike]
    | Iterable[ArrayLike | Mapping[str, ArrayLike]]
    | None
)
"""All accepted forms of samples: a Stimulus; SampleValues, or the path of a stimulus file; input -> array, (samples, ...)
or rows of events with a sample column; that array alone for a network with one input, or named "inputs" or "x"; an iterable of one such mapping or
array for each sample, without the sample axis or column; None for a network without inputs."""
