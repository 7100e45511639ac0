"""Checks of a stimulus against its network, before a backend runs it.

The emulator's kernels rely on these guarantees:

- a step lists each line at most once, so its spikes fit the input: `row_messages` refuses duplicate rows;
- sample, step and line of a row lie in the arrays that they index: the bounds of `row_messages`;
- rows ascend by sample and step, so one cursor finds them: `with_sorted_rows` sorts them;
- a raster has a byte of 0 or 1 for every sample, step and line: `_raster_messages`;
- values have the shape (samples, steps, lines), and their weighted sum fits 63 bits: `current_messages`;
- an input has one form: rows or a raster, or values if its encoder gives currents: `_form_messages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.rows import LARGEST, Bound, row_messages, rows_ascend, rows_sorted
from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Current, Input, Network
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.row_passes import Extent, extents_of

__all__ = ["current_messages", "memory_fault", "memory_of_machine", "stimulus_faults", "with_sorted_rows"]

Array = NDArray[Any]
LARGEST_WEIGHT = 1 << 22
"""Upper bound of the contribution of a synapse for a value of 1, in the accumulator's unit."""


def memory_of_machine() -> int:
    """Return the memory of this machine in bytes; 2**40 if the system does not report it."""
    import os

    known = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in known or "SC_PAGE_SIZE" not in known:
        return 1 << 40
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def memory_fault(code: str, where: Subject, what: str, size: int) -> list[Diagnostic]:
    """Return a finding if `size` bytes exceed the memory of this machine. `what`: names the arrays."""
    limit = memory_of_machine()
    if size <= limit:
        return []
    numbers: dict[str, Any] = {"found": size, "limit": limit, "unit": "byte"}
    return [finding(code, where, f"{what} would not fit into the memory of this machine", **numbers)]


def stimulus_faults(network: Network, stimulus: Stimulus) -> list[Diagnostic]:
    """Return ND505 for every fault of a stimulus for a network."""
    where = about("network", network.name)
    found = [
        finding("ND505", where, f"stimulus has {name} {value:,}; needs {low} to {LARGEST:,}")
        for name, value, low in (
            ("n_samples", stimulus.n_samples, 1),
            ("n_steps", stimulus.n_steps, 1),
            ("first_sample", stimulus.first_sample, 0),
        )
        if not low <= value <= LARGEST
    ]
    labels = stimulus.labels
    if labels is not None and labels.shape != (stimulus.n_samples,):
        message = f"stimulus has labels of shape {list(labels.shape)}; needs [{stimulus.n_samples}]"
        found.append(finding("ND505", where, message))
    items = network.input_by_name
    for name in dict.fromkeys((*stimulus.spikes, *stimulus.rasters, *stimulus.currents)):
        if name not in items:
            message = f"is not an input of network '{network.name}': {', '.join(items)}"
            found.append(finding("ND505", about("input", name), message, fixes=nearest(name, list(items))))
            continue
        found += [finding("ND505", about("input", name), message) for message in _input_messages(items[name], stimulus)]
    return found


def _input_messages(item: Input, stimulus: Stimulus) -> Iterator[str]:
    """Faults of the stimulus of one input."""
    yield from _form_messages(item, stimulus)
    rows, raster, values = (of.get(item.name) for of in (stimulus.spikes, stimulus.rasters, stimulus.currents))
    shape = (stimulus.n_samples, stimulus.n_steps, item.size)
    if rows is not None:
        columns = Bound("sample", 0, shape[0] - 1), Bound("step", 1, shape[1]), Bound("line", 0, shape[2] - 1)
        extent = _extents(stimulus).get(item.name)
        if extent is None or not extent.ascends or not extent.inside(columns):
            yield from row_messages(rows, columns, "spikes", ordered=False)
    if raster is not None:
        yield from _raster_messages(raster, shape)
    if values is not None:
        yield from current_messages(values, shape)


def _form_messages(item: Input, stimulus: Stimulus) -> Iterator[str]:
    valued = isinstance(item.encoder, Current)
    if valued and (item.name in stimulus.spikes or item.name in stimulus.rasters):
        yield "has spikes, but its encoder 'current' needs values in `currents`"
    if not valued and item.name in stimulus.currents:
        yield f"has currents, but its encoder '{item.encoder.kind}' needs spikes"
    if item.name in stimulus.spikes and item.name in stimulus.rasters:
        yield "has both spike rows and a raster; needs one of them"


def _raster_messages(raster: Array, shape: tuple[int, int, int]) -> Iterator[str]:
    if raster.shape != shape or raster.dtype != np.uint8:
        yield f"raster has shape {list(raster.shape)} of {raster.dtype}; needs {list(shape)} of uint8"
    elif raster.size and int(raster.max()) > 1:
        sample, step, line = (int(k) for k in np.unravel_index(int((raster > 1).argmax()), shape))
        message = f"sample {sample}, step {step + 1}, line {line} holds {int(raster[sample, step, line])}"
        yield f"raster has values other than 0 and 1, first {message}"


def current_messages(values: Array, shape: tuple[int, int, int]) -> Iterator[str]:
    """Yield what is wrong with the values of an input of currents. `shape`: (samples, steps, lines) that they need."""
    if values.shape != shape or values.dtype.kind not in "iuf":
        yield f"currents have shape {list(values.shape)} of {values.dtype}; needs {list(shape)} of numbers"
        return
    most = min(2.0**31, 2.0**62 / (LARGEST_WEIGHT * max(shape[2], 1)))
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        yield "currents are not all finite"
    elif max(-low, high) > most:
        yield f"currents lie between {low:g} and {high:g}; the weighted sum of values above {most:g} could exceed 63 bits"


def _extents(stimulus: Stimulus) -> dict[str, Extent]:
    return stimulus.derived("_extents", lambda made: extents_of(made.spikes))


def with_sorted_rows(stimulus: Stimulus) -> Stimulus:
    """Return a checked stimulus with int32 rows in ascending order; the same object if its rows already are."""
    extents = _extents(stimulus)
    wrong = {
        name: rows
        for name, rows in stimulus.spikes.items()
        if not (extents[name].ascends if name in extents else rows.dtype == np.int32 and rows_ascend(rows))
    }
    if not wrong:
        return stimulus
    ordered = {name: rows_sorted(rows.astype(np.int32)) for name, rows in wrong.items()}
    return stimulus.model_copy(update={"spikes": {**stimulus.spikes, **ordered}})
