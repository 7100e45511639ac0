"""Verb: read TOML the same way on every supported Python. Knows no format."""

from __future__ import annotations

import sys
from typing import Any

from neurodeploy.base.plain import as_items, as_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["TomlError", "parse_toml"]

DEPTH = 64
"""Tables and lists inside each other."""
LARGEST = 1 << 64


class TomlError(ValueError):
    """A text is not TOML, or holds what no file of ours may hold."""


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table of a TOML text; raises TomlError, with line and column where the text is not TOML."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(str(error)) from None
    except RecursionError:
        raise TomlError(f"it is nested deeper than {DEPTH} tables and lists") from None
    except ValueError as error:  # an integer of thousands of digits, a date that no calendar has
        raise TomlError(str(error).partition(";")[0]) from None
    _require_plain(table)
    return table


def _require_plain(table: dict[str, Any]) -> None:
    level: list[Any] = [table]
    for _ in range(DEPTH + 1):
        if any(isinstance(item, int) and abs(item) >= LARGEST for item in level):
            raise TomlError("an integer is beyond what any field counts")
        inner = list[Any]()
        for item in level:
            below = as_table(item)
            inner += below.values() if below is not None else as_items(item) or ()
        if not inner:
            return
        level = inner
    raise TomlError(f"it is nested deeper than {DEPTH} tables and lists")
