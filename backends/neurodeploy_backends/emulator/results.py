"""Verb: what the shares of a job gave, as one Recording. Runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.runtime.recording import Recording
from neurodeploy.runtime.state import RunOptions
from neurodeploy_backends.emulator import models
from neurodeploy_backends.emulator.states import kept_state

if TYPE_CHECKING:
    from neurodeploy_backends.emulator.job import Job, Share

__all__ = ["recording_of"]

Array = NDArray[Any]


class _Kept(NamedTuple):
    """Samples that are whole."""

    samples: int
    complete: bool
    steps: int | None = None
    """Of a single sample that was stopped: the last step that is done."""


def recording_of(job: Job, shares: list[Share], options: RunOptions) -> Recording:
    """Join what the shares gave."""
    kept = _whole_samples(job, shares)
    steps = job.steps if kept.steps is None else kept.steps
    n, spikes, payloads = kept.samples, dict[str, Array](), dict[str, Array]()
    graded = models.graded(job.program)
    for item in job.program.populations:
        rows = _ranges(job, item.name, [call for share in shares for call in share.rows])
        order = _order(rows, n)
        spikes[item.name] = np.concatenate(rows)[order] if order is not None else rows[0]
        if item.name in graded:
            values = _ranges(job, item.name, [call for share in shares for call in share.payloads])
            payloads[item.name] = np.concatenate(values)[order] if order is not None else values[0]
    return Recording(
        ran_on="emulator",
        backend="emulator",
        program_digest=job.program.digest(),
        seed=options.seed,
        n_samples=n,
        n_steps=steps,
        first_step=job.first,
        complete=kept.complete,
        partial=kept.steps is not None,
        spikes=spikes,
        payloads=payloads,
        states=_states(job, n, steps - job.first + 1),
        input_spikes=_shown(job, shares, n, steps),
        active_updates=_active(job, n, steps - job.first + 1),
        overflows=_overflows(job, shares),
        final_state=_final_state(job, shares) if options.keep_state and kept.complete else None,
    )


def _whole_samples(job: Job, shares: list[Share]) -> _Kept:
    """The samples 0, 1, ... up to the first that is unfinished: a stopped run keeps no sample whose number would change."""
    n = 0
    for share in shares:
        whole = share.done // job.length if job.length else share.stop - share.start
        n += whole
        if whole < share.stop - share.start:
            alone = job.stimulus.n_samples == 1 and share.done > 0
            return _Kept(1, False, job.first + share.done - 1) if alone else _Kept(n, False)
    return _Kept(n, True)


def _ranges(job: Job, name: str, calls: list[list[Array]]) -> list[Array]:
    """What the calls gave of each range of a population."""
    found = list[Array]()
    for number, part in enumerate(job.low.parts):
        if part.name == name:
            parts = [call[number] for call in calls]
            full = [array for array in parts if array.size]
            found.append(full[0] if len(full) == 1 else np.concatenate(full or parts or [np.zeros((0, 3), np.int32)]))
    return found


def _order(ranges: list[Array], n_samples: int) -> Array | None:
    """Which rows to keep, sorted by (sample, step, neuron); None if the one range is that already."""
    last = ranges[0][-1:, 0]
    if len(ranges) == 1 and (not last.size or last[0] < n_samples):
        return None
    rows = np.concatenate(ranges)
    order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
    return order[rows[order, 0] < n_samples]


def _shown(job: Job, shares: list[Share], n_samples: int, steps: int) -> dict[str, Array]:
    """Input rows of the whole samples, of the steps that were run: those of rasters as the engine listed them."""
    calls = [call for share in shares for call in share.rows]
    found = dict(job.stimulus.spikes)
    for name in job.stimulus.rasters:
        rows = _ranges(job, name, calls)
        order = _order(rows, n_samples)
        found[name] = np.concatenate(rows)[order] if order is not None else rows[0]
    if steps >= job.stimulus.n_steps and n_samples == job.stimulus.n_samples and job.first == 1:
        return found
    return {
        name: rows[(rows[:, 1] >= job.first) & (rows[:, 1] <= steps) & (rows[:, 0] < n_samples)]
        for name, rows in found.items()
    }


def _states(job: Job, n_samples: int, length: int) -> dict[str, Array]:
    found, column = dict[str, Array](), 0
    for probe in job.probes:
        width = job.low.row_of_neuron[probe.population].size
        found[probe.name] = job.states[:n_samples, :length, column : column + width]
        column += width
    return found


def _active(job: Job, n_samples: int, length: int) -> Array | None:
    """Active compartments by (sample, step, core), of all threads together."""
    if not job.options.activity:
        return None
    return sum(job.active[1:], job.active[0])[:n_samples, :length]


def _overflows(job: Job, shares: list[Share]) -> dict[str, Array]:
    """(3, size) by population: counted, or 0 because it was proven before the run that none is possible."""
    if not job.options.overflow or not (job.low.wide or job.low.proven):
        return {}
    total = np.zeros((3, job.low.rows), dtype=np.int64)
    for share in shares:
        if share.watch is not None and share.watch.size:
            total += share.watch
    return {name: total[:, rows] for name, rows in job.low.row_of_neuron.items()}


def _final_state(job: Job, shares: list[Share]) -> Any:
    return kept_state(job.program, job.low, [share.state for share in shares], job.steps)
