"""Files of recordings (.ndr), of states (.nds) and of learned weights (.learned.npz)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from neurodeploy.diagnostics import DiagnosticError, about, raise_errors
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.archive import open_npz_arrays, read_sealed, sealed_bytes, tensor_bytes, write_atomically
from neurodeploy.signals.learned import Learned
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunState
from neurodeploy.simulate.recording_check import recording_faults

__all__ = ["load_learned", "load_recording", "load_state", "save_learned", "save_recording", "save_state"]

FORMAT = "neurodeploy-recording"
STATE_FORMAT = "neurodeploy-state"
Kept = TypeVar("Kept", Recording, RunState)


def save_recording(recording: Recording, path: str | Path) -> None:
    """Write a sealed .ndr file. Raises DiagnosticError: ND007."""
    write_atomically(Path(path), sealed_bytes(recording, FORMAT))


def load_recording(path: str | Path) -> Recording:
    """Return the checked recording of an .ndr file. Raises DiagnosticError: ND001, ND003-ND006, ND012, ND513."""
    recording = _loaded(path, FORMAT, Recording)
    raise_errors("files", recording_faults(recording, None, about("file", path)))
    return recording


def save_state(state: RunState, path: str | Path) -> None:
    """Write a sealed .nds file. Raises DiagnosticError: ND007."""
    write_atomically(Path(path), sealed_bytes(state, STATE_FORMAT))


def load_state(path: str | Path) -> RunState:
    """Return the state of an .nds file. Raises DiagnosticError: ND001, ND003-ND006, ND012."""
    return _loaded(path, STATE_FORMAT, RunState)


def save_learned(learned: Learned, path: str | Path) -> None:
    """Write an .npz with an array for each variable of a projection, its digest and step. Raises DiagnosticError: ND007."""
    notes = {"program_digest": np.array(learned.program_digest), "step": np.array(learned.step)}
    write_atomically(Path(path), tensor_bytes({**learned.synapses, **notes}))


def load_learned(path: str | Path) -> Learned:
    """Return the learned weights of an .npz, whose arrays are named "projection.variable", (n, n_synapses) or (n_synapses,).

    Raises DiagnosticError: ND001, ND003, ND005, ND006, ND012.
    """
    arrays = open_npz_arrays(Path(path))
    digest, step = (arrays.pop(name, np.array(usual)) for name, usual in (("program_digest", ""), ("step", 0)))
    rows = {name: values if values.ndim != 1 else values[None, :] for name, values in arrays.items()}
    plain = {"program_digest": _one(digest), "step": _one(step), "synapses": rows}
    try:
        return Learned.model_validate(plain)
    except ValidationError as error:
        raise DiagnosticError("files", schema_findings("ND003", about("file", path), error, plain, Learned)) from None


def _one(array: NDArray[Any]) -> object:
    """The value of an array of one value without axes; other arrays as they are, which no field accepts."""
    return array.item() if array.ndim == 0 else array


def _loaded(path: str | Path, kind: str, noun: type[Kept]) -> Kept:
    plain, _ = read_sealed(Path(path), kind)
    try:
        return noun.model_validate(plain)
    except ValidationError as error:
        raise DiagnosticError("files", schema_findings("ND003", about("file", path), error, plain, noun)) from None
