"""TOML parser with limits, the same on every supported Python."""

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
"""Largest depth of nested tables and lists."""
LARGEST = 1 << 64


class TomlError(ValueError):
    """Text that is not TOML, or has content that files must not have."""


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table of a TOML text. Raises TomlError, with line and column for a syntax error."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(str(error)) from None
    except RecursionError:
        raise TomlError(f"it is nested deeper than {DEPTH} tables and lists") from None
    except ValueError as error:  # thousands of digits, or an impossible date
        raise TomlError(str(error).partition(";")[0]) from None
    _require_plain(table)
    return table


def _require_plain(table: dict[str, Any]) -> None:
    level: list[Any] = [table]
    for _ in range(DEPTH + 1):
        if any(isinstance(item, int) and abs(item) >= LARGEST for item in level):
            raise TomlError("an integer exceeds every integer field")
        inner = list[Any]()
        for item in level:
            below = as_table(item)
            inner += below.values() if below is not None else as_items(item) or ()
        if not inner:
            return
        level = inner
    raise TomlError(f"it is nested deeper than {DEPTH} tables and lists")
