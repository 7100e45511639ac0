"""A recording as the samples of a network: polarities, smaller sensors, and lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Fix, Subject, about, finding
from neurodeploy.io.archive import refuse
from neurodeploy.network import Bias, Current, Events, Input, Network, Spikes
from neurodeploy.signals.events import EventOptions, EventRecording, SensorEvents
from neurodeploy.signals.stimulus import SampleValues
from neurodeploy.simulate.event_files.common import Array, Columns

__all__ = ["Fitted", "fitted", "samples_of", "sensor_encoder"]

MOST_DOWNSAMPLE = 64


class _Target(NamedTuple):
    """What an input takes: rows and columns of pixels, and whether polarities are apart."""

    height: int
    width: int
    polarities: bool


class Fitted(NamedTuple):
    """Events that fit an input, with the sample of each."""

    columns: Columns
    sample: Array
    findings: list[Diagnostic]

    def rows(self) -> Array:
        """Return (n, 5) int64 rows (sample, t, x, y, p)."""
        rows = np.empty((self.columns.t.size, 5), dtype=np.int64)
        for number, column in enumerate((self.sample, *self.columns)):
            rows[:, number] = column
        return rows


def samples_of(path: Path, network: Network, recording: EventRecording, options: EventOptions) -> SampleValues:
    """Return the samples of a recording for the only input of a network, which is encoded as its times say.

    Findings: those of the recording, and ND556 for events that the options leave out. Raises DiagnosticError: ND095 (pixels
    outside the input), ND098 (options or shape), ND505 (several inputs).
    """
    item = network.inputs[0] if len(network.inputs) == 1 else None
    if item is None:
        names = ", ".join(other.name for other in network.inputs[:8])
        raise refuse("ND505", path, f"is one recording; the network has {len(network.inputs)} inputs: {names}")
    made = fitted(about("file", path), item, recording, options)
    values: dict[str, Any] = {
        "values": {item.name: made.rows()},
        "labels": recording.labels,
        "n_samples": recording.starts.size,
        "encoders": {item.name: sensor_encoder(recording.unit_s, options)},
        "findings": tuple(made.findings),
    }
    return SampleValues.model_validate(values)


def sensor_encoder(unit_s: float, options: EventOptions) -> SensorEvents:
    """Return the encoder of events that fit an input. `unit_s`: unit of their times, in seconds."""
    return SensorEvents(columns="txyp", unit_s=unit_s, window_s=options.window_s, bins=options.bins or "floor")


def fitted(where: Subject, item: Input, recording: EventRecording, options: EventOptions) -> Fitted:
    """Return the events of a recording as the pixels or lines of an input, with findings about what is left out.

    `where`: the subject of findings. Raises DiagnosticError: ND095 (pixels outside the input), ND098 (options or shape).
    """
    sample = np.repeat(np.arange(recording.starts.size), np.diff(recording.starts, append=recording.t.size))
    columns = Columns(recording.t, recording.x, recording.y, recording.p)
    made = Fitted(columns, sample, [*recording.findings, *_encoder_notes(where, item)])
    target = _target(where, item, recording, options)
    made = _one_polarity(where, made, options, target)
    return _onto_pixels(where, made, recording, options, target, item)


def _encoder_notes(where: Subject, item: Input) -> list[Diagnostic]:
    """ND096 for an encoder of values that the recording replaces. Raises: ND098 for one that events cannot replace."""
    if isinstance(item.encoder, (Bias, Current)):
        message = f"holds events, but encoder '{item.encoder.kind}' of input '{item.name}' needs values"
        raise DiagnosticError("encode", (finding("ND098", where, message),))
    if isinstance(item.encoder, (Events, Spikes)):
        return []
    message = f"events are spikes of input '{item.name}'; its encoder '{item.encoder.kind}' is not used"
    return [finding("ND096", where, message)]


def _target(where: Subject, item: Input, recording: EventRecording, options: EventOptions) -> _Target:
    """What an input takes. Raises: ND098 for a shape without pixels, and for options that the shape excludes."""
    shape = item.shape
    if recording.lines:
        apart = len(shape) == 2 and shape[0] == 2
        target = _Target(1, item.size // (2 if apart else 1), apart)
    elif len(shape) == 1:
        target = _flat_target(where, item, recording)
    elif len(shape) == 2 or (len(shape) == 3 and shape[0] in (1, 2)):
        target = _Target(shape[-2], shape[-1], len(shape) == 3 and shape[0] == 2)
    else:
        message = (
            f"has pixels; input '{item.name}' has shape {list(shape)}, and needs (2, rows, columns) or (rows, columns)"
        )
        raise DiagnosticError("encode", (finding("ND098", where, message),))
    faults = list[str]()
    if options.polarity == "separate" and not target.polarities:
        faults.append(
            f"--polarity separate needs an input of shape (2, rows, columns); '{item.name}' has {list(shape)}"
        )
    if recording.lines and (options.downsample or options.crop):
        faults.append("--downsample and --crop apply to pixels; the file numbers lines")
    if faults:
        raise DiagnosticError("encode", tuple(finding("ND098", where, message) for message in faults))
    return target


def _flat_target(where: Subject, item: Input, recording: EventRecording) -> _Target:
    """Pixels of a flat input: those of the sensor, once or for each polarity."""
    height, width = recording.height, recording.width
    if height and width and item.size in (height * width, 2 * height * width):
        return _Target(height, width, item.size == 2 * height * width)
    side = round((item.size / 2) ** 0.5)
    if not height and 2 * side * side == item.size:
        return _Target(side, side, True)
    message = f"has pixels; input '{item.name}' is flat with {item.size:,} lines, which are not those of " + (
        f"{width} x {height} pixels, with or without polarities" if height else "a square sensor with two polarities"
    )
    raise DiagnosticError(
        "encode", (finding("ND098", where, message, fixes=["give the input its shape (2, rows, columns)"]),)
    )


def _kept(fitted: Fitted, keep: Array, notes: list[Diagnostic]) -> Fitted:
    columns = Columns(*(column[keep] for column in fitted.columns))
    return Fitted(columns, fitted.sample[keep], [*fitted.findings, *notes])


def _one_polarity(where: Subject, fitted: Fitted, options: EventOptions, target: _Target) -> Fitted:
    """Events of the polarities that are kept."""
    count, on = fitted.columns.p.size, int(np.count_nonzero(fitted.columns.p))
    if options.polarity in ("on", "off"):
        keep = (fitted.columns.p != 0) == (options.polarity == "on")
        rest = count - int(keep.sum())
        message = f"--polarity {options.polarity} leaves out {rest:,} of {count:,} events"
        fitted = _kept(fitted, keep, [finding("ND556", where, message)] if rest else [])
    if options.polarity == "merge" or not target.polarities:
        if on not in (0, count) and options.polarity is None:
            message = (
                f"the input has no polarities, so {on:,} events of polarity on and {count - on:,} off count as one kind"
            )
            fitted.findings.append(finding("ND096", where, message))
        return fitted._replace(columns=fitted.columns._replace(p=np.zeros_like(fitted.columns.p)))
    return fitted


def _onto_pixels(
    where: Subject, fitted: Fitted, recording: EventRecording, options: EventOptions, target: _Target, item: Input
) -> Fitted:
    """Events in the columns and rows of the input, after down-sampling and cropping."""
    factor = options.downsample or 1
    x, y = fitted.columns.x, fitted.columns.y
    x, y = (x // factor, y // factor) if factor > 1 else (x, y)
    left, top = _corner(where, recording, options, target, factor)
    x, y = (x - left, y - top) if left or top else (x, y)
    outside = (x < 0) | (x >= target.width) | (y < 0) | (y >= target.height)
    count, rest = x.size, int(outside.sum())
    if rest and not options.crop:
        raise _too_small(where, fitted.columns, recording, target, rest, item, factor)
    fitted = fitted._replace(columns=fitted.columns._replace(x=x, y=y))
    if rest:
        kept = f"columns {left}..{left + target.width - 1} and rows {top}..{top + target.height - 1}"
        message = f"--crop {options.crop} keeps {kept} and leaves out {rest:,} of {count:,} events"
        fitted = _kept(fitted, ~outside, [finding("ND556", where, message)])
    return fitted._replace(columns=_lines_of(fitted.columns, target, item), findings=fitted.findings)


def _lines_of(columns: Columns, target: _Target, item: Input) -> Columns:
    """Columns as the encoder reads them: of a flat input, x is the line and there are no rows."""
    if len(item.shape) == 2 and item.shape[0] == 2 and target.height == 1 and target.polarities:
        return columns._replace(y=columns.p.astype(np.int64), p=np.zeros_like(columns.p))
    if len(item.shape) in (2, 3) and (target.height, target.width) == item.shape[-2:]:
        return columns
    line = (columns.p.astype(np.int64) * target.height + columns.y) * target.width + columns.x
    shape = item.shape if len(item.shape) > 1 else (1, *item.shape)
    return columns._replace(x=line % shape[-1], y=line // shape[-1] % shape[-2], p=line // (shape[-1] * shape[-2]))


def _corner(
    where: Subject, recording: EventRecording, options: EventOptions, target: _Target, factor: int
) -> tuple[int, int]:
    """First column and row that are kept. Raises: ND098 if the center of an unknown sensor is asked for."""
    if options.crop != "center":
        return 0, 0
    if not recording.width or not recording.height:
        message = "does not state the size of its sensor, which --crop center needs"
        raise DiagnosticError("encode", (finding("ND098", where, message, fixes=["--crop corner"]),))
    sizes = (-(-recording.width // factor), target.width), (-(-recording.height // factor), target.height)
    left, top = (max(sensor - own, 0) // 2 for sensor, own in sizes)
    return left, top


def _too_small(
    where: Subject, columns: Columns, recording: EventRecording, target: _Target, rest: int, item: Input, factor: int
) -> DiagnosticError:
    """ND095 with the down-sampling that makes the sensor fit."""
    if recording.lines:
        message = f"{rest:,} of {columns.x.size:,} events have lines outside input '{item.name}', up to {int(columns.x.max()):,}"
        numbers: dict[str, Any] = {"found": int(columns.x.max()) + 1, "limit": target.width, "unit": "line"}
        return DiagnosticError("encode", (finding("ND095", where, message, **numbers),))
    width = recording.width or int(columns.x.max()) + 1
    height = recording.height or int(columns.y.max()) + 1
    what = (
        f"has a sensor of {width} x {height} pixels"
        if recording.width
        else f"has events up to column {width - 1} and row {height - 1}"
    )
    message = f"{what}; input '{item.name}' has {target.width} x {target.height}, and {rest:,} of {columns.x.size:,} events lie outside"
    if factor > 1:
        message += f" after --downsample {factor}"
    needed = max(-(-width // target.width), -(-height // target.height))
    fixes = list[Fix]()
    if 1 < needed <= MOST_DOWNSAMPLE:
        small = f"{-(-width // needed)} x {-(-height // needed)}"
        fixes.append(Fix(text=f"divide columns and rows by {needed}, to {small} pixels", flag=f"--downsample {needed}"))
    crop = "center" if recording.width else "corner"
    fixes.append(Fix(text=f"keep {target.width} x {target.height} pixels at the {crop}", flag=f"--crop {crop}"))
    return DiagnosticError("encode", (finding("ND095", where, message, fixes=fixes),))
