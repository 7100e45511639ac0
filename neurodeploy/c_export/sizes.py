"""Findings of C that is larger than the memory that it may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from neurodeploy.c_export.nouns import CExportOptions, CSource, CTable
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.finding import Fix

__all__ = ["size_findings"]

NAMED = 3
"""Largest tables that a finding names."""


def size_findings(
    source: CSource, options: CExportOptions, smaller: Callable[[str], Sequence[Fix | str]]
) -> list[Diagnostic]:
    """Return ND986 for flash and for RAM beyond their limit. `smaller`: memory -> changes that were computed to help."""
    return [
        finding(
            "ND986",
            about("program"),
            f"the {what} take more {memory} than allowed: {_largest(source, memory.lower())}{_helpless(fixes, memory)}",
            found=float(found),
            limit=float(limit),
            unit="byte",
            fixes=fixes,
        )
        for memory, what, found, limit in _limits(source, options)
        if found > limit
        for fixes in (smaller(memory.lower()),)
    ]


def _helpless(fixes: Sequence[Fix | str], memory: str) -> str:
    """What was tried in vain."""
    return "" if fixes or memory != "flash" else "; neither 4-bit weights nor half of the synapses would help"


def _limits(source: CSource, options: CExportOptions) -> Iterator[tuple[str, str, int, int]]:
    if options.max_flash_bytes is not None:
        yield "flash", "constant tables", source.flash_bytes, options.max_flash_bytes
    if options.max_ram_bytes is not None:
        yield "RAM", "states", source.ram_bytes, options.max_ram_bytes


def _largest(source: CSource, memory: str) -> str:
    """The largest tables of a memory, by what they hold."""
    bytes_of = dict[str, int]()
    for item in _in(source, memory):
        bytes_of[item.holds] = bytes_of.get(item.holds, 0) + item.size_bytes
    largest = sorted(bytes_of.items(), key=lambda pair: (-pair[1], pair[0]))[:NAMED]
    return "; ".join(f"{holds} {size:,} byte" for holds, size in largest)


def _in(source: CSource, memory: str) -> Iterator[CTable]:
    return (item for item in source.tables if item.memory == memory)
