"""Synapses drawn for many neurons: by compiled loops on all processors, or by the definition where there is no library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.native.library import Kernels, kernels
from neurodeploy.network.procedural.draws import (
    COUNT,
    MOST_TIMES,
    PARTNER,
    VALUE,
    Drawn,
    counts_of,
    drawn,
    room,
    start_of,
    value_rows,
)
from neurodeploy.network.procedural.geometry import geometry_of
from neurodeploy.network.procedural.nouns import DIFFERENT, NEAR, REPEATED, Geometry, Rule, Scratch, Values
from neurodeploy.network.procedural.operations import DistanceKernel, FixedNumber, FixedProbability, Procedural
from neurodeploy.network.procedural.tables import table_of
from neurodeploy.network.synapse_views import SynapsesByTarget

__all__ = ["BATCH", "Drawing", "Survey"]

FOLDER = Path(__file__).parent
BATCH = 1 << 21
"""Synapses drawn at a time by each thread."""
MARK = 512
"""Possible partners of one mark of a scratch."""
SLAB = 1 << 25
"""Synapses kept of a fixed number per source, which are drawn source by source."""
NOWHERE = Geometry(
    sources=np.zeros(3, dtype=np.int64),
    targets=np.zeros(3, dtype=np.int64),
    lengths=np.zeros(3),
    reach=np.zeros(3, dtype=np.int64),
    unit=0.0,
    periodic=0,
    thresholds=np.zeros(0, dtype=np.uint64),
)
"""Distances of rules without."""
Ints = NDArray[np.int64]
Item = TypeVar("Item")
Made = TypeVar("Made")


class Survey(NamedTuple):
    """What is known once all synapses were drawn."""

    fan_in: Ints
    """(n_target,) synapses of each target."""
    fan_out: Ints
    """(n_source,) synapses of each source."""
    longest: NDArray[np.uint8]
    """(n_target,) longest delay of each target, 0 without synapses."""
    rows: NDArray[np.int64]
    """Rows of weights that occur, ascending."""


class Drawing:
    """Draws the synapses of one operation. Holds a few numbers for each neuron, and no synapses beyond a slab."""

    def __init__(self, operation: Procedural, base_delay_steps: int) -> None:
        self.operation, (self.n_target, self.n_source) = operation, operation.shape
        near = isinstance(operation, DistanceKernel)
        self.by_source = isinstance(operation, FixedNumber) and operation.per == "source"
        self.repeats = isinstance(operation, FixedNumber) and operation.per == "projection"
        self.weights = table_of(operation.weights)
        delays = (table_of(operation.delays) + base_delay_steps).astype(np.uint8)
        self.values = Values(start_of(operation.seed, VALUE), self.weights.size, delays)
        self.near = geometry_of(operation) if isinstance(operation, DistanceKernel) else NOWHERE
        self.rule = Rule(
            how=NEAR if near else REPEATED if self.repeats else DIFFERENT,
            room=room(operation, self.n_target if self.by_source else self.n_source),
            skips_itself=int(not operation.self_connections),
            start=start_of(operation.seed, PARTNER),
            near=self.near,
        )
        self.counts = np.zeros(0, dtype=np.int64) if isinstance(operation, DistanceKernel) else self._counts(operation)
        self._slab: tuple[int, Drawn] | None = None
        self._survey: Survey | None = None

    @property
    def fan_in(self) -> Ints:
        """(n_target,) synapses of each target; of a fixed probability or number per target without drawing them."""
        known = self.counts.size and not self.repeats and not self.by_source
        return self.counts if known else self.survey.fan_in

    @property
    def survey(self) -> Survey:
        """All synapses are drawn once."""
        if self._survey is None:
            self._survey = self._surveyed()
        return self._survey

    def into(self, neurons: Ints, table: NDArray[Any]) -> SynapsesByTarget:
        """Return the synapses into `neurons` (ascending); `table`: the weight of each row."""
        parts = list(self._each(partial(self._valued, table=table), self._parts(neurons)))
        if len(parts) == 1:
            return parts[0]
        ptr: Ints = np.r_[0, np.cumsum(np.concatenate([np.diff(part.ptr) for part in parts]))]
        columns = zip(*(part[1:] for part in parts), strict=True)
        return SynapsesByTarget(ptr, *(np.concatenate(column) for column in columns))

    def sums(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n_target,) sums over the synapses of each target; `numbers`: one for each row of weights."""
        made = self._each(partial(self._summed, numbers=numbers), self._parts(np.arange(self.n_target)))
        return np.concatenate([np.zeros(0), *made])

    def _each(self, work: Callable[[Item], Made], items: list[Item]) -> Iterator[Made]:
        """The work on parts of the targets; parts of a slab one after the other, as the slab is drawn by all threads."""
        return map(work, items) if self.by_source else _in_parallel(work, items)

    def _counts(self, operation: FixedProbability | FixedNumber) -> Ints:
        """As `counts_of`."""
        compiled = _loops()
        if compiled is None or not self.repeats or not isinstance(operation, FixedNumber):
            return counts_of(operation)
        start, step = start_of(operation.seed, COUNT), max(-(-operation.number // _threads()), BATCH)
        spans = [(first, min(first + step, operation.number)) for first in range(0, operation.number, step)]

        def counted(span: tuple[int, int]) -> Ints:
            counts = np.zeros(self.n_target, dtype=np.int64)
            compiled.call("count_targets", start, *span, counts)
            return counts

        return sum(_in_parallel(counted, spans), np.zeros(self.n_target, dtype=np.int64))

    def _parts(self, neurons: Ints) -> list[Ints]:
        """The neurons in parts of about a batch of synapses; at least one part."""
        if self.by_source:
            each = np.full(neurons.size, max(int(self.counts.sum()) // self.n_target, 1))
        elif self.counts.size:
            each = self.counts[neurons]
        else:
            each = np.full(neurons.size, self._box)
        total = np.cumsum(each)
        cuts = np.searchsorted(total, np.arange(BATCH, int(total[-1]) if total.size else 0, BATCH))
        return [part for part in np.split(neurons, np.unique(cuts)) if part.size] or [neurons]

    @property
    def _box(self) -> int:
        """Sources that can be within the radius of a target."""
        return int(np.prod(np.minimum(2 * self.near.reach + 1, self.near.sources)))

    def _drawn(self, neurons: Ints) -> Drawn:
        """The partners of some targets, or of some sources of a fixed number per source."""
        compiled = _loops()
        if compiled is None:
            return drawn(self.operation, neurons, self.counts, self.near)
        counts = self.counts[neurons] if self.counts.size else np.zeros(0, dtype=np.int64)
        room_ = int(counts.sum()) if self.counts.size else neurons.size * self._box
        ptr, source = np.empty(neurons.size + 1, dtype=np.int64), np.empty(room_, dtype=np.int32)
        times = np.empty(room_ if self.repeats else 0, dtype=np.int32)
        n = compiled.call("draw_partners", self.rule, neurons, counts, self._scratch(), ptr, source, times)
        if n < room_ // 2:
            source, times = source[:n].copy(), times[:n].copy()
        return Drawn(ptr, source[:n], times[:n])

    def _scratch(self) -> Scratch:
        marks = 8 * -(-self.rule.room // (8 * MARK)) if self.rule.how != NEAR else 0
        most = int(np.minimum(2 * self.near.reach + 1, self.near.sources).sum()) if self.rule.how == NEAR else 0
        return Scratch(
            bits=np.zeros(8 * marks, dtype=np.uint64),
            marks=np.zeros(marks, dtype=np.uint8),
            times=np.zeros(self.rule.room if self.repeats else 0, dtype=np.uint8),
            places=np.empty(most, dtype=np.int32),
            squares=np.empty(most),
        )

    def _partners(self, neurons: Ints) -> Drawn:
        """The synapses into some targets, without their values."""
        if not self.by_source or _loops() is None:
            return self._drawn(neurons)
        first, slab = self._slab_of(neurons)
        own = neurons - first
        count = slab.ptr[own + 1] - slab.ptr[own]
        if own.size and int(own[-1] - own[0]) + 1 == own.size:
            source = slab.source[slab.ptr[own[0]] : slab.ptr[own[-1] + 1]]
        else:
            source = slab.source[places_of(slab.ptr[own], count)]
        return Drawn(np.r_[0, np.cumsum(count)], source, slab.times)

    def _slab_of(self, neurons: Ints) -> tuple[int, Drawn]:
        """(first target, synapses into it and those that follow) that contain some neurons."""
        kept = self._slab
        first, last = (int(neurons[0]), int(neurons[-1])) if neurons.size else (0, 0)
        if kept is not None and kept[0] <= first and last < kept[0] + kept[1].ptr.size - 1:
            return kept
        fits = int(SLAB // max(self.counts.sum() / self.n_target, 1e-9))
        start = 0 if fits >= self.n_target else first
        self._slab = start, self._turned(start, min(max(last + 1, start + fits), self.n_target))
        return self._slab

    def _turned(self, low: int, stop: int) -> Drawn:
        """The synapses into targets [low, stop) of sources that draw their own targets: counted, then written."""
        compiled = _loops()
        assert compiled is not None, "internal: slabs are of compiled loops"
        step = max(BATCH // max(int(self.counts.max(initial=0)), 1), 1)
        parts = [np.arange(first, min(first + step, self.n_source)) for first in range(0, self.n_source, step)]
        counts = np.zeros(stop - low, dtype=np.int64)
        for found in _in_parallel(self._drawn, parts):
            compiled.call("count_partners", found.source, low, counts)
        ptr: Ints = np.r_[0, np.cumsum(counts)]
        following, source = ptr[:-1].copy(), np.empty(int(ptr[-1]), dtype=np.int32)
        for part, found in zip(parts, _in_parallel(self._drawn, parts), strict=True):
            compiled.call("turn_partners", found.ptr, found.source, int(part[0]), low, following, source)
        return Drawn(ptr, source, np.zeros(0, dtype=np.int32))

    def _valued(self, neurons: Ints, table: NDArray[Any]) -> SynapsesByTarget:
        found, compiled = self._partners(neurons), _loops()
        if compiled is None:
            row, delays = self._rows(neurons, found)
            return SynapsesByTarget(found.ptr, found.source, table[row], delays)
        n = found.source.size
        delays, given = np.empty(n, dtype=np.uint8), (self.values, neurons, *_columns(found))
        if table.dtype == np.int16:
            weights = np.empty(n, dtype=np.int16)
            compiled.call("draw_mantissas", *given, table, weights, delays)
        else:
            row = np.empty(n, dtype=np.int32)
            compiled.call("draw_values", *given, row, delays)
            weights = table[row]
        return SynapsesByTarget(found.ptr, found.source, weights, delays)

    def _rows(self, neurons: Ints, found: Drawn) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Rows of weights, and delays, by the definition."""
        weight, delay = value_rows(self.operation, neurons, found)
        levels, delays = self.values.levels, self.values.delays
        above = (found.times - 1) * np.int32(levels)
        row = above + weight if levels > 1 else above
        return row, delays[delay] if delays.size > 1 else np.full(row.size, delays[0])

    def _summed(self, neurons: Ints, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        found, compiled, sums = self._partners(neurons), _loops(), np.zeros(neurons.size)
        if compiled is None:
            row, _ = self._rows(neurons, found)
            return np.bincount(np.repeat(np.arange(neurons.size), np.diff(found.ptr)), numbers[row], neurons.size)
        compiled.call("sum_values", self.values, neurons, *_columns(found), numbers, sums)
        return sums

    def _surveyed(self) -> Survey:
        n_rows = self.values.levels * (MOST_TIMES if self.repeats else 1)
        fan_out, used = np.zeros(self.n_source, dtype=np.int64), np.zeros(n_rows, dtype=np.uint8)
        fans, delays = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint8)]
        threads = 1 if self.by_source else _threads()
        parts = self._parts(np.arange(self.n_target))
        groups = [parts[k::threads] for k in range(min(threads, len(parts)))]
        found = list(self._each(self._survey_of, groups))
        for out, rows, _ in found:
            fan_out += out
            used |= rows
        for number in range(len(parts)):
            fan, longest = found[number % threads][2][number // threads]
            fans.append(fan)
            delays.append(longest)
        return Survey(np.concatenate(fans), fan_out, np.concatenate(delays), np.flatnonzero(used))

    def _survey_of(self, parts: list[Ints]) -> tuple[Ints, NDArray[np.uint8], list[tuple[Ints, NDArray[np.uint8]]]]:
        """(fan-out, rows that occur, (fan-in, longest delay) of each part)."""
        n_rows = self.values.levels * (MOST_TIMES if self.repeats else 1)
        fan_out, used = np.zeros(self.n_source, dtype=np.int64), np.zeros(n_rows, dtype=np.uint8)
        own, compiled = list[tuple[Ints, NDArray[np.uint8]]](), _loops()
        for neurons in parts:
            found, longest = self._partners(neurons), np.zeros(neurons.size, dtype=np.uint8)
            if compiled is None:
                row, delays = self._rows(neurons, found)
                fan_out += np.bincount(found.source, minlength=self.n_source)
                used[row] = 1
                np.maximum.at(longest, np.repeat(np.arange(neurons.size), np.diff(found.ptr)), delays)
            else:
                compiled.call("survey_values", self.values, neurons, *_columns(found), fan_out, used, longest)
            own.append((np.diff(found.ptr), longest))
        return fan_out, used, own


def _columns(found: Drawn) -> tuple[Any, ...]:
    return found.ptr, np.ascontiguousarray(found.source), found.times


def _loops() -> Kernels | None:
    """The compiled loops; None where there is no library."""
    return kernels(FOLDER)


def _threads() -> int:
    """Threads that draw."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_parallel(work: Callable[[Item], Made], items: list[Item]) -> Iterator[Made]:
    """Yield the work on each item, in their order, a few items ahead."""
    threads = _threads()
    if len(items) < 2 or threads < 2:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(work, item) for item in items[: 2 * threads]]
        for number in range(len(items)):
            done = waiting.pop(0).result()
            if number + 2 * threads < len(items):
                waiting.append(pool.submit(work, items[number + 2 * threads]))
            yield done
