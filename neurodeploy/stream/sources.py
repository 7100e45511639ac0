"""Where the events of a stream come from: recordings that are played again, fast or in real time. Sockets are in `udp.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Name
from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.diagnostics.choices import whole_faults
from neurodeploy.network import Current, Network
from neurodeploy.signals import EventOptions, Samples, SampleValues, Stimulus, TimeOrigin
from neurodeploy.simulate.encode import encode, encode_values
from neurodeploy.simulate.stimulus_files import load_stimulus
from neurodeploy.stream.nouns import Chunk

if TYPE_CHECKING:
    from neurodeploy.stream.session import Session

__all__ = ["Batch", "Replay", "play", "replay"]

Array = NDArray[Any]
MOST_SPEED = 1e6
"""Largest factor of real time."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that arrive together."""

    rows: dict[Name, Array]
    """Input -> (n, 2) rows (step, line)."""
    until: int | None = None
    """Step that the source has passed; None: the step before the last event, because more of that step may come."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A recording as a source: batches of `batch_steps` steps each, at their time or as fast as they are taken."""

    rows: dict[Name, Array]
    """Input -> (n, 2) int32 rows (step, line), ascending."""
    steps: int
    """Last step of the recording."""
    step_s: float
    """Seconds of the recording that a step shows."""
    batch_steps: int = 10
    """Steps of a batch."""
    speed: float | None = None
    """Times real time; None: as fast as the batches are taken."""
    findings: tuple[Diagnostic, ...] = ()
    """What reading and encoding assumed, merged or left out."""

    def __iter__(self) -> Iterator[Batch]:
        return self.batches()

    def batches(
        self,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> Iterator[Batch]:
        """Yield the batches. `clock`: returns seconds; `pause`: waits for seconds."""
        start, first = clock(), 0
        while first < self.steps:
            last = min(first + self.batch_steps, self.steps)
            if self.speed is not None:
                early = start + last * self.step_s / self.speed - clock()
                if early > 0:
                    pause(early)
            yield Batch({name: _between(rows, first, last) for name, rows in self.rows.items()}, last)
            first = last


def _between(rows: Array, after: int, last: int) -> Array:
    """Rows of the steps after `after`, up to `last`."""
    low, high = np.searchsorted(rows[:, 0], (after, last), side="right")
    return rows[low:high]


def replay(
    network: Network,
    samples: Samples,
    *,
    events: EventOptions | None = None,
    sample: int = 0,
    steps: int | None = None,
    seed: int = 0,
    time_origin: TimeOrigin = "zero",
    batch_steps: int = 10,
    speed: float | None = None,
) -> Replay:
    """Return a recording, or other samples, as a source of events: the spikes that nd.run shows the network.

    `samples`: the path of an event recording or a stimulus file, or samples in any form that nd.encode takes. `events`: how a
    recording becomes the input. `sample`: number of the sample that is played. `steps`, `seed`, `time_origin`: as for nd.run.
    `batch_steps`: steps that are pushed together. `speed`: times real time, 1 for a recording at its own pace; None: as fast as
    possible.

    Raises DiagnosticError: ND002 (arguments), ND938 (no such sample, or an input of currents), the codes of nd.load_events and
    nd.encode.
    """
    raise_errors("replay", _argument_faults(sample, batch_steps, speed))
    values = load_stimulus(Path(samples), network, events) if isinstance(samples, (str, PathLike)) else samples
    if isinstance(values, SampleValues):
        stimulus = encode_values(network, values, steps=steps, seed=seed, time_origin=time_origin)
        step_s = _step_s(network, values)
    else:
        stimulus = encode(network, values, steps=steps, seed=seed, time_origin=time_origin)
        step_s = network.time.dt_s
    raise_errors("replay", _sample_faults(network, stimulus, sample))
    rows = {item.name: _rows_of(stimulus, item.name, sample) for item in network.inputs}
    return Replay(rows, stimulus.n_steps, step_s, batch_steps, speed, stimulus.findings)


def _rows_of(stimulus: Stimulus, name: str, sample: int) -> Array:
    """Rows (step, line) of one sample, ascending."""
    if name in stimulus.rasters:
        return np.argwhere(stimulus.rasters[name][sample]).astype(np.int32) + np.array([1, 0], dtype=np.int32)
    rows = stimulus.rows(name)
    own = rows[rows[:, 0] == sample][:, 1:]
    return np.ascontiguousarray(own[np.lexsort((own[:, 1], own[:, 0]))], dtype=np.int32)


def _step_s(network: Network, values: SampleValues) -> float:
    """Seconds that a step shows: the window of a recording if it has one, else the network's step."""
    windows = [encoder.window_s for encoder in values.encoders.values() if encoder.window_s is not None]
    return windows[0] if windows else network.time.dt_s


def _argument_faults(sample: int, batch_steps: int, speed: float | None) -> list[Diagnostic]:
    """ND002 for numbers that are none, or out of range."""
    where = about("function", "replay")
    found = whole_faults("replay", batch_steps=batch_steps)
    number: Any = sample
    if not isinstance(number, (int, np.integer)) or isinstance(number, bool) or not 0 <= number <= LARGEST:
        found.append(finding("ND002", where, "argument 'sample': needs a whole number from 0"))
    factor: Any = speed
    real = isinstance(factor, (int, float)) and not isinstance(factor, bool)
    if speed is not None and not (real and 0 < speed <= MOST_SPEED):
        found.append(finding("ND002", where, f"argument 'speed': needs a number above 0, up to {MOST_SPEED:,.0f}"))
    return found


def _sample_faults(network: Network, stimulus: Stimulus, sample: int) -> list[Diagnostic]:
    """ND938 for a sample that is not there, and for inputs without spikes."""
    found = list[Diagnostic]()
    if sample >= stimulus.n_samples:
        message = f"have no sample {sample}"
        found.append(
            finding("ND938", about("samples"), message, found=sample, limit=stimulus.n_samples - 1, unit="sample")
        )
    for item in network.inputs:
        if isinstance(item.encoder, Current):
            message = "is shown currents, which no source of events holds"
            fixes = ["session.push({input: values})"]
            found.append(finding("ND938", about("input", item.name), message, fixes=fixes))
    return found


def play(session: Session, source: Iterable[Batch], *, finish: bool = True) -> Iterator[Chunk]:
    """Yield what a session gives for each batch of a source, and at last for the drain.

    `session`: from nd.stream. `source`: from replay or UdpEvents, or any batches. `finish`: whether the stream ends with
    the source, so that the network drains as at the end of nd.run.

    Raises DiagnosticError: the codes of Session.push and of the source.
    """
    for batch in source:
        yield session.push(batch.rows, until=batch.until)
    if finish:
        yield session.finish()
