"""Stimulus files, recognised by their first bytes.

Supported: `.npz` with one array for each input or with the columns of sensor events; `.npy` for a network with one input; the
recordings of event sensors in `event_files.formats`; a folder of them; spike trains of SONATA. Findings name the format of other files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest, schema_findings
from neurodeploy.io.archive import open_npy_array, open_npz_arrays, refuse, require_regular
from neurodeploy.io.recognize import recognize
from neurodeploy.network import Events, Input, Network, Spikes
from neurodeploy.signals.events import EVENT_FLAGS, EventOptions, EventRecording
from neurodeploy.signals.stimulus import ONLY_INPUT, SampleValues, without_labels
from neurodeploy.simulate.event_columns import (
    column_of,
    columns_of_fields,
    is_structured,
    plain_columns,
    quoted,
    whole_numbers,
)
from neurodeploy.simulate.event_files.array_files import are_events, of_arrays
from neurodeploy.simulate.event_files.fit import samples_of
from neurodeploy.simulate.event_files.folders import read_folder
from neurodeploy.simulate.event_files.formats import event_format, read_format, supported

__all__ = ["load_stimulus", "read_events"]

Array = NDArray[Any]
BY_NAME = {".mat": "a MATLAB file", ".es": "an Event Stream recording", ".wav": "a sound", ".avi": "a video"}
"""Files whose suffix tells what their content does not."""
AS_THEY_SAY = ("empty", "lfs", "html", "gzip", "bzip2", "xz", "zstd", "7z", "tar", "matlab", "rosbag", "text_utf16")
"""Kinds of content whose way in is the same for every file."""
OFFSETS = "offsets"
MOST_NAMES = 20
CONVERT = "convert it to an .npz with the fields t, x, y, p, or with one array per input"
LONE = (*ONLY_INPUT, "arr_0", "events", "data", "spikes")
"""Accepted names of the array of the only input. Those after the first two only if the file has no other array."""


def load_stimulus(path: str | Path, network: Network, options: EventOptions | None = None) -> SampleValues:
    """Return the samples of a file by input, and its `labels` if it has any. A folder holds one recording for each sample.

    `options`: how a recording of an event sensor becomes the input.

    Raises DiagnosticError: ND001, ND003-ND006, ND012, ND505 (missing or unknown array), ND069 (unsupported format); for
    recordings also ND094-ND099, for spike trains of SONATA also ND089, ND090 and ND093.
    """
    path, chosen = Path(path), options or EventOptions()
    if os.path.isdir(path):
        return samples_of(path, network, read_folder(path, chosen, read_events), chosen)
    head = _head(path)
    if _holds_spike_trains(path, head):
        from neurodeploy.importers.sonata.spikes import load_spikes  # loads h5py

        _require_no_options(path, chosen)
        return load_spikes(path, network)
    kind = event_format(path, head)
    if kind is not None:
        _only(path, network)
        return samples_of(path, network, read_format(path, kind, chosen), chosen)
    arrays = _arrays(path, head)
    if arrays is None:
        raise _not_supported(path)
    if _is_recording(network, arrays, chosen):
        return samples_of(path, network, of_arrays(path, arrays, chosen), chosen)
    _require_no_options(path, chosen)
    if head.startswith(b"\x93NUMPY"):
        arrays = {_only(path, network): next(iter(arrays.values()))}
    return _of_arrays(path, network, arrays)


def _holds_spike_trains(path: Path, head: bytes) -> bool:
    """Whether a file has spike trains in the layout of SONATA, or is a configuration that may name some."""
    found = recognize(path) if head.startswith((b"\x89HDF", b"{")) else None
    return found is not None and found.key in ("sonata_spikes", "sonata_config")


def _require_no_options(path: Path, options: EventOptions) -> None:
    """Raise ND098 if options of recordings are given for another file."""
    given = [EVENT_FLAGS[name] for name in EVENT_FLAGS if getattr(options, name) is not None]
    if given:
        message = f"is no recording of events for one input, so {', '.join(given)} cannot apply"
        raise refuse("ND098", path, message, fixes=["omit the options of recordings"])


def read_events(path: str | Path, options: EventOptions | None = None) -> EventRecording:
    """Return a recording of an event sensor, or of a folder with one recording for each sample.

    Raises DiagnosticError: ND001, ND003, ND006, ND012, ND069 (unsupported format), ND094, ND096-ND099.
    """
    path, chosen = Path(path), options or EventOptions()
    if os.path.isdir(path):
        return read_folder(path, chosen, read_events)
    head = _head(path)
    kind = event_format(path, head)
    if kind is not None:
        return read_format(path, kind, chosen)
    arrays = _arrays(path, head)
    if arrays is None:
        raise _not_supported(path)
    if not are_events(arrays):
        names = ", ".join(quoted(name) for name in list(arrays)[:8])
        message = f"holds no events: no fields t and x, nor rows of floats (arrays: {names})"
        raise refuse("ND099", path, message, fixes=["name the columns t, x, y, p"])
    return of_arrays(path, arrays, chosen)


def _arrays(path: Path, head: bytes) -> dict[str, Array] | None:
    """Arrays of an .npz or .npy by name; None for other files."""
    if head.startswith(b"PK"):
        return open_npz_arrays(path)
    return {"events": open_npy_array(path)} if head.startswith(b"\x93NUMPY") else None


def _not_supported(path: Path) -> DiagnosticError:
    """ND069 for a file that is no stimulus, with what it is; ND003 for a damaged one."""
    suffix, content = path.suffix.lower(), recognize(path)
    if content is not None and content.key != "text":
        message = f"is {content.words}; supported are {supported()}"
        return refuse("ND069", path, message, fixes=[content.way_in if content.key in AS_THEY_SAY else CONVERT])
    if suffix in (".npz", ".npy", ""):
        return refuse("ND003", path, "is not a complete archive: it is truncated or in another format")
    known = BY_NAME.get(suffix)
    what = f"is {known}" if known else f"has the suffix '{path.suffix[:20]}', and its content is in no supported format"
    return refuse("ND069", path, f"{what}; supported are {supported()}", fixes=[CONVERT])


def _is_recording(network: Network, arrays: Mapping[str, Array], options: EventOptions) -> bool:
    """Whether arrays are read as a recording: events that the encoder of the only input does not describe itself."""
    if len(network.inputs) != 1 or not are_events(arrays):
        return False
    item = network.inputs[0]
    rows = len(arrays) == 1 and not is_structured(next(iter(arrays.values())))
    if rows and not isinstance(item.encoder, (Events, Spikes)):
        return False  # values of as many lines as rows of events have columns
    named = item.name in arrays and not is_structured(arrays[item.name]) and not rows
    return options != EventOptions() or not (isinstance(item.encoder, Events) or named)


def _head(path: Path) -> bytes:
    """The first bytes of a file. Raises DiagnosticError: ND001."""
    require_regular(path)
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise refuse("ND001", path, f"cannot be read: {error.strerror or error}") from None


def _only(path: Path, network: Network) -> str:
    """The input that the array of a file belongs to. Raises DiagnosticError: ND505."""
    names = [item.name for item in network.inputs]
    if len(names) != 1:
        message = f"holds one array; the network has {len(names)} inputs{': ' if names else ''}{', '.join(names[:8])}"
        raise refuse("ND505", path, message, fixes=["an .npz with one array for each input"] if names else [])
    return names[0]


def _of_arrays(path: Path, network: Network, arrays: Mapping[str, Array]) -> SampleValues:
    """Samples of the arrays of a file. Raises DiagnosticError: ND505, ND069, all faults at once."""
    if not arrays or any(name.startswith("tensors/") for name in arrays):
        what = "a neurodeploy file other than a stimulus" if arrays else "a zip archive without an array"
        raise refuse("ND069", path, f"is {what}; supported are {supported()}", fixes=[CONVERT])
    names, count = [item.name for item in network.inputs], None
    columns = len(names) == 1 and _are_columns(network.inputs[0], arrays)
    left, labels = without_labels(arrays, names, short=not columns)
    if columns:
        left, count = _joined(path, network.inputs[0], left)
    elif len(names) == 1 and names[0] not in left:
        own = next((name for name in LONE if name in left and (name in ONLY_INPUT or len(left) == 1)), None)
        left = {names[0] if name == own else name: array for name, array in left.items()}
    _require_names(path, names, left)
    plain = {name: _plain(network.input_by_name[name], array) for name, array in left.items()}
    try:
        return SampleValues.model_validate({"values": plain, "labels": labels, "n_samples": count})
    except ValidationError as error:
        findings = schema_findings("ND505", about("file", path), error, {"values": plain}, SampleValues)
        raise DiagnosticError("files", findings) from None


def _require_names(path: Path, names: list[str], arrays: Mapping[str, Array]) -> None:
    """Raise ND505 for inputs without an array, and for arrays without an input."""
    where = about("file", path)
    found = [finding("ND505", where, f"has no array for input '{name}'") for name in names if name not in arrays]
    unknown = [name for name in arrays if name not in names]
    for name in unknown[:MOST_NAMES]:
        message = f"has an array {quoted(name)}, but no input has that name"
        found.append(finding("ND505", where, message, fixes=nearest(name[:200], names)))
    if len(unknown) > MOST_NAMES:
        message = f"has {len(unknown) - MOST_NAMES} more arrays that match no input"
        found.append(finding("ND505", where, message))
    raise_errors("files", found)


def _plain(item: Input, array: Array) -> Array:
    """An array of numbers; sensor events get a sample column (0) if they have none."""
    if array.dtype == np.bool_:
        return array.view(np.uint8)
    rows = plain_columns(item, array)
    alone = isinstance(item.encoder, Events) and rows.ndim == 2 and rows.shape[1] == len(item.encoder.columns)
    return np.insert(rows, 0, 0, axis=1) if alone else rows


def _are_columns(item: Input, arrays: Mapping[str, Array]) -> bool:
    """Whether arrays are named columns of sensor events."""
    if not isinstance(item.encoder, Events):
        return False
    known = {column_of(name)[0] for name, array in arrays.items() if array.ndim == 1 and not is_structured(array)}
    return {"t", "x", "y"} <= known


def _joined(path: Path, item: Input, arrays: Mapping[str, Array]) -> tuple[dict[str, Array], int | None]:
    """Arrays with the columns of events joined to rows, sample first; and the number of samples if `offsets` gives it."""
    fields = {name: array for name, array in arrays.items() if column_of(name)[0]}
    left = {name: array for name, array in arrays.items() if name not in fields and name != OFFSETS}
    rows, found = columns_of_fields(item, fields)
    raise_errors("files", found)
    count = None
    if OFFSETS in arrays:
        samples, count = _numbered(path, arrays[OFFSETS], len(rows))
        rows = np.concatenate([samples[:, None], rows[:, -4:]], axis=1)
    elif rows.shape[1] == 4:
        rows = np.insert(rows, 0, 0, axis=1)
    return {item.name: rows, **left}, count


def _numbered(path: Path, offsets: Array, events: int) -> tuple[Array, int]:
    """The sample of each event and the number of samples, from the index of each sample's first event.

    A last offset equal to the number of events marks the end and is not a sample.
    """
    starts = whole_numbers(offsets) if offsets.ndim == 1 and offsets.size else None
    if starts is None or starts[0] != 0 or bool((np.diff(starts) < 0).any()) or starts[-1] > events:
        message = f"'{OFFSETS}' must hold the index of each sample's first event: ascending whole numbers from 0 to {events:,}"
        raise refuse("ND505", path, message)
    count = max(starts.size - (1 if starts.size > 1 and starts[-1] == events else 0), 1)
    samples: Array = np.searchsorted(starts[:count], np.arange(events), side="right") - 1
    return samples, count
