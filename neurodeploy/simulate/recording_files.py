"""Files of recordings (.ndr) and of states (.nds)."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from neurodeploy.diagnostics import DiagnosticError, about, raise_errors
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.archive import read_sealed, sealed_bytes, write_atomically
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunState
from neurodeploy.simulate.recording_check import recording_faults

__all__ = ["load_recording", "load_state", "save_recording", "save_state"]

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


def _loaded(path: str | Path, kind: str, noun: type[Kept]) -> Kept:
    plain, _ = read_sealed(Path(path), kind)
    try:
        return noun.model_validate(plain)
    except ValidationError as error:
        raise DiagnosticError("files", schema_findings("ND003", about("file", path), error, plain, noun)) from None
