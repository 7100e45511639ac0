"""Messages of a stream: what a client asks for, and the bytes that it sends and gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from pydantic_core import from_json, to_json

from neurodeploy.base.noun import Name, Noun, WholeNumber
from neurodeploy.base.plain import as_table
from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.network import Network
from neurodeploy.signals import EventOptions
from neurodeploy.signals.options import TimeOrigin
from neurodeploy.stream.aer import EventForm
from neurodeploy.stream.nouns import Chunk

__all__ = [
    "StreamCommand",
    "StreamRequest",
    "answer_text",
    "command_of",
    "header_text",
    "options_of",
    "rows_of",
    "spike_frames",
]

Array = NDArray[Any]
N = TypeVar("N", bound=Noun)
FRAME_ROWS = 32_768
"""Rows of spikes in one message: 1 MiB at most, because usual clients refuse larger messages."""


class StreamRequest(Noun):
    """Options of a stream: the first message, if it is a text. Every field has a default."""

    input: Name | None = None
    """Input of the rows that follow; default: the only one."""
    format: Literal["steps", "aer"] = "steps"
    """Rows (step, line), or rows of a sensor: (time, column, row, polarity) in the order that the header names."""
    bits: Literal[32, 64] = 32
    """Bits of the little-endian integers of a row. Times in microseconds leave 32 bits after 35 minutes."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of noise: a signed 64-bit integer."""
    record: tuple[Name, ...] | None = None
    """Populations whose spikes are sent; default: all."""
    late: Literal["refuse", "drop"] = "refuse"
    """Rows of steps that were run: an error that ends the stream, or counted and left out."""
    time_origin: TimeOrigin = "zero"
    """Origin of a sensor's event times: "zero", or "first", the first event of the first message."""
    events: EventOptions = EventOptions()
    """How events of a sensor become the input, as for recordings."""
    width: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Columns of the sensor, which the crop of its center needs."""
    height: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Rows of the sensor, which the crop of its center needs."""


class StreamCommand(Noun):
    """A text after the first message."""

    input: Name | None = None
    """Input of the rows that follow."""
    until: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Step through which time passes, whether or not there are events."""
    finish: bool = False
    """Whether the stream ends: the network drains, and the server closes the connection."""


def options_of(text: str) -> StreamRequest | None:
    """Return the options in a stream's first text, or None if it is a command already. Raises DiagnosticError: ND944."""
    document = _document(text)
    return None if {"until", "finish"} & document.keys() else _noun(StreamRequest, document)


def command_of(text: str) -> StreamCommand:
    """Return the command in a text. Raises DiagnosticError: ND944."""
    return _noun(StreamCommand, _document(text))


def _document(text: str) -> Mapping[str, Any]:
    """The JSON object of a text."""
    try:
        table = as_table(from_json(text, allow_inf_nan=False))
    except ValueError as error:
        raise _malformed(f"text is not JSON: {str(error)[:200]}") from None
    if table is None:
        raise _malformed("text is not a JSON object")
    return table


def _noun(kind: type[N], document: Mapping[str, Any]) -> N:
    """A message as a noun."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        found = schema_findings("ND944", about("stream"), error, document, kind)
    raise DiagnosticError("stream", found)


def _malformed(message: str) -> DiagnosticError:
    return DiagnosticError("stream", (finding("ND944", about("stream"), message),))


def rows_of(data: bytes, columns: int, bits: int) -> Array:
    """Return the rows of a binary message: (n, `columns`) little-endian integers of `bits` bits.

    Raises DiagnosticError: ND944 (no whole number of rows).
    """
    width = columns * bits // 8
    if len(data) % width:
        message = (
            f"binary message of {len(data):,} bytes is no whole number of rows of {columns} int{bits}, {width} bytes"
        )
        raise _malformed(message)
    return np.frombuffer(data, dtype=f"<i{bits // 8}").reshape(-1, columns)


def header_text(
    network: Network, options: StreamRequest, form: EventForm | None, *, version: str, recorded: tuple[str, ...]
) -> str:
    """Return the first text of the server: what rows of the client mean, and what its own rows mean.

    `form`: of the rows of a sensor; None: they are (step, line). `recorded`: populations whose spikes are sent.
    """
    graded = _sends_values(network, recorded)
    columns = ["step", "line"] if form is None else list(form.columns)
    events: dict[str, Any] = {"columns": columns, "bits": options.bits}
    if form is not None:
        events.update(unit_s=form.unit_s, step_s=form.step_s)
    document: dict[str, Any] = {
        "model": network.name,
        "version": version,
        "seed": options.seed,
        "step": 0,
        "dt_s": network.time.dt_s,
        "inputs": [{"name": item.name, "lines": item.size, "shape": list(item.shape)} for item in network.inputs],
        "rows": events,
        "populations": [
            {"index": index, "name": name, "size": network.population_by_name[name].size}
            for index, name in enumerate(recorded)
        ],
        "spikes": {
            "columns": ["population", "step", "neuron", *(["value"] if graded else [])],
            "bits": 64 if graded else 32,
        },
    }
    return to_json(document).decode()


def answer_text(step: int, spikes: int, *, late: int = 0, more: bool = False, finished: bool = False) -> str:
    """Return the text that follows the spikes of a message.

    `step`: last step that was run. `spikes`: rows sent since the last such text. `late`: rows that were left out. `more`:
    whether the message is still at work. `finished`: whether the network has drained.
    """
    flags = {"late": late or None, "more": more or None, "finished": finished or None}
    return to_json({"step": step, "spikes": spikes, **{k: v for k, v in flags.items() if v is not None}}).decode()


def _sends_values(network: Network, recorded: tuple[str, ...]) -> bool:
    """Whether spikes of some population carry a value."""
    return any(getattr(network.population_by_name[name].neuron, "sends_values", False) for name in recorded)


def spike_frames(network: Network, recorded: tuple[str, ...], chunk: Chunk) -> tuple[list[bytes], int]:
    """Return the binary messages of a chunk, and the number of their rows, ordered by population, step and neuron."""
    graded = _sends_values(network, recorded)
    parts = list[Array]()
    for index, name in enumerate(recorded):
        rows = chunk.spikes.get(name)
        if rows is None or not len(rows):
            continue
        made = np.zeros((len(rows), 4), dtype="<i8") if graded else np.empty((len(rows), 3), dtype="<i4")
        made[:, 0] = index
        made[:, 1:3] = rows
        if name in chunk.payloads:
            made[:, 3] = chunk.payloads[name]
        parts.append(made)
    if not parts:
        return [], 0
    rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return [rows[at : at + FRAME_ROWS].tobytes() for at in range(0, len(rows), FRAME_ROWS)], len(rows)
