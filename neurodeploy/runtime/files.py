"""Verb: stimulus and recording files. Encodes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from neurodeploy._archive import open_npz_arrays, read_sealed, refuse, sealed_bytes, write_atomically
from neurodeploy.diagnostics import DiagnosticError, raise_errors
from neurodeploy.diagnostics.translate import nearest, schema_findings
from neurodeploy.network import Network
from neurodeploy.runtime.recording import Recording
from neurodeploy.runtime.recording_check import recording_faults
from neurodeploy.runtime.state import RunState
from neurodeploy.runtime.stimulus import SampleValues

__all__ = ["load_recording", "load_state", "load_stimulus", "save_recording", "save_state"]

FORMAT = "neurodeploy-recording"
STATE_FORMAT = "neurodeploy-state"
Kept = TypeVar("Kept", Recording, RunState)


def load_stimulus(path: str | Path, network: Network) -> SampleValues:
    """Return the samples of an .npz file: one array for each input by name (`inputs` if there is one), `labels` if any.

    Raises DiagnosticError: ND001, ND003, ND005, ND006, ND505 (missing or unknown array).
    """
    path = Path(path)
    arrays = open_npz_arrays(path)
    labels = arrays.pop("labels", None)
    names = [item.name for item in network.inputs]
    if len(names) == 1 and "inputs" in arrays:
        arrays[names[0]] = arrays.pop("inputs")
    missing = [name for name in names if name not in arrays]
    unknown = [name for name in arrays if name not in names]
    if missing or unknown:
        say = [f"lacks an array for input '{name}'" for name in missing] + [
            f"has an array '{name}' that no input is named" for name in unknown
        ]
        raise refuse("ND505", path, "; ".join(say), fixes=[fix for name in unknown for fix in nearest(name, names)])
    try:
        return SampleValues.model_validate({"values": arrays, "labels": labels})
    except ValidationError as error:
        raise DiagnosticError(
            "files", schema_findings("ND505", f"file '{path}'", error, {"values": arrays}, SampleValues)
        ) from None


def save_recording(recording: Recording, path: str | Path) -> None:
    """Write a sealed .ndr file. Raises DiagnosticError: ND007."""
    write_atomically(Path(path), sealed_bytes(recording, FORMAT))


def load_recording(path: str | Path) -> Recording:
    """Return the recording of an .ndr file, sound in itself. Raises DiagnosticError: ND001, ND003-ND006, ND513."""
    recording = _loaded(path, FORMAT, Recording)
    raise_errors("files", recording_faults(recording, None, f"file '{path}'"))
    return recording


def save_state(state: RunState, path: str | Path) -> None:
    """Write a sealed .nds file. Raises DiagnosticError: ND007."""
    write_atomically(Path(path), sealed_bytes(state, STATE_FORMAT))


def load_state(path: str | Path) -> RunState:
    """Return the state of an .nds file. Raises DiagnosticError: ND001, ND003-ND006."""
    return _loaded(path, STATE_FORMAT, RunState)


def _loaded(path: str | Path, kind: str, noun: type[Kept]) -> Kept:
    plain, _ = read_sealed(Path(path), kind)
    try:
        return noun.model_validate(plain)
    except ValidationError as error:
        raise DiagnosticError("files", schema_findings("ND003", f"file '{path}'", error, plain, noun)) from None
