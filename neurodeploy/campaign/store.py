"""Outcomes in a file: appended as they come, so that whatever ends a campaign costs the faults in hand at most.

The first line names the campaign; each other line is one outcome. A last line without its end, as a killed process leaves it,
is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from neurodeploy.base.plain import as_items, as_table
from neurodeploy.campaign.nouns import Outcome
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.io.archive import read_bytes, refuse
from neurodeploy.io.write import take_lock

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["OutcomeFile", "read_outcomes"]

FORMAT = "neurodeploy-outcomes"
HEAD = b'{"format": "neurodeploy-outcomes"'
"""Begin of the first line, of which a killed process may leave a part."""
FIELDS = ("number", "outputs", "answers", "right")


def read_outcomes(path: Path, campaign: str, n_planned: int) -> dict[int, Outcome]:
    """Return number -> outcome of a file; none if it does not exist.

    `campaign`: the digest that its first line must have. `n_planned`: outcomes have smaller numbers. Raises DiagnosticError:
    ND001 and ND012 (unreadable), ND981 (of another campaign, or not such a file).
    """
    if not os.path.lexists(path):
        return {}
    content = read_bytes(path)
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    if not lines:
        if content and not (content.startswith(HEAD) or HEAD.startswith(content)):
            raise _other(path, "is not a file of outcomes")
        return {}
    head = as_table(_plain(lines[0])) or {}
    if head.get("format") != FORMAT:
        raise _other(path, "is not a file of outcomes")
    if head.get("campaign") != campaign:
        raise _other(path, "holds outcomes of another campaign: program, samples or options differ")
    return {item.number: item for item in _outcomes(path, lines[1:], n_planned)}


def _outcomes(path: Path, lines: list[bytes], n_planned: int) -> Iterator[Outcome]:
    for number, line in enumerate(lines, 2):
        row = as_items(_plain(line))
        whole = [item for item in row or () if isinstance(item, int) and not isinstance(item, bool)]
        if len(whole) != len(FIELDS) or not 0 <= whole[0] < n_planned:
            raise _other(path, f"line {number} is not an outcome")
        yield Outcome(*whole)


def _plain(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _other(path: Path, message: str, fix: str = "give another file, or delete this one") -> DiagnosticError:
    return DiagnosticError("faults", (finding("ND981", about("file", path), message, fixes=[fix]),))


class OutcomeFile:
    """A file of outcomes that is written. Every outcome is in the hands of the system when `append` returns."""

    def __init__(self, path: Path, campaign: str) -> None:
        """Open the file for appending. `campaign`: digest for its first line.

        Raises DiagnosticError: ND007 (not writable), ND981 (another campaign writes to it).
        """
        self._path = path
        try:
            self._file: BinaryIO = open(path, "ab", buffering=0)  # noqa: SIM115  # closed by `__exit__`
        except OSError as error:
            raise self._refused(error) from None
        try:
            take_lock(self._file.fileno())
        except OSError:
            self._file.close()
            raise _other(path, "is in use by another campaign", "give another file, or wait") from None
        whole = read_bytes(path).rfind(b"\n") + 1
        self._file.truncate(whole)
        if not whole:
            head = {"format": FORMAT, "campaign": campaign, "fields": list(FIELDS)}
            self._write(head)

    def append(self, outcome: Outcome) -> None:
        """Write one `outcome`. Raises DiagnosticError: ND007 (the disk is full)."""
        self._write([outcome.number, outcome.outputs, outcome.answers, outcome.right])

    def _write(self, plain: object) -> None:
        try:
            self._file.write(json.dumps(plain).encode() + b"\n")
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> DiagnosticError:
        fixes = ["use an existing folder with write permission"]
        return refuse("ND007", self._path, f"cannot be written: {error.strerror or error}", fixes=fixes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
