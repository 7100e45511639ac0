"""Changes of a program that make its C smaller: each is compiled and measured before it is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neurodeploy.c_export.backend import CExportingBackend
from neurodeploy.c_export.nouns import CExportOptions
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics.finding import Fix
from neurodeploy.program import Program

__all__ = ["smaller_flash"]

TRIALS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("8-bit weights", {"weight_bits": {"*": 8}}, "--weight-bits 8"),
    ("4-bit weights", {"weight_bits": {"*": 4}}, "--weight-bits 4"),
    ("half of the synapses, the strongest of each neuron,", {"prune": {"*": 0.5}}, "--prune 0.5"),
)
"""What a change gives, the same as fields of CompileOptions, and as options of the command line."""


def smaller_flash(program: Program, backend: CExportingBackend, options: CExportOptions) -> list[Fix]:
    """Return the changes of TRIALS with which the constant tables of a program are within the limit of `options`.

    `backend`: what exports. What a change costs in accuracy is not known here.
    """
    limit = options.max_flash_bytes
    return [
        Fix(text=f"{text} take {size:,} byte of flash", flag=flag, change=change)
        for text, change, flag, size in _tried(program, backend, options)
        if limit is not None and size <= limit
    ]


def _tried(
    program: Program, backend: CExportingBackend, options: CExportOptions
) -> Iterator[tuple[str, dict[str, Any], str, int]]:
    for text, change, flag in TRIALS:
        made = compile_network(program.network, program.target, CompileOptions(fixes=False, **change))
        if made.program is not None:
            yield text, change, flag, backend.c_source(made.program, options).flash_bytes
