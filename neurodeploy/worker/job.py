"""Jobs for a simulator's interpreter, exchanged as a folder of JSON and NumPy arrays, without pickle."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError, Subject, about, finding
from neurodeploy.worker.folders import job_folder, socket_folder
from neurodeploy.worker.supervise import Limits, supervise

__all__ = ["Result", "Script", "run_job"]

CHILD = Path(__file__).with_name("child")
"""Folder of the module `neurodeploy_worker`, the child's side of the protocol."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Environment variables that limit numerical libraries to one thread; some simulators start many processes."""


class Script(NamedTuple):
    """A script and its interpreter."""

    backend: str
    interpreter: Path
    path: Path
    """Script that calls `neurodeploy_worker.serve`; it can import modules of its folder."""


class Result(NamedTuple):
    """Result of a job."""

    meta: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def run_job(
    script: Script,
    plan: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    *,
    limits: Limits = Limits(),  # noqa: B008  # a noun is frozen
    on_step: Callable[[int], None] | None = None,
) -> Result:
    """Return the result of a script for a plan and its arrays.

    `on_step`: called with the number of steps done. Raises DiagnosticError: ND540-ND542 (see supervise), ND546 (files of the
    job cannot be written or read).
    """
    where = about("backend", script.backend)
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(job_folder())
            temporary = stack.enter_context(socket_folder(folder))
        except OSError as error:
            raise _no_files(where, error) from None
        shared_memory = f"nd{secrets.token_hex(3)}_"
        try:
            _write(folder, {**plan, "shared_memory": shared_memory, "temporary": str(temporary)}, arrays)
        except OSError as error:
            raise _no_files(where, error) from None
        command = [str(script.interpreter), "-u", str(script.path), str(folder)]
        supervise(
            command,
            folder,
            shared_memory,
            backend=script.backend,
            environment={"PYTHONPATH": str(CHILD), **ONE_THREAD, "TMPDIR": str(temporary)},
            limits=limits,
            on_step=on_step,
        )
        try:
            return _read(folder)
        except (OSError, ValueError, KeyError) as error:
            raise _no_files(where, error) from None


def _no_files(where: Subject, error: Exception) -> DiagnosticError:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    message = f"files of the job in '{tempfile.gettempdir()}' cannot be written or read: {reason}"
    fixes = ["free space there, or set TMPDIR to another folder"]
    return DiagnosticError("run", (finding("ND546", where, message, fixes=fixes),))


def _write(folder: Path, plan: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    (folder / "job.json").write_text(json.dumps(plan), encoding="utf-8")
    tables: dict[str, Any] = dict(arrays)
    np.savez(folder / "job.npz", **tables)


def _read(folder: Path) -> Result:
    meta = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    with np.load(folder / "result.npz", allow_pickle=False) as arrays:
        return Result(meta, {name: arrays[name] for name in arrays.files})
