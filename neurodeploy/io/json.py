"""Strict JSON parser: duplicate keys, huge numbers, deep nesting and lone surrogates are errors."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["JsonError", "parse_json"]

DEPTH = 64
"""Largest depth of nested tables and lists; documents of this package have at most eight."""
LARGEST = 1 << 64
"""Exclusive limit of the magnitude of integers; no field needs larger ones."""


class JsonError(ValueError):
    """Text that is not JSON, or has content that documents must not have."""


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise JsonError(f"the key '{next(name for name in names if names.count(name) > 1)}' occurs twice")
    return table


def _integer(text: str) -> int:
    number = int(text) if len(text) <= 21 else LARGEST
    if abs(number) >= LARGEST:
        raise JsonError(f"an integer of {len(text.lstrip('-')):,} digits exceeds every integer field")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if abs(number) == float("inf"):
        raise JsonError(f"the number {text[:40]} exceeds the range of a double")
    return number


def _constant(text: str) -> float:
    raise JsonError(f"{text} is not a JSON number")


def parse_json(content: bytes | str, *, finite: bool = True) -> object:
    """Return the plain data of a JSON text. `finite`: refuse NaN and infinities. Raises JsonError."""
    number, constant = (_finite, _constant) if finite else (float, float)
    try:
        text = content if isinstance(content, str) else content.decode(json.detect_encoding(content))
        plain = json.loads(
            text, object_pairs_hook=_table, parse_int=_integer, parse_float=number, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        raise JsonError(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise JsonError(f"is not text: {error.reason} at byte {error.start}") from None
    except RecursionError:
        raise JsonError(f"is nested deeper than {DEPTH} tables and lists") from None
    _require_plain(plain, escapes="\\u" in text)
    return plain


def _require_plain(plain: Any, *, escapes: bool) -> None:
    """Raise JsonError for nesting beyond DEPTH and, if the text has escapes, for lone surrogates."""
    level = [plain]
    for _ in range(DEPTH + 1):
        if escapes and any(isinstance(item, str) and not _is_encodable(item) for item in level):
            raise JsonError("a string contains half a character (a lone surrogate)")
        inner = list[Any]()
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
                inner += item.keys() if escapes else ()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return
        level = inner
    raise JsonError(f"is nested deeper than {DEPTH} tables and lists")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
