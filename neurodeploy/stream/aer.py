"""Events of a sensor that arrive in pieces, as rows (step, line): each piece by itself, equal to the recording as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Bias, Current, Events, Input, Network
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_columns import UNITS, sensor_rows
from neurodeploy.simulate.event_files.fit import fitted, sensor_encoder
from neurodeploy.simulate.events import event_faults, event_steps, units_per_step

__all__ = ["EventForm", "StepRows", "event_form", "event_steps_of", "input_named", "only_input"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class EventForm:
    """What rows of events mean, and the input that they become."""

    item: Input
    """The input, with the encoder of the rows: its columns and its unit of time."""
    dt_s: float
    """Step of the network, in seconds."""
    options: EventOptions | None
    """How events of a sensor are fitted to the input; None: they are as the network's own encoder describes them."""
    columns: str
    """Order of the columns: t (time), x (column), y (row), p (polarity)."""
    unit_s: float
    """Unit of times, in seconds."""
    width: int | None = None
    """Columns of the sensor, if known."""
    height: int | None = None
    """Rows of the sensor, if known."""

    @property
    def step_s(self) -> float:
        """Seconds of events that one step shows."""
        encoder = self.item.encoder
        assert isinstance(encoder, Events), "internal: event_form gives it one"
        return units_per_step(encoder, self.dt_s) * encoder.unit_s


class StepRows(NamedTuple):
    """Events as spikes of lines."""

    rows: Array
    """(n, 2) int32 rows (step, line), in the order of the events."""
    findings: tuple[Diagnostic, ...]
    """What was left out or read as something else."""


def only_input(network: Network) -> str:
    """Return the name of the only input. Raises DiagnosticError: ND936 if there are none, or several."""
    names = [item.name for item in network.inputs]
    if len(names) == 1:
        return names[0]
    message = f"has {len(names)} inputs, so the input of the events must be named"
    fixes = [f"input = '{name}'" for name in names[:3]]
    raise DiagnosticError("stream", (finding("ND936", about("network", network.name), message, fixes=fixes),))


def input_named(network: Network, name: str | None) -> Input:
    """Return the input with a name; None: the only one. Raises DiagnosticError: ND936."""
    known = network.input_by_name
    wanted = only_input(network) if name is None else name
    if wanted not in known:
        message = f"is not an input of network '{network.name}'"
        found = finding("ND936", about("input", wanted), message, fixes=nearest(wanted, list(known)))
        raise DiagnosticError("stream", (found,))
    return known[wanted]


def event_form(
    network: Network,
    name: str | None = None,
    options: EventOptions | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
) -> EventForm:
    """Return what rows of events mean to an input.

    `name`: the input; None: the only one. `options`: their columns and unit of time, by default those of the input's
    encoder, else (t, x, y, p) in microseconds; any other option fits them to the input as it fits recordings. `width`, `height`:
    columns and rows of the sensor, which `crop="center"` needs.

    Raises DiagnosticError: ND936 (no such input, or one that takes values).
    """
    item, chosen = input_named(network, name), options or EventOptions()
    encoder = item.encoder
    if isinstance(encoder, (Bias, Current)):
        message = f"has the encoder '{encoder.kind}', which takes values; events are spikes"
        raise DiagnosticError("stream", (finding("ND936", about("input", item.name), message),))
    own = encoder if isinstance(encoder, Events) else None
    unit_s = UNITS[chosen.event_unit] if chosen.event_unit else own.unit_s if own else UNITS["us"]
    fits = chosen.model_copy(update={"event_unit": None, "columns": None})
    if own is not None and fits == EventOptions():
        columns = chosen.columns or own.columns
        made = item.model_copy(update={"encoder": own.model_copy(update={"columns": columns, "unit_s": unit_s})})
        return EventForm(made, network.time.dt_s, None, columns, unit_s)
    made = item.model_copy(update={"encoder": sensor_encoder(unit_s, chosen)})
    return EventForm(made, network.time.dt_s, fits, chosen.columns or "txyp", unit_s, width, height)


def event_steps_of(form: EventForm, events: ArrayLike, *, origin: int = 0) -> StepRows:
    """Return events of a sensor as rows (step, line).

    `events`: (n, 4) whole numbers in the columns of `form`. `origin`: the time at which step 1 begins, in the unit of the form.

    What a piece becomes does not depend on other pieces: pieces in any order give the rows of the whole recording. Raises
    DiagnosticError: ND505 (shape, times before the origin, pixels or polarities outside the input), ND095 and ND098 (options
    that do not suit the sensor).
    """
    wide, notes = sensor_rows(form.item, _with_sample(np.asarray(events)))
    if form.options is not None and wide.ndim == 2 and wide.shape[1] == 5 and wide.dtype.kind in "iu":
        wide, more = _fitted(form, form.options, wide)
        notes = [*notes, *more]
    wide = _from_origin(form.item, wide, origin)
    raise_errors("stream", [*notes, *event_faults(form.item, wide, 1)])
    rows, found = event_steps(form.item, wide, form.dt_s)
    raise_errors("stream", found)
    return StepRows(rows[:, 1:].astype(np.int32), tuple(notes))


def _with_sample(events: Array) -> Array:
    """Whole numbers as int64 rows with the sample first, in one copy; others as they are, because they are faults."""
    if (
        events.ndim != 2
        or events.shape[1] != 4
        or events.dtype.kind not in "iu"
        or not np.can_cast(events.dtype, np.int64)
    ):
        return events
    wide = np.zeros((len(events), 5), dtype=np.int64)
    wide[:, 1:] = events
    return wide


def _fitted(form: EventForm, options: EventOptions, wide: Array) -> tuple[Array, list[Diagnostic]]:
    """Rows (sample, t, x, y, p) of a sensor as those of the input."""
    at = {name: 1 + place for place, name in enumerate(form.columns)}
    recording = EventRecording(
        source="stream",
        t=wide[:, at["t"]],
        x=wide[:, at["x"]],
        y=wide[:, at["y"]],
        p=wide[:, at["p"]],
        unit_s=form.unit_s,
        width=form.width,
        height=form.height,
    )
    made = fitted(about("stream"), form.item, recording, options)
    return made.rows(), made.findings


def _from_origin(item: Input, wide: Array, origin: int) -> Array:
    """Rows (sample, *columns) whose times count from the origin; others as they are, because they are faults."""
    encoder = item.encoder
    if not origin or not isinstance(encoder, Events) or wide.ndim != 2 or wide.shape[1] != 5 or wide.dtype.kind != "i":
        return wide
    moved = wide.copy()
    moved[:, 1 + encoder.columns.index("t")] -= origin
    return moved
