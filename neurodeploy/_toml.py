"""Verb: read TOML the same way on every supported Python. Knows no format."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["TomlError", "parse_toml"]

TomlError = tomllib.TOMLDecodeError


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table of a TOML text; raises TomlError with line and column."""
    return tomllib.loads(text)
