"""Verb: older documents of a network, brought up to date as plain data before anything is validated.

`MIGRATIONS[n]` turns a document of schema version n into one of n + 1: dict -> dict, no files, no nouns.
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
    """Return the document at version `to`; KeyError if a step is missing."""
    while version < to:
        document, version = {**steps[version](document), "schema_version": version + 1}, version + 1
    return document
