"""C of a program, and the bytes of each of its tables."""

from __future__ import annotations

from typing import Literal, TypedDict

from pydantic import Field

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Diagnostic

__all__ = ["CExport", "CExportChoices", "CExportOptions", "CSource", "CTable"]

MOST_BYTES = 2**40


class CExportOptions(Noun):
    """What the C of a program looks like, and how large it may be."""

    prefix: str = Field(default="nd", pattern=r"^[a-z][a-z0-9_]{0,31}$")
    """Start of every name that the C defines, and name of its files: lower-case letters, digits and underscores."""
    main: bool = True
    """Whether to write a main that reads events and prints spikes, with a Makefile and a CMakeLists.txt."""
    max_flash_bytes: int | None = Field(default=None, ge=0, le=MOST_BYTES)
    """Bytes that the constant tables may take; None: any number."""
    max_ram_bytes: int | None = Field(default=None, ge=0, le=MOST_BYTES)
    """Bytes that the state may take; None: any number."""


class CExportChoices(TypedDict, total=False):
    """Fields of CExportOptions, given as keywords."""

    prefix: str
    main: bool
    max_flash_bytes: int | None
    max_ram_bytes: int | None


class CTable(Noun):
    """One array of the C."""

    name: str
    """Name in the C: of a constant, or of a field of the state."""
    holds: str
    """What it is for, such as "weights in -> hidden"."""
    type: str
    """Type of an element, such as "int8_t"."""
    count: int
    """Number of elements."""
    size_bytes: int
    """Bytes of all elements."""
    memory: Literal["flash", "ram"]
    """Flash for constants, RAM for state."""


class CSource(Noun):
    """The C of a program."""

    files: dict[str, str]
    """File name -> text."""
    tables: tuple[CTable, ...]
    """Arrays, in the order of the files."""
    word_bits: Literal[32, 64]
    """Bits of a number of the state."""
    findings: tuple[Diagnostic, ...] = ()
    """What the C lacks."""

    @property
    def flash_bytes(self) -> int:
        """Bytes of the constant tables. The code comes on top: its size depends on the compiler."""
        return sum(item.size_bytes for item in self.tables if item.memory == "flash")

    @property
    def ram_bytes(self) -> int:
        """Bytes of the state, which one variable holds."""
        return sum(item.size_bytes for item in self.tables if item.memory == "ram")


class CExport(Noun):
    """What was exported, or would be."""

    program_digest: str
    """Digest of the program."""
    folder: str | None
    """Folder that was written; None if only the size was asked for."""
    files: tuple[str, ...]
    """Names of the files."""
    flash_bytes: int
    """Bytes of the constant tables. The code comes on top: its size depends on the compiler."""
    ram_bytes: int
    """Bytes of the state."""
    word_bits: Literal[32, 64]
    """Bits of a number of the state: 64 where 32 are not proven exact."""
    tables: tuple[CTable, ...]
    """Arrays, in the order of the files."""
    findings: tuple[Diagnostic, ...] = ()
    """What the C lacks."""
