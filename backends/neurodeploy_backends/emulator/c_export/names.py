"""Names of C for the names of users."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["identifiers"]


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """Name -> a different identifier for each, in lower case; a number ends those that would be equal."""
    found, taken = dict[str, str](), set[str]()
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "x"
        made, number = plain, 2
        while made in taken:
            made, number = f"{plain}_{number}", number + 1
        taken.add(made)
        found[name] = made
    return found
