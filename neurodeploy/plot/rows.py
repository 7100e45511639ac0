"""What of a recording is drawn: the populations and inputs by name, the sample, and their spikes."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, NamedTuple, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.plot.frame import nothing, unknown
from neurodeploy.program import Program
from neurodeploy.signals import Recording
from neurodeploy.simulate.recording_check import require_sound_recording

__all__ = ["Group", "groups_of", "place_in", "require_sample"]


class Group(NamedTuple):
    """A population or an input, and its spikes."""

    name: str
    size: int
    rows: NDArray[np.int64]
    """(n, 3): sample, step, neuron or line."""
    is_input: bool


def groups_of(
    function: str, program: Program, recording: Recording, names: Sequence[str] | None, *, inputs: bool
) -> list[Group]:
    """Return what is drawn, inputs first, in the order of the network or of `names`.

    `function`: the name that is called. `names`: populations and inputs; None: all whose spikes were recorded, with
    `inputs` those of the inputs too.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND766 (not recorded),
    ND767 (no such name).
    """
    needs(function, program=(program, Program), recording=(recording, Recording))
    needs(function, populations=(names, (list, tuple, type(None))))
    require_sound_recording(recording, program)
    every = {
        **{item.name: (item.size, recording.input_spikes.get(item.name), True) for item in program.network.inputs},
        **{item.name: (item.size, _rows(recording, item.name), False) for item in program.populations},
    }
    missing: list[Diagnostic] = [
        unknown(function, "population", name, list(every)) for name in names or () if name not in every
    ]
    if missing:
        raise DiagnosticError(function, tuple(missing))
    found = list[Group]()
    for name in every if names is None else dict.fromkeys(names):
        size, rows, is_input = every[name]
        if names is None and (rows is None or (is_input and not inputs)):
            continue
        if rows is None:
            raise nothing(
                function, about("population", name), "its spikes were not recorded", "nd.run(..., record=None)"
            )
        found.append(Group(name, size, np.asarray(rows, dtype=np.int64).reshape(-1, 3), is_input))
    if not found:
        raise nothing(function, about("recording"), "has no spikes of any population", "nd.run(..., record=None)")
    return found


def _rows(recording: Recording, name: str) -> Any:
    absent = recording.recorded is not None and name not in recording.recorded
    return None if absent else recording.spikes[name]


def place_in(value: object, count: int) -> int | None:
    """Return a whole number from 0 to `count` - 1, of Python or numpy; None if `value` is something else."""
    try:
        number = -1 if isinstance(value, bool) else index(cast("SupportsIndex", value))
    except TypeError:
        return None
    return number if 0 <= number < count else None


def require_sample(function: str, recording: Recording, sample: object) -> int:
    """Return the number of a sample. Raises DiagnosticError: ND767 (no such sample).

    `function`: the name that is called. `sample`: its argument, from 0.
    """
    number = place_in(sample, recording.n_samples)
    if number is None:
        known = [f"0 to {recording.n_samples - 1}"] if recording.n_samples else []
        raise DiagnosticError(function, (unknown(function, "sample", sample, known),))
    return number
