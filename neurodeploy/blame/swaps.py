"""Runs of a converted network in which one layer at a time is swapped, batch by batch, and what they show of each layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.blame.inputs import Given, levels, rasters, stimulus_of
from neurodeploy.blame.passes import Mode, Pass, clock_signals, has_largest, layer_pass, rates_in_window
from neurodeploy.blame.stages import Staged

__all__ = ["Activity", "Swaps", "swapped"]

Array = NDArray[Any]
Signals = dict[str, Array]
CHIP, EXACT = "", "*"
"""Keys of the outputs of the runs in which every layer is on the chip, and none."""
BATCH = 1 << 23
"""Values of the largest layer, over steps and samples, that are simulated at a time."""
ALONE: tuple[Mode, ...] = ("exact", "rate", "uncapped", "float")
"""Modes in which a layer alone runs while all others are on the chip."""


class Activity(NamedTuple):
    """Sums over samples of what the neurons of a layer do; (size,) each."""

    rates: Array
    """Rates on the chip."""
    exact: Array
    """Rates of the exact values."""
    most: Array
    """Largest rate of the exact values in any sample."""
    over: Array
    """Samples with an exact value above the largest rate."""
    full: Array
    """Samples in which the neuron spikes in every step."""

    def plus(self, other: Activity) -> Activity:
        """Return the sums over the samples of both."""
        most = np.maximum(self.most, other.most)
        return Activity(*(one + two for one, two in zip(self, other, strict=True)))._replace(most=most)


class Swaps(NamedTuple):
    """Outputs of all runs, and the activity of each input and hidden layer."""

    outputs: dict[tuple[str, str], Array]
    """(layer, mode) -> (samples, size) output; the mode "only" has this layer alone on the chip."""
    activity: dict[str, Activity]
    """Input or hidden layer -> its activity."""

    @property
    def chip(self) -> Array:
        """Output with every layer on the chip."""
        return self.outputs[CHIP, "chip"]

    @property
    def exact(self) -> Array:
        """Output of the trained network."""
        return self.outputs[EXACT, "exact"]


def swapped(staged: Staged, given: Given, steps: int, progress: Callable[[int, int], None] | None = None) -> Swaps:
    """Return the outputs of all runs for samples. `progress`: called with (samples done, all samples)."""
    work = clock_signals(staged, steps)
    largest = max([item.size for item in staged.stages.values()] + [item.size for item in staged.network.inputs])
    batch = max(BATCH // (largest * work.total), 1)
    outputs, activity = dict[tuple[str, str], list[Array]](), dict[str, Activity]()
    for start in range(0, given.n, batch):
        part = _Batch(work, given.part(slice(start, start + batch)))
        for key, output in part.outputs():
            outputs.setdefault(key, []).append(output)
        for name, own in part.activity().items():
            activity[name] = activity[name].plus(own) if name in activity else own
        if progress:
            progress(min(start + batch, given.n), given.n)
    return Swaps({key: np.concatenate(rows) for key, rows in outputs.items()}, activity)


class _Batch:
    """Runs of some samples. Layers before the swapped one are not run again."""

    def __init__(self, work: Pass, given: Given) -> None:
        self.work, network = work, work.staged.network
        self.layers = list(work.staged.layers.values())
        self.output = self.layers[-1].units[0].population
        self.spikes = dict(rasters(network, stimulus_of(network, given, work.steps), work.total))
        self.levels = levels(network, given)
        self.chip = self.run(self.spikes, 0, "chip")
        self.exact = self.run(self.levels, 0, "exact")

    def run(self, signals: Signals, first: int, mode: Mode) -> Signals:
        """Return the signals of a run from layer number `first` on, in one mode."""
        found = dict(signals)
        for layer in self.layers[first:]:
            found |= layer_pass(self.work, layer, mode, found)
        return found

    def outputs(self) -> Iterator[tuple[tuple[str, str], Array]]:
        """Yield ((layer, mode), output) of every run."""
        yield (CHIP, "chip"), self.chip[self.output]
        yield (EXACT, "exact"), self.exact[self.output]
        for item in self.work.staged.network.inputs:
            name = item.name
            yield (name, "exact"), self.run({**self.spikes, name: self.levels[name]}, 0, "chip")[self.output]
            yield (name, "only"), self.run({**self.levels, name: self.spikes[name]}, 0, "exact")[self.output]
        for number, layer in enumerate(self.layers):
            for mode in ALONE:
                changed = self.chip | layer_pass(self.work, layer, mode, self.chip)
                yield (layer.name, mode), self.run(changed, number + 1, "chip")[self.output]
            changed = self.exact | layer_pass(self.work, layer, "chip", self.exact)
            yield (layer.name, "only"), self.run(changed, number + 1, "exact")[self.output]

    def activity(self) -> dict[str, Activity]:
        """Return input or hidden layer -> its activity; units of a layer one after the other."""
        names = {item.name: [item.name] for item in self.work.staged.network.inputs}
        names |= {item.name: [unit.population for unit in item.units] for item in self.layers[:-1]}
        found = dict[str, Activity]()
        cut = {item.name for item in self.layers if not has_largest(item)}  # by the function itself
        for name, populations in names.items():
            own = [self.one(item) for item in populations]
            if name in cut:
                own = [item._replace(over=np.zeros_like(item.over)) for item in own]
            found[name] = Activity(*(np.concatenate(parts) for parts in zip(*own, strict=True)))
        return found

    def one(self, name: str) -> Activity:
        """Return the activity of one input or population."""
        rates = rates_in_window(self.work, name, self.chip[name])
        exact = self.exact[name].astype(np.float64)
        return Activity(
            rates=rates.sum(axis=0, dtype=np.float64), exact=exact.sum(axis=0), most=exact.max(axis=0),
            over=(exact > 1 + 1e-6).sum(axis=0), full=(rates > 1 - 1e-6).sum(axis=0),
        )  # fmt: skip
