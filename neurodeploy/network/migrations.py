"""Migrations of network documents to the current schema version, as plain data before validation.

`MIGRATIONS[n]` converts a document of schema version n to version n + 1: dict -> dict, without files or network classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurodeploy.network.network import SCHEMA_VERSION

__all__ = ["MIGRATIONS", "Migration", "migrate"]

Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: dict[int, Migration] = {}


def migrate(
    document: dict[str, Any],
    version: int,
    *,
    to: int = SCHEMA_VERSION,
    steps: Mapping[int, Migration] = MIGRATIONS,
) -> dict[str, Any]:
    """Return a document of schema version `version`, migrated to version `to`. Raises KeyError if a step is missing."""
    while version < to:
        document, version = {**steps[version](document), "schema_version": version + 1}, version + 1
    return document
