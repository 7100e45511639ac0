"""The recording of a job, from the results of its shares of the samples."""

from __future__ import annotations

from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import read_only
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunState
from neurodeploy.simulate.probes import probed_variables
from neurodeploy.simulate.resume import input_hashes
from neurodeploy_backends.emulator.engine.growing import Growing
from neurodeploy_backends.emulator.engine.job import Job, Share
from neurodeploy_backends.emulator.engine.library import engine
from neurodeploy_backends.emulator.engine.states import kept_arrays
from neurodeploy_backends.emulator.lowering import models

__all__ = ["merged_rows", "recording_of"]

Array = NDArray[Any]


class _Kept(NamedTuple):
    """The extent of a recording."""

    samples: int
    complete: bool
    steps: int | None = None
    """Last completed step of a single sample that was stopped; None otherwise."""


def recording_of(job: Job, shares: list[Share]) -> Recording:
    """The recording of the samples that are whole, or of a single one that was stopped."""
    kept, options = _whole_samples(job, shares), job.options
    steps = job.steps if kept.steps is None else kept.steps
    n, spikes, payloads = kept.samples, dict[str, Array](), dict[str, Array]()
    graded = models.graded(job.program)
    for item in job.program.populations:
        spikes[item.name], values = _joined(job, shares, item.name, n)
        if item.name in graded:
            payloads[item.name] = values
    return Recording(
        ran_on="emulator",
        backend="emulator",
        engine="native",
        program_digest=job.program.digest(),
        seed=options.seed,
        recorded=options.record,
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
        learned=job.learning.learned(_learned(shares), job.program.digest()),
        final_state=_final_state(job, shares) if options.keep_state and kept.complete else None,
    )


def _whole_samples(job: Job, shares: list[Share]) -> _Kept:
    """Samples up to the first unfinished one: a stopped run keeps no sample whose number would change."""
    n = 0
    for share in shares:
        whole = share.done // job.length if job.length else share.stop - share.start
        n += whole
        if whole < share.stop - share.start:
            alone = job.stimulus.n_samples == 1 and share.done > 0
            return _Kept(1, False, job.first + share.done - 1) if alone else _Kept(n, False)
    return _Kept(n, True)


def _joined(job: Job, shares: list[Share], name: str, n_samples: int) -> tuple[Array, Array]:
    """Rows of a population or input, and their values, of all calls and ranges, for the samples that are kept."""
    rows, values = np.zeros((0, 3), dtype=np.int32), np.zeros(0, dtype=np.int64)
    for number, part in enumerate(job.low.parts):
        if part.name != name:
            continue
        own = _in_one([share.rows[number] for share in shares if share.rows], rows[:0])
        graded = _in_one([share.payloads[number] for share in shares if share.rows], values[:0])
        rows, values = merged_rows(rows, own, values, graded) if len(rows) else (own, graded)
    if len(rows) and rows[-1, 0] >= n_samples:
        stop = int(np.searchsorted(rows[:, 0], n_samples))
        return rows[:stop], values[:stop]
    return rows, values


def merged_rows(first: Array, second: Array, first_values: Array, second_values: Array) -> tuple[Array, Array]:
    """Rows of two ranges of a population, and their values, by sample, step and neuron; `first` has the lower neurons."""
    rows = np.empty((len(first) + len(second), 3), dtype=np.int32)
    values = np.empty(first_values.size + second_values.size, dtype=np.int64)
    engine().call("merge_rows", first, second, first_values, second_values, rows, values)
    return read_only(rows), read_only(values)


def _in_one(arrays: list[Growing], none: Array) -> Array:
    """The rows of all shares, one after the other."""
    full = [array for array in arrays if len(array)]
    if len(full) == 1:
        return full[0].whole()
    return read_only(np.concatenate([*(array.whole() for array in full), none]))


def _given(array: Array) -> Array:
    """An array of the job, read-only with what it is a view of, so that a recording of all of it is no copy."""
    if isinstance(array.base, np.ndarray):
        read_only(array.base)
    return read_only(array)


def _shown(job: Job, shares: list[Share], n_samples: int, steps: int) -> dict[str, Array]:
    """Input rows of the kept samples and the steps run; those of rasters as the kernels listed them."""
    found = dict(job.stimulus.spikes)
    faulty = {fault.input for fault in job.program.faults}  # the kernels list what faults make of these
    for name in job.stimulus.rasters:
        found[name] = job.stimulus.rows(name) if name in faulty else _joined(job, shares, name, n_samples)[0]
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
        found[probe.name] = _given(job.states[:n_samples, :length, column : column + width])
        column += width
    found |= {name: _given(values) for name, values in job.learning.states(n_samples, length).items()}
    return {probe.name: found[probe.name] for probe in probed_variables(job.program.network, job.options.probes)}


def _learned(shares: list[Share]) -> list[dict[str, Array]]:
    """What was learned in the whole shares before the first unfinished one."""
    return [
        share.learned
        for share in takewhile(lambda share: share.learned is not None, shares)
        if share.learned is not None
    ]


def _active(job: Job, n_samples: int, length: int) -> Array | None:
    """(samples, steps, cores) active compartments, summed over threads."""
    if not job.options.activity:
        return None
    return _given(sum(job.active[1:], job.active[0])[:n_samples, :length])


def _overflows(job: Job, shares: list[Share]) -> dict[str, Array]:
    """Population -> (3, size) overflows: counted, or 0 where none is possible."""
    if not job.options.overflow or not (job.low.wide or job.low.proven):
        return {}
    total = np.zeros((3, job.low.rows), dtype=np.int64)
    for share in shares:
        if share.watch is not None and share.watch.size:
            total += share.watch
    return {name: read_only(total[:, rows]) for name, rows in job.low.row_of_neuron.items()}


def _final_state(job: Job, shares: list[Share]) -> RunState:
    shown = input_hashes(job.program.network, job.stimulus, job.options, job.steps)
    arrays = kept_arrays(job.low, [share.state for share in shares], job.steps)
    return RunState(
        program_digest=job.program.digest(),
        n_samples=len(shares),
        step=job.steps,
        seed=job.options.seed,
        first_sample=job.stimulus.first_sample,
        shown=shown,
        variables=arrays.variables,
        arriving=arrays.arriving,
        learning=job.learning.kept([share.plastic for share in shares]),
    )
