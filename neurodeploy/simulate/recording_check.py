"""Checks of a recording, alone and against a program, before it is used.

A recording comes from a backend, from a file, or from a modified copy. Counting, comparing and decoding use its values as
indices, so shapes, ranges and order are checked here first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.rows import LARGEST, Bound, row_messages
from neurodeploy.diagnostics import Diagnostic, Subject, about, finding, raise_errors
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.learning_check import learned_messages

__all__ = ["recording_faults", "recording_messages", "require_sound_recording"]

Array = NDArray[Any]


def require_sound_recording(recording: Recording, program: Program | None = None) -> None:
    """Raise DiagnosticError with ND513 for every fault of a recording, including being of another program."""
    raise_errors("recording", recording_faults(recording, program))


def recording_faults(
    recording: Recording, program: Program | None = None, subject: Subject | None = None
) -> list[Diagnostic]:
    """Return ND513 for every fault of a recording, including being of another program.

    `subject`: subject of the findings.
    """
    return [
        finding("ND513", subject or about("recording"), message) for message in recording_messages(recording, program)
    ]


def recording_messages(recording: Recording, program: Program | None = None, *, trusted: bool = False) -> list[str]:
    """Return the faults of a recording, one sentence each. `trusted`: skip the check of spike rows."""
    found = list(_number_messages(recording)) or list(_array_messages(recording))
    neurons, lines = dict[str, int](), dict[str, int]()
    if program is not None and not found:
        neurons = {item.name: item.size for item in program.populations}
        lines = {item.name: item.size for item in program.network.inputs}
        found = list(_program_messages(recording, program, neurons, lines))
    return found if found or trusted else list(_row_messages(recording, neurons, lines))


def _number_messages(recording: Recording) -> Iterator[str]:
    first, last = recording.first_step, recording.n_steps
    if not -(2**63) <= recording.seed < 2**63:
        yield "its seed is not a 64-bit integer"
    if not 0 <= recording.n_samples <= LARGEST:
        yield f"n_samples {recording.n_samples:,} is not in 0..{LARGEST:,}"
    if not 1 <= first <= last <= LARGEST:
        yield f"first_step {first:,} and n_steps {last:,} are not a range of steps in 1..{LARGEST:,}"
    if recording.partial and (recording.n_samples != 1 or recording.complete):
        yield "is marked partial but is not a stopped run of one sample"


def _row_messages(recording: Recording, neurons: dict[str, int], lines: dict[str, int]) -> Iterator[str]:
    """Spike rows that are out of range, duplicated or unsorted; unknown sizes are unlimited."""
    when = Bound("sample", 0, recording.n_samples - 1), Bound("step", recording.first_step, recording.n_steps)
    for name, rows in recording.spikes.items():
        last = neurons.get(name, LARGEST) - 1
        yield from row_messages(rows, (*when, Bound("neuron", 0, last)), f"spikes of population '{name}'", ordered=True)
    for name, rows in recording.input_spikes.items():
        last = lines.get(name, LARGEST) - 1
        yield from row_messages(rows, (*when, Bound("line", 0, last)), f"spikes of input '{name}'", ordered=True)


def _counts(values: Array) -> bool:
    """Whether values are integers of a type that int64 contains."""
    return values.dtype.kind in "iu" and bool(np.can_cast(values.dtype, np.int64))


def _array_messages(recording: Recording) -> Iterator[str]:
    """Payloads, states and counters with wrong shapes or impossible values."""
    length = recording.n_steps - recording.first_step + 1
    unknown = sorted(set(recording.recorded or ()) - recording.spikes.keys())
    if unknown:
        yield f"lists {unknown} as recorded, but has no spikes of them"
    for name, values in recording.payloads.items():
        rows = recording.spikes.get(name)
        if rows is None or values.shape != rows.shape[:1] or not _counts(values):
            yield f"payloads of '{name}' have shape {list(values.shape)}; needs one for each of its spikes"
    for name, values in recording.states.items():
        if (
            values.ndim != 3
            or values.shape[:2] != (recording.n_samples, length)
            or not (_counts(values) or values.dtype.kind == "f")
        ):
            needs = f"[{recording.n_samples}, {length}, neurons]"
            yield f"states of probe '{name}' have shape {list(values.shape)} of {values.dtype}; needs {needs}"
        elif values.dtype.kind == "f" and not np.isfinite(values).all():
            yield f"states of probe '{name}' are not all finite"
    active = recording.active_updates
    if active is not None:
        if active.ndim != 3 or active.shape[:2] != (recording.n_samples, length) or not _counts(active):
            needs = f"[{recording.n_samples}, {length}, cores]"
            yield f"active_updates has shape {list(active.shape)} of {active.dtype}; needs {needs}"
        elif active.size and int(active.min()) < 0:
            yield f"active_updates has negative counts, the lowest {int(active.min()):,}"
    for name, counts in recording.overflows.items():
        most = recording.n_samples * length
        if counts.ndim != 2 or counts.shape[0] != 3 or not _counts(counts):
            yield f"overflows of '{name}' have shape {list(counts.shape)} of {counts.dtype}; needs [3, neurons]"
        elif counts.size and (int(counts.min()) < 0 or (recording.complete and int(counts.max()) > most)):
            yield f"overflows of '{name}' are not counts in 0..{most:,}"
    yield from _learned_messages(recording)


def _learned_messages(recording: Recording) -> Iterator[str]:
    """Learned values with impossible shapes, or of another run."""
    learned = recording.learned
    if learned is None:
        return
    if learned.program_digest != recording.program_digest:
        yield f"what it learned is of program {learned.program_digest[:12]!r}, not of {recording.program_digest[:12]!r}"
    if learned.step > recording.n_steps:
        yield f"what it learned is of step {learned.step:,}, after its last step {recording.n_steps:,}"
    rows = (1, recording.n_samples)
    for name, values in learned.synapses.items():
        if values.ndim != 2 or values.shape[0] not in rows or not _counts(values):
            needs = f"[{' or '.join(str(row) for row in dict.fromkeys(rows))}, synapses]"
            yield f"learned '{name}' has shape {list(values.shape)} of {values.dtype}; needs {needs}"


def _program_messages(
    recording: Recording, program: Program, neurons: dict[str, int], lines: dict[str, int]
) -> Iterator[str]:
    """Contents that this program cannot have produced."""
    if recording.program_digest != program.digest():
        yield f"is of program {recording.program_digest[:12]!r}, not of {program.digest()[:12]!r}"
        return
    if recording.spikes.keys() != neurons.keys():
        yield f"has spikes of {sorted(recording.spikes)}; the program's populations are {sorted(neurons)}"
    foreign = sorted(recording.input_spikes.keys() - lines.keys())
    if foreign:
        yield f"has spikes of inputs {foreign}; the program's are {sorted(lines)}"
    for name, counts in recording.overflows.items():
        if counts.shape[1] != neurons.get(name):
            yield f"overflows of '{name}' are of {counts.shape[1]} neurons; the program has {neurons.get(name, 0)}"
    yield from _activity_messages(recording, program)
    if recording.learned is not None:
        rows = (1, recording.n_samples)
        for name, message in learned_messages(program, recording.learned.synapses, rows):
            yield f"learned '{name}' {message}"


def _activity_messages(recording: Recording, program: Program) -> Iterator[str]:
    """Counts of active compartments that exceed the size of a core."""
    active = recording.active_updates
    if active is None:
        return
    tables = program.tables
    if active.shape[2] != tables.n_cores:
        yield f"active_updates counts {active.shape[2]} cores; the program has {tables.n_cores}"
    elif active.size and (active.max(axis=(0, 1)) > np.diff(tables.compartment_ptr)).any():
        yield "active_updates counts more compartments than a core has"
