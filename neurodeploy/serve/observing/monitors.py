"""Monitors of the models that are served: the counts of every inference against the activity that its program carries."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock, Thread

import numpy as np
from numpy.typing import NDArray

from neurodeploy.monitor import Drift, Monitor, MonitorOptions, Watched, drift
from neurodeploy.monitor.window import LEAST_SAMPLES
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.observing.batches import BatchDone

__all__ = ["LiveMonitors"]

Key = tuple[str, str]


class LiveMonitors:
    """A monitor of each version of each model whose program carries activity; the others cost nothing."""

    def __init__(self, options: MonitorOptions | None = None) -> None:
        self.options = options or MonitorOptions()
        self._lock = Lock()
        self._by_version = dict[Key, Monitor | None]()
        self._skipped = dict[Key, int]()

    def watch(self, done: BatchDone) -> None:
        """Take what a batch was. An observer of the queue before the backend."""
        if done.model.program.activity is None or not done.samples or done.recording is None:
            return
        edges = np.arange(done.samples + 1)
        # rows ascend by sample: some searches are faster than counting every spike
        counts = {
            name: np.diff(np.searchsorted(rows[:, 0], edges)) for name, rows in done.recording.input_spikes.items()
        }
        counts |= {name: values.sum(axis=1) for name, values in done.counts.items()}
        self.observe(done.model, counts, done.steps)

    def observe(self, model: Model, counts: Mapping[str, NDArray[np.int64]], n_steps: int) -> None:
        """Take the samples of an inference, from any thread.

        `model`: that ran. `counts`: input or population -> (n_samples,) spikes of each sample, as nd.monitor counts them. `n_steps`:
        last step of the run. Samples of another length than those of the calibration are only counted, as are those that
        arrive while the thresholds are computed, in a thread of their own, after the first.
        """
        activity = model.program.activity
        if activity is None or not counts:
            return
        key = (model.name, model.version)
        with self._lock:
            monitor = self._by_version.get(key)
            if monitor is not None and n_steps == activity.n_steps and all(name in counts for name in monitor.names):
                monitor.observe(counts)
                return
            self._skipped[key] = self._skipped.get(key, 0) + len(next(iter(counts.values())))
            if key in self._by_version or n_steps != activity.n_steps:
                return
            self._by_version[key] = None
        Thread(target=self.prepare, args=(model, tuple(counts)), daemon=True, name="neurodeploy-monitor").start()

    def prepare(self, model: Model, names: tuple[str, ...] | None = None) -> None:
        """Compute the thresholds of a `model`, before its first inference or after.

        `names`: the inputs and populations that are counted; by default all.
        """
        if model.program.activity is None:
            return
        monitor = Monitor(model.program.activity, self.options, names)
        with self._lock:
            if self._by_version.get((model.name, model.version)) is None:
                self._by_version[model.name, model.version] = monitor

    def report(self, model: Model) -> tuple[int, tuple[Watched, ...]] | None:
        """Return the number of samples seen of a `model`, and what was seen of each population; None where its program carries no
        activity."""
        if model.program.activity is None:
            return None
        with self._lock:
            monitor = self._by_version.get((model.name, model.version))
            return (0, ()) if monitor is None else (monitor.seen, monitor.report())

    def window(self, model: Model) -> Drift | None:
        """Return the last window of a `model` against its calibration; None before there are enough samples."""
        with self._lock:
            monitor = self._by_version.get((model.name, model.version))
            counts = {} if monitor is None else monitor.window()
            seen = 0 if monitor is None else monitor.seen
        n = min(seen, self.options.window)
        if model.program.activity is None or n < LEAST_SAMPLES or not counts:
            return None
        return drift(model.program.activity, counts, self.options, first_sample=seen - n)

    def skipped(self, model: Model) -> int:
        """Return the samples of a `model` that were not compared."""
        return self._skipped.get((model.name, model.version), 0)
