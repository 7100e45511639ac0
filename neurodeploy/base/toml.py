"""TOML parser with limits, the same on every supported Python."""

from __future__ import annotations

import re
import sys
from typing import Any

from neurodeploy.base.plain import as_items, as_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["TomlError", "parse_toml", "toml_line"]

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


def toml_line(text: str, path: str) -> int | None:
    """Return the line on which a TOML text sets a field, or the nearest field around it that has a line of its own.

    `path`: names with dots between them, as `field_path` of a document writes it, such as "model.file" or
    "targets[1].name"; numbers and names in brackets choose one table of a list. None if the text does not set it.
    """
    parts = re.sub(r"\[[^\]]*\]", "", path).split(".")
    table, found, depth = list[str](), None, 0
    for number, line in enumerate(text.splitlines(), 1):
        head = _HEAD.match(line)
        key = None if head else _KEY.match(line)
        here = _names(head[1]) if head else [*table, *_names(key[1])] if key else []
        table = here if head else table
        if len(here) > depth and here == parts[: len(here)]:
            found, depth = number, len(here)
    return found


_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEAD, _KEY = re.compile(rf"\s*\[\[?\s*({_PATH})\s*\]\]?"), re.compile(rf"\s*({_PATH})\s*=")


def _names(path: str) -> list[str]:
    """The parts of a key, without quotation marks."""
    return [part.strip().strip("\"'") for part in re.findall(_NAME, path)]
