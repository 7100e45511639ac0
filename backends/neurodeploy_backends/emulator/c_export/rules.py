"""The rules of the engine as one header: its own files, without what a program does not need."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import neurodeploy.native

__all__ = ["rules_text"]

ENGINE = Path(__file__).parents[1] / "engine"
NATIVE = Path(neurodeploy.native.__file__).parent
INCLUDE = re.compile(r"^#include .*\n", re.MULTILINE)
GUARD = re.compile(r"^#ifndef ND_\w+_H\n#define ND_\w+_H\n|^#endif\n\Z", re.MULTILINE)
INLINE = re.compile(r"^#ifndef INLINE\n.*?^#endif\n\n?", re.MULTILINE | re.DOTALL)
OWN_REMARK = re.compile(r" Plain C99, so\s+that an exported program contains (?:this file as it is|it as it is)\.")
ENUMS = ("CUBA", "KEEP")


@cache
def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    return INLINE.sub("", INCLUDE.sub("", GUARD.sub("", text))).strip()


@cache
def _declared() -> str:
    """The enumerations and the record of the dialect, from the declarations of the engine."""
    text = (ENGINE / "tables.h").read_text(encoding="utf-8").replace("\r\n", "\n")
    found = [line for line in text.splitlines() if line.startswith(tuple(f"enum {{{name} = " for name in ENUMS))]
    records = re.findall(r"typedef struct \{[^}]*\} Switches;", text)
    assert len(found) == len(ENUMS), "internal: tables.h lacks an enumeration"
    assert len(records) == 1, "internal: tables.h declares no dialect"
    return "\n".join([*found, "", *records])


def rules_text(*, wide: bool, compartments: bool, kinds: bool) -> str:
    """The rules of a narrow layout, or of a wide one with `compartments` or other `kinds`."""
    parts = [_text(NATIVE / "integers.h")]
    if not wide:
        parts += [_text(ENGINE / "one_lane.h"), _text(ENGINE / "narrow.h")]
    else:
        parts += [_declared(), _text(ENGINE / "mixed.h"), _text(ENGINE / "arithmetic.h")]
        parts += [_text(ENGINE / "compartment.h")] if compartments else []
        parts += [_text(ENGINE / "kinds.h")] if kinds else []
    return "\n\n".join(parts)
