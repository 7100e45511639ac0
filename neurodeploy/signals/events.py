"""Recordings of event sensors as files hold them, and how they become the input of a network."""

from __future__ import annotations

from typing import Literal, TypedDict

import numpy as np
from pydantic import Field

from neurodeploy.base.noun import IntArray, Noun
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.network import Events

__all__ = ["EVENT_FLAGS", "ColumnOrder", "EventChoices", "EventOptions", "EventRecording", "SensorEvents"]

ColumnOrder = Literal["txyp", "xytp", "xypt"]
TimeUnit = Literal["ns", "us", "ms", "s"]


class EventOptions(Noun):
    """How a recording of an event sensor becomes the input of a network. None: not chosen."""

    window_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds of a recording that one step shows. Default: the network's dt."""
    polarity: Literal["separate", "merge", "on", "off"] | None = None
    """Polarities of events: kept apart, counted as one, or only one of them kept. Default: separate if the input has an
    axis of polarities, else merge."""
    downsample: int | None = Field(default=None, ge=1, le=4096)
    """Whole number by which columns and rows of a sensor are divided, for a smaller input."""
    crop: Literal["center", "corner"] | None = None
    """Part of a larger sensor that is kept: its center, or the corner with column and row 0."""
    event_unit: TimeUnit | None = None
    """Unit of the times in a file that does not state one."""
    columns: ColumnOrder | None = None
    """Order of columns without names: t (time), x (column), y (row), p (polarity)."""
    bins: Literal["floor", "round"] | None = None
    """How a time becomes a step: the step it lies in, or the nearest one, as lava-dl rounds. Default: floor."""


class EventChoices(TypedDict, total=False):
    """Fields of EventOptions as keyword arguments."""

    window_s: float | None
    polarity: Literal["separate", "merge", "on", "off"] | None
    downsample: int | None
    crop: Literal["center", "corner"] | None
    event_unit: Literal["ns", "us", "ms", "s"] | None
    columns: Literal["txyp", "xytp", "xypt"] | None
    bins: Literal["floor", "round"] | None


EVENT_FLAGS = {
    "window_s": "--window",
    "polarity": "--polarity",
    "downsample": "--downsample",
    "crop": "--crop",
    "event_unit": "--event-unit",
    "columns": "--columns",
    "bins": "--bins",
}
"""Field of EventOptions -> its command-line option."""


class EventRecording(Noun):
    """Events of a sensor with pixels, or of numbered lines, in the order of their times within each sample."""

    source: str
    """Format of the file, such as "AEDAT 4"."""
    t: IntArray
    """(events,) times in `unit_s`, int64."""
    x: IntArray
    """(events,) columns of the sensor, or numbers of lines."""
    y: IntArray
    """(events,) rows of the sensor; 0 for lines."""
    p: IntArray
    """(events,) polarities: 1 (on) or 0 (off)."""
    unit_s: float = Field(default=1e-6, gt=0)
    """Unit of t, in seconds."""
    lines: bool = False
    """Whether x numbers lines, as in recordings of sound, instead of columns of pixels."""
    width: int | None = None
    """Columns of the sensor; None if the file does not state it."""
    height: int | None = None
    """Rows of the sensor; None if the file does not state it."""
    starts: IntArray = Field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    """(samples,) index of the first event of each sample."""
    labels: IntArray | None = None
    """(samples,) class labels; None if unknown."""
    findings: tuple[Diagnostic, ...] = ()
    """What was assumed, reordered, or not read."""


class SensorEvents(Events):
    """The encoder of a recording: its unit of time, and the length of recording that a step shows."""

    window_s: float | None = None
    """Seconds of a recording that one step shows. None: the network's dt."""
    bins: Literal["floor", "round"] = "floor"
    """Step of a time: that in which it lies, or the nearest one."""
