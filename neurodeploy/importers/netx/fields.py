"""Typed access to the fields of a netx layer. Missing and mistyped fields become findings that name the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.importers.fields import numbers, text, whole, wholes
from neurodeploy.importers.hdf5 import Folder, Item, Unread

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Fields", "Findings", "printable"]

Ints = NDArray[np.int64]
MOST_FINDINGS, LETTERS = 50, 40
LARGEST = 2**31 - 1
"""Largest magnitude of any field. The target checks the ranges of registers."""


class Details(TypedDict, total=False):
    """Numbers and fixes of a finding, as `diagnostics.finding` takes them."""

    found: float
    limit: float
    unit: str
    fixes: Sequence[str]


class Findings:
    """Findings, warnings and ledger lines of one file, in order."""

    def __init__(self, file: str) -> None:
        self.file, self.found, self.kinds = file, list[Diagnostic](), dict[str, list[str]]()
        self.warnings, self.ledger = list[Diagnostic](), list[LedgerLine]()

    def add(self, code: str, message: str, **details: Unpack[Details]) -> None:
        """Add one finding about the file."""
        self.found.append(finding(code, about("file", self.file), message, **details))

    def warn(self, code: str, message: str, **details: Unpack[Details]) -> None:
        """Add a warning about the file, which does not stop the import."""
        self.warnings.append(finding(code, about("file", self.file), message, **details))

    def line(self, subject: Subject, quantity: str, asked: str, got: str, note: str) -> None:
        """Add a ledger line for an assumption; a line that both projections of a layer have is added once."""
        line = LedgerLine(subject=subject, quantity=quantity, asked=asked, got=got, level="assumed", note=note)
        if line not in self.ledger:
            self.ledger.append(line)

    def not_imported(self, what: str, where: str) -> None:
        """Record a layer with an unsupported feature; layers with the same feature share one finding."""
        self.kinds.setdefault(what, []).append(where)

    @property
    def count(self) -> int:
        """Number of findings so far."""
        return len(self.found) + sum(len(layers) for layers in self.kinds.values())

    def all(self) -> list[Diagnostic]:
        """Return all findings; those beyond MOST_FINDINGS are only counted."""
        where = about("file", self.file)
        kinds = [finding("ND052", where, f"{what}: {_listed(layers)}") for what, layers in self.kinds.items()]
        shown, more = [*kinds, *self.found][:MOST_FINDINGS], len(kinds) + len(self.found) - MOST_FINDINGS
        if more > 0:
            shown.append(finding("ND053", where, f"has {more} more faults of these kinds"))
        return shown


def printable(text: str) -> str:
    """Return a string of a file in a form that a finding can quote: short, and without control characters."""
    return "".join(c if c.isprintable() else "?" for c in text[:LETTERS]) + ("..." if len(text) > LETTERS else "")


def _listed(layers: list[str]) -> str:
    more = len(layers) - MOST_FINDINGS
    return ", ".join(layers[:MOST_FINDINGS]) + (f" and {more} more" if more > 0 else "")


class Fields:
    """The fields of one group of a file, with typed access. `number`: number of the layer they belong to."""

    def __init__(
        self, where: str, prefix: str, values: Mapping[str, Item], findings: Findings, number: int = 0
    ) -> None:
        self.where, self.prefix, self.values, self.findings = where, prefix, values, findings
        self.number = number

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def line(self, quantity: str, asked: str, got: str, note: str) -> None:
        """Add a ledger line about the layer."""
        self.findings.line(about("layer", self.number), quantity, asked, got, note)

    def wrong(self, message: str, **details: Unpack[Details]) -> None:
        """Add a finding about the layer (ND053)."""
        self.findings.add("ND053", f"{self.where} {message}", **details)

    def unread(self, key: str, why: str, **details: Unpack[Details]) -> None:
        """Add a finding about a field (ND053); `why` continues "field 'x' ..."."""
        self.findings.add("ND053", f"{self.where}: field '{self.prefix}{key}' {why}", **details)

    def is_group(self, key: str) -> bool:
        """Whether a field is a group."""
        return isinstance(self.values.get(key), Folder)

    def group(self, key: str) -> Fields | None:
        """Return the fields of a group; None if it is missing, or invalid (with a finding)."""
        item = self.values.get(key)
        if isinstance(item, Folder):
            return Fields(self.where, f"{self.prefix}{key}/", item.items, self.findings, self.number)
        if item is not None:
            self.unread(key, item.why if isinstance(item, Unread) else "is not a group")
        return None

    def count(self, key: str) -> int:
        """Number of values of a field; 1 if it is not an array, 0 if it is missing."""
        item = self.values.get(key)
        return item.size if isinstance(item, np.ndarray) else int(item is not None)

    def text(self, key: str) -> str | None:
        """Return a string, shortened for printing; None if it is missing, or invalid (with a finding)."""
        found = text(self.values[key]) if key in self else None
        if isinstance(found, Unread):
            self.unread(key, found.why)
            return None
        return None if found is None else printable(found)

    def numbers(self, key: str) -> NDArray[Any] | None:
        """Return finite numbers of magnitude LARGEST at most; None if missing, or invalid (with a finding)."""
        found = numbers(self.values[key]) if key in self else None
        if isinstance(found, Unread):
            self.unread(key, found.why)
            return None
        if found is not None and found.dtype.kind == "f":
            found = found.astype(np.float64)
        if found is not None and (np.any(found > LARGEST) or np.any(found < -LARGEST)):
            self.unread(key, f"has values of magnitude above {LARGEST:,}")
            return None
        return found

    def integers(self, key: str) -> Ints | None:
        """Return integers, stored as any type; None if missing, or invalid (with a finding)."""
        value = self.numbers(key)
        if value is None:
            return None
        rounded: Ints = np.rint(value.astype(np.float64)).astype(np.int64)
        broken = np.flatnonzero(rounded != value)
        if broken.size:
            first = float(value.ravel()[broken[0]])
            self.unread(key, f"has {broken.size} of {value.size} values that are not integers, first {first:g}")
            return None
        return rounded

    def integer(self, key: str, default: int | None = None, *, least: int = -LARGEST) -> int | None:
        """Return one integer of at least `least`, or `default` if it is missing; None if invalid (with a finding)."""
        if key not in self:
            return default
        found = whole(self.values[key], least=least, most=LARGEST)
        if isinstance(found, Unread):
            self.unread(key, found.why)
            return None
        return found

    def sides(self, key: str, default: int, *, least: int) -> tuple[int, int] | None:
        """Return values for (height, width) from one integer or two; None if invalid (with a finding)."""
        if key not in self:
            return default, default
        found = wholes(self.values[key], least=least, most=LARGEST, count=(1, 2))
        if isinstance(found, Unread):
            self.unread(key, found.why)
            return None
        return found[0], found[-1]
