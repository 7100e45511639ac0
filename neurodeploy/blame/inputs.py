"""Samples of a converted network: rows in the order of its inputs, the levels that they have, and the spikes that it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.notes import Notes
from neurodeploy.convert.samples import calibration_samples
from neurodeploy.network import Input, Network
from neurodeploy.signals import SampleValues, Stimulus
from neurodeploy.simulate import encode
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Reshape

__all__ = ["Given", "levels", "rasters", "samples_for", "stimulus_of"]

Array = NDArray[Any]


class Given(NamedTuple):
    """Samples with their labels."""

    values: dict[str, Array]
    """Input -> (samples, size) float32, in the order of the axes of the network."""
    labels: Array | None
    """(samples,) classes, or (samples,) or (samples, size) values; None: the trained network's own answers count."""

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(next(iter(self.values.values())))

    def part(self, chosen: slice | NDArray[np.int64]) -> Given:
        """Return some of the samples: a slice or numbers."""
        labels = None if self.labels is None else self.labels[chosen]
        return Given({name: rows[chosen] for name, rows in self.values.items()}, labels)

    def spread(self, most: int) -> Given:
        """Return at most `most` samples, spread evenly over all, as samples are often sorted by class."""
        return self if self.n <= most else self.part(np.linspace(0, self.n - 1, most).round().astype(np.int64))


def samples_for(network: Network, of: Notes | TrainedNetwork, given: object, labels: object = None) -> Given:
    """Return samples in any form that the calibration of a conversion takes.

    `of`: the trained network, or what the converted one says of it. Raises DiagnosticError: ND840, and for files ND001,
    ND003-ND006.
    """
    trained = of if isinstance(of, TrainedNetwork) else _stand_in(network, of)
    found = calibration_samples(trained, given, labels, wanted_values=True)
    return Given(found.values, found.labels)


def _stand_in(network: Network, notes: Notes) -> TrainedNetwork:
    """A trained network with the inputs and classes of a converted one, whose trained form may not be at hand."""
    inputs = tuple(
        TrainedInput(name=item.name, shape=_shape(item), sample_axes=item.sample_axes) for item in network.inputs
    )
    shape = notes.layers[-1].shape
    last = Node(name="_", operation=Reshape(shape=shape), inputs=(inputs[0].name,), shape=shape)
    return TrainedNetwork(
        name=network.name, source="onnx", inputs=inputs, nodes=(last,), classes=notes.classes, task=notes.task
    )


def _shape(item: Input) -> tuple[int, ...]:
    """Shape of a sample, in the order of the axes of the network."""
    return item.shape[1:] if getattr(item.encoder, "signed", False) else item.shape


def levels(network: Network, given: Given) -> dict[str, Array]:
    """Return input -> (samples, lines) rates that its encoder would give with unlimited steps and no limit."""
    found: dict[str, Array] = {}
    for item in network.inputs:
        encoder: Any = item.encoder
        zero, one = (
            _in_own_order(item, getattr(encoder, name, value)) for name, value in (("zero", 0.0), ("one", 1.0))
        )
        level = (given.values[item.name].astype(np.float64) - zero) / (one - zero) * getattr(encoder, "max_rate", 1.0)
        if getattr(encoder, "signed", False):
            level = np.concatenate([np.maximum(level, 0), np.maximum(-level, 0)], axis=1)
        found[item.name] = level.astype(np.float32)
    return found


def _in_own_order(item: Input, values: Any) -> Array:
    """Numbers for the values of a sample, flat and in the order of the axes of the network; one number stays one."""
    array = np.asarray(values, dtype=np.float64)
    return array.transpose(item.sample_axes).ravel() if array.ndim > 1 and item.sample_axes else array.ravel()


def stimulus_of(network: Network, given: Given, steps: int) -> Stimulus:
    """Return the spikes that the encoders of a network give for samples."""
    values: dict[str, Array] = {}
    for item in network.inputs:
        axes = item.sample_axes or tuple(range(len(_shape(item))))
        rows = given.values[item.name].reshape(given.n, *_shape(item))
        values[item.name] = rows.transpose(0, *(1 + int(axis) for axis in np.argsort(axes)))
    return encode(network, SampleValues(values=values), steps=steps)


def rasters(network: Network, stimulus: Stimulus, total: int) -> Mapping[str, Array]:
    """Return input -> (total, samples, lines) float32 spikes."""
    found: dict[str, Array] = {}
    for item in network.inputs:
        raster = np.zeros((total, stimulus.n_samples, item.size), dtype=np.float32)
        if item.name in stimulus.rasters:
            raster[: stimulus.n_steps] = np.moveaxis(np.asarray(stimulus.rasters[item.name]) != 0, 1, 0)
        else:
            sample, step, line = stimulus.rows(item.name).T
            raster[step - 1, sample, line] = 1.0
        found[item.name] = raster
    return found
