"""The store of a sweep: a folder to which results are appended, so that a kill loses only what runs.

`results.jsonl` has a line for each outcome, written with one call of the system; the last one of an address counts. A lock
that the system releases with its process keeps two sweeps apart. Lines are on the disk at the latest after `SYNC_S`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from neurodeploy.base.plain import as_table
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.io.write import take_lock
from neurodeploy.sweep.nouns import Outcome

__all__ = ["RESULTS", "Store", "opened", "outcome_of", "plain_outcome"]

RESULTS, LOCK, VERSION = "results.jsonl", "lock", 1
SYNC_S = 1.0
"""Seconds after which results are forced to the disk: what a loss of power may cost."""
OWN = (RESULTS, LOCK, "parts", ".gitignore")
"""Names in the folder of a store."""


def plain_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON holds it."""
    found = [item.model_dump(mode="json", exclude_defaults=True) for item in outcome.findings]
    return {
        "format": VERSION,
        "address": outcome.address,
        "values": outcome.values,
        "measures": outcome.measures,
        "findings": found,
        "seconds": round(outcome.seconds, 6),
        "worker": outcome.worker,
    }


def outcome_of(plain: dict[str, Any]) -> Outcome:
    """Return the outcome of a line. Raises ValueError, KeyError or TypeError for one that is none.

    `plain`: the document of the line.
    """
    if plain["format"] != VERSION:
        raise ValueError(f"format {plain['format']} is not {VERSION}")
    found = tuple(Diagnostic.model_validate(item) for item in plain["findings"])
    values, measures = as_table(plain["values"]), as_table(plain["measures"])
    if values is None or measures is None or not isinstance(plain["address"], str):
        raise ValueError("values and measures are tables")
    return Outcome(plain["address"], values, measures, found, float(plain["seconds"]), str(plain["worker"]))


class Store:
    """An open store; `opened` makes one. It is closed by `close`, or by the end of its process."""

    def __init__(self, folder: Path, lock: int, where: int) -> None:
        self.folder = folder
        self._lock, self._where, self._synced = lock, where, time.monotonic()
        self.repaired = tuple[Diagnostic, ...]()
        """ND962 for lines that were no results."""

    def add(self, outcome: Outcome) -> None:
        """Append an outcome. Raises DiagnosticError: ND965 (the disk is full, or the folder is gone)."""
        line = json.dumps(plain_outcome(outcome), separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"
        rest = memoryview(line.encode("utf-8", errors="replace"))
        try:
            while rest:
                rest = rest[os.write(self._where, rest) :]
            if time.monotonic() - self._synced > SYNC_S:
                self._sync()
        except OSError as error:
            raise _refused(self.folder, f"a result cannot be written: {error.strerror}") from None

    def _sync(self) -> None:
        os.fsync(self._where)
        self._synced = time.monotonic()

    def outcomes(self) -> Iterator[Outcome]:
        """Yield all outcomes in the order in which they came; those of one address may come several times."""
        with open(self.folder / RESULTS, "rb") as file:
            for line in file:
                outcome = _read(line)
                if outcome is not None:
                    yield outcome

    def part(self, address: str) -> Path:
        """Return the path of a part that belongs to an address, in a folder that exists. `address`: of a unit."""
        folder = self.folder / "parts"
        folder.mkdir(exist_ok=True)
        return folder / address

    def close(self) -> None:
        """Force the results to the disk and release the folder."""
        if self._lock < 0:
            return
        try:
            self._sync()
        finally:
            os.close(self._where)
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read(line: bytes) -> Outcome | None:
    """The outcome of a line; None if it is none."""
    try:
        plain = as_table(json.loads(line))
        return None if plain is None or not line.endswith(b"\n") else outcome_of(plain)
    except (ValueError, KeyError, TypeError, RecursionError, DiagnosticError):
        return None


def _refused(folder: Path, message: str, code: str = "ND965", *fixes: str) -> DiagnosticError:
    return DiagnosticError("sweep", (finding(code, about("folder", folder), message, fixes=fixes),))


def opened(folder: str | PathLike[str]) -> Store:
    """Return the store in a folder, which is made if it does not exist; an unfinished last line is removed.

    `folder`: its path. Raises DiagnosticError: ND964 (another sweep has it), ND965 (it is no store, or not writable).
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        others = [name for name in sorted(os.listdir(path)) if name not in OWN and not name.startswith(".")]
        if others and not (path / RESULTS).exists():
            raise _refused(path, f"holds other files, such as '{others[0]}'")
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except (OSError, ValueError) as error:  # ValueError: a name that no file has
        why = getattr(error, "strerror", None) or str(error)
        raise _refused(path, f"cannot be a folder of results: {why}") from None
    try:
        _hold(path, lock)
        return _store(path, lock)
    except BaseException:
        os.close(lock)
        raise


def _hold(path: Path, lock: int) -> None:
    """Lock a store for this process, and say in the file who has it."""
    from neurodeploy.sweep.worker import here

    try:
        take_lock(lock)
    except OSError:
        holder = os.read(lock, 200).decode("utf-8", errors="replace").strip()
        message = f"is in use by another sweep{f': {holder}' if holder else ''}"
        raise _refused(path, message, "ND964", "wait for it, or choose another folder") from None
    os.ftruncate(lock, 0)
    os.write(lock, f"{here()}\n".encode())


def _store(path: Path, lock: int) -> Store:
    results = path / RESULTS
    found = list[Diagnostic]()
    try:
        where = os.open(results, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise _refused(path, f"{RESULTS} cannot be written: {error.strerror}") from None
    end, whole, good, bad = os.fstat(where).st_size, 0, 0, 0
    with open(results, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                is_result = _read(line) is not None
                whole, good, bad = whole + len(line), good + is_result, bad + (not is_result)
    if bad and not good:
        os.close(where)
        raise _refused(path, f"{RESULTS} has no line of a sweep")
    if whole < end:
        os.ftruncate(where, whole)
        message = (
            f"{RESULTS} ended in an unfinished line of {end - whole:,} bytes, which was removed; its point runs again"
        )
        found.append(finding("ND962", about("folder", path), message))
    if bad:
        message = f"{RESULTS} has {bad:,} damaged line{'s' * (bad > 1)}; their points run again"
        found.append(finding("ND962", about("folder", path), message))
    store = Store(path, lock, where)
    store.repaired = tuple(found)
    return store
