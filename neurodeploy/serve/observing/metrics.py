"""What a server counts. Observing costs microseconds: sums are kept here, and everything that follows from them is computed
when somebody asks for /metrics (`exposition.py`). All of it happens in the event loop, so there is no lock.
"""

from __future__ import annotations

from collections import Counter, deque

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Current
from neurodeploy.profile.per_spike import spike_costs
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.observing.batches import BatchDone
from neurodeploy.serve.observing.histogram import BATCH_SAMPLES, SECONDS, Histogram

__all__ = ["BLOCKS", "BLOCK_INFERENCES", "Activity", "Metrics", "ModelMetrics", "StreamMetrics"]

Ints = NDArray[np.int64]

BLOCK_INFERENCES = 128
"""Inferences after which the window moves on."""
BLOCKS = 8
"""Blocks of the window, the one that fills included: it holds the last 896 to 1,024 inferences, and whole batches."""
OVERFLOW_KINDS = 3
"""Rows of a recording's overflows: accumulator, current, voltage."""


class Activity:
    """Spikes of each neuron of a model, and of each line of its inputs, over some inferences."""

    __slots__ = ("inferences", "inputs", "shown", "spikes")

    def __init__(self, populations: dict[str, int], inputs: dict[str, int]) -> None:
        self.spikes: dict[str, Ints] = {name: np.zeros(size, dtype=np.int64) for name, size in populations.items()}
        self.inputs: dict[str, Ints] = {name: np.zeros(size, dtype=np.int64) for name, size in inputs.items()}
        self.inferences = 0
        self.shown: Counter[int] = Counter()
        """Steps of a sample -> samples that were shown for so many."""

    def add(self, other: Activity) -> None:
        """Add the spikes of other inferences."""
        for name, counts in other.spikes.items():
            self.spikes[name] += counts
        for name, counts in other.inputs.items():
            self.inputs[name] += counts
        self.inferences += other.inferences
        self.shown.update(other.shown)

    @property
    def steps(self) -> int:
        """Steps of all samples."""
        return sum(steps * samples for steps, samples in self.shown.items())


