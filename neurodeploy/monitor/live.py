"""A monitor: counts of one sample after another against a calibration, with a known rate of false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neurodeploy.monitor.design import Test, design
from neurodeploy.monitor.nouns import MonitorOptions, Watched
from neurodeploy.program.activity import Activity

__all__ = ["Monitor"]

Ints = NDArray[np.int64]


class Monitor:
    """Cumulative sums of the scores of each population, two each, and the counts of the last window.

    A sample costs the same however many came before. Give it the samples in the order in which they were run.
    """

    def __init__(
        self, activity: Activity, options: MonitorOptions | None = None, names: Sequence[str] | None = None
    ) -> None:
        """Make a monitor of the inputs and populations `names`, by default all, of an `activity`."""
        self.options = options or MonitorOptions()
        counts = tuple(item for item in activity.counts if names is None or item.name in names)
        self.tests: tuple[Test, ...] = design(counts, self.options)
        self.names = tuple(item.name for item in counts)
        self.seen = 0
        """Samples so far."""
        sides = [*(item.more for item in self.tests), *(item.fewer for item in self.tests)]
        self._allowance = np.array([[item.allowance] for item in sides], dtype=np.int64)
        self._height = np.array([[item.height] for item in sides], dtype=np.int64)
        self._sums = np.zeros((len(sides), 1), dtype=np.int64)
        self._start = np.zeros(len(sides), dtype=np.int64)
        self._table()
        n = len(counts)
        self._alarms = np.zeros(n, dtype=np.int64)
        self._last = np.full(n, -1, dtype=np.int64)
        self._since, self._first = np.full((2, n), -1, dtype=np.int64)
        self._fewer = np.zeros(n, dtype=np.bool_)
        self._recent = np.zeros((n, self.options.window), dtype=np.int64)

    def _table(self) -> None:
        """The tables of all populations one behind the other, so that one look-up serves all."""
        scores = [item.scores for item in self.tests]
        sizes = np.array([item.table.size for item in scores], dtype=np.int64)
        self._low = np.array([[item.low] for item in scores], dtype=np.int64).reshape(-1, 1)
        self._width = np.array([[item.width] for item in scores], dtype=np.int64).reshape(-1, 1)
        self._wide = any(item.width > 1 for item in scores)
        self._top = (sizes - 1)[:, None]
        self._offset = (np.cumsum(sizes) - sizes)[:, None]
        self._scores = np.concatenate([np.zeros(0, dtype=np.int64), *(item.table for item in scores)])

    def observe(self, counts: Mapping[str, Ints]) -> None:
        """Take further samples. `counts`: input or population -> (n,) spikes of each sample, of all `names`, others are ignored."""
        every = np.array([counts[name] for name in self.names], dtype=np.int64)
        if every.size:
            self._take(every)

    def _take(self, counts: Ints) -> None:
        """Take (populations, n) counts."""
        place = counts - self._low
        if self._wide:
            place //= self._width
        np.minimum(np.maximum(place, 0, out=place), self._top, out=place)
        place += self._offset
        scores = self._scores[place]
        steps = np.concatenate([scores, -scores])
        steps -= self._allowance
        sums = steps.cumsum(axis=1)
        sums += self._sums
        sums -= np.minimum(np.minimum.accumulate(sums, axis=1), 0)
        if (sums >= self._height).any():
            self._alarmed(steps, sums)
        self._sums = sums[:, -1:].copy()
        n = counts.shape[1]
        back = (sums[:, ::-1] == 0).argmax(axis=1)  # of the last zero; 0 where there is none, too
        self._start = np.where((back > 0) | (sums[:, -1] == 0), self.seen + n - back, self._start)
        self._keep(counts)
        self.seen += n

    def _alarmed(self, steps: Ints, sums: Ints) -> None:
        """Note the alarms of the sums that reached their threshold, each of which begins anew behind it; changes `sums`."""
        for row in np.flatnonzero((sums >= self._height).any(axis=1)).tolist():
            height, start = int(self._height[row, 0]), int(self._start[row])
            value = int(self._sums[row, 0])
            for at, step in enumerate(steps[row].tolist()):
                value = max(value + step, 0)
                if value >= height:
                    self._alarm(row, self.seen + at, start)
                    value = 0
                start = self.seen + at + 1 if value == 0 else start
                sums[row, at] = value

    def _alarm(self, row: int, at: int, start: int) -> None:
        one = row % len(self.names)
        recent = self._last[one] >= 0 and at - self._last[one] <= self.options.window
        if not recent:
            self._since[one], self._first[one] = start, at
        self._last[one], self._fewer[one] = max(int(self._last[one]), at), row >= len(self.names)
        self._alarms[one] += 1

    def _keep(self, counts: Ints) -> None:
        """Put counts into the ring of the last window."""
        window = self.options.window
        kept = counts[:, -window:]
        at = (self.seen + counts.shape[1] - kept.shape[1]) % window
        first = min(window - at, kept.shape[1])
        self._recent[:, at : at + first] = kept[:, :first]
        self._recent[:, : kept.shape[1] - first] = kept[:, first:]

    def alarms(self) -> dict[str, int]:
        """Return input or population -> alarms since the monitor began."""
        return dict(zip(self.names, self._alarms.tolist(), strict=True))

    def window(self) -> dict[str, Ints]:
        """Return input or population -> spikes of each sample of the last window, in no particular order."""
        return {name: self._recent[row, : self.seen].copy() for row, name in enumerate(self.names)}

    def report(self) -> tuple[Watched, ...]:
        """Return what was seen of each input and population."""
        parts = np.maximum(*np.split(self._sums / self._height, 2)).reshape(-1) if self.names else np.zeros(0)
        return tuple(self._watched(row, float(parts[row])) for row in range(len(self.names)))

    def _watched(self, row: int, statistic: float) -> Watched:
        counts, recent = self.tests[row].counts, self._recent[row, : self.seen]
        last = int(self._last[row])
        return Watched(
            name=counts.name,
            kind=counts.kind,
            expected=counts.mean,
            found=float(recent.mean()) if recent.size else None,
            statistic=statistic,
            alarms=int(self._alarms[row]),
            drifting=last >= 0 and self.seen - 1 - last < self.options.window,
            since=int(self._since[row]) if last >= 0 else None,
            alarm=int(self._first[row]) if last >= 0 else None,
            direction=None if last < 0 else "fewer" if self._fewer[row] else "more",
        )