class ModelMetrics:
    """What is known of one version of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        program = model.program
        self.populations = {item.name: item.size for item in program.populations}
        driven = {item.name for item in program.network.inputs if isinstance(item.encoder, Current)}
        self.inputs = {item.name: item.ptr.size - 1 for item in program.inputs if item.name not in driven}
        self.before = self._nothing()
        """Everything before the block that fills."""
        self.block = self._nothing()
        self.window: deque[Activity] = deque(maxlen=BLOCKS - 1)
        """Full blocks, the newest last."""
        self.overflows: dict[str, Ints] = {}
        """Population -> (3,) steps of neurons; absent: not counted by the backend."""
        self.overflow_inferences = 0
        """Inferences for which they were counted."""
        self.costs = spike_costs(program)
        """Energy of spikes; None: no figure is public."""
        self.input_counted = True
        """Whether all inferences came with the spikes of their inputs, which modelled energy needs."""

    def _nothing(self) -> Activity:
        return Activity(self.populations, self.inputs)

    def observe(self, done: BatchDone) -> None:
        """Add the samples of a batch."""
        block, recording = self.block, done.recording
        for name, counts in done.counts.items():
            block.spikes[name] += counts[0] if len(counts) == 1 else counts.sum(axis=0)
        block.inferences += done.samples
        block.shown[done.steps] += done.samples
        for name, size in self.inputs.items():
            rows = None if recording is None else recording.input_spikes.get(name)
            if rows is None:
                self.input_counted = False
            elif len(rows):
                block.inputs[name] += np.bincount(rows[:, 2], minlength=size)
        if recording is not None and recording.overflows:
            self.overflow_inferences += done.samples
            for name, steps in recording.overflows.items():
                self.overflows[name] = self.overflows.get(name, 0) + steps.sum(axis=1, dtype=np.int64)
        if block.inferences >= BLOCK_INFERENCES:
            self.before.add(block)
            self.window.append(block)
            self.block = self._nothing()

    def total(self) -> Activity:
        """Return the activity since the version is served."""
        return self._sum([self.before, self.block])

    def recent(self) -> Activity:
        """Return the activity in the window."""
        return self._sum([*self.window, self.block])

    def _sum(self, parts: list[Activity]) -> Activity:
        found = self._nothing()
        for part in parts:
            found.add(part)
        return found


class StreamMetrics:
    """Streams of one version of a model."""

    __slots__ = ("events", "late", "open", "opened", "spikes")

    def __init__(self) -> None:
        self.open = self.opened = self.events = self.spikes = self.late = 0


class Metrics:
    """All that a server counts. Keys are names of models that are served, never words of clients."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str, str, int]] = Counter()
        """(route, method, model, version, status) -> requests that were answered."""
        self.in_progress = 0
        self.engine, self.ran_on = "", ""
        """Engine and kind of machine of the last run; empty before the first."""
        self.durations: dict[str, Histogram] = {}
        """Route -> seconds of its requests."""
        self.waiting: dict[str, Histogram] = {}
        """Model -> seconds of its requests in the queue."""
        self.running: dict[str, Histogram] = {}
        """Model -> seconds of its runs."""
        self.batches: dict[str, Histogram] = {}
        """Model -> samples of its runs."""
        self.models: dict[tuple[str, str], ModelMetrics] = {}
        self.streams: dict[tuple[str, str], StreamMetrics] = {}
        self.reloads: Counter[tuple[str, str]] = Counter()
        """(model, "loaded" or "failed") -> times."""

    def request(self, route: str, method: str, model: tuple[str, str], status: int, seconds: float) -> None:
        """Count an answered request, or a stream that has ended.

        `route`: address with names in place of words of the client. `method`: of HTTP, or STREAM. `model`: name and version, both
        empty if the request concerns none that is served. `status`: of HTTP. `seconds`: until the end of its reply.
        """
        self.requests[(route, method, *model, status)] += 1
        held = self.durations.get(route)
        if held is None:
            held = self.durations[route] = Histogram(SECONDS)
        held.add(seconds)

    def batch(self, done: BatchDone) -> None:
        """Count a batch. It is an observer of the queue before the backend."""
        name = done.model.name
        if name not in self.running:
            self.waiting[name], self.running[name] = Histogram(SECONDS), Histogram(SECONDS)
            self.batches[name] = Histogram(BATCH_SAMPLES)
        self.waiting[name].extend(done.waiting_s)
        self.running[name].add(done.running_s)
        if not done.samples:
            return
        self.batches[name].add(done.samples)
        if done.recording is not None:
            self.engine, self.ran_on = done.recording.engine or "", done.recording.ran_on
        self.of(done.model).observe(done)

    def of(self, model: Model) -> ModelMetrics:
        """Return what is known of a version of a model."""
        key = model.name, model.version
        held = self.models.get(key)
        if held is None:
            held = self.models[key] = ModelMetrics(model)
        return held

    def stream(self, model: Model) -> StreamMetrics:
        """Return the counts of the streams of a version of a model, which its streams add to."""
        return self.streams.setdefault((model.name, model.version), StreamMetrics())

    def reloaded(self, model: str, *, loaded: bool) -> None:
        """Count that the program of a served `model` was read again, or could not be."""
        self.reloads[model, "loaded" if loaded else "failed"] += 1

    def keep(self, served: set[tuple[str, str]]) -> None:
        """Forget versions that are no longer served. `served`: (name, version) of those that are."""
        names = {name for name, _ in served} | {""}
        for held in (self.waiting, self.running, self.batches):
            for name in held.keys() - names:
                del held[name]
        for key in self.models.keys() - served:
            del self.models[key]
        for key in self.streams.keys() - served:
            if not self.streams[key].open:
                del self.streams[key]
        for label in [key for key in self.requests if key[2] and (key[2], key[3]) not in served]:
            del self.requests[label]
