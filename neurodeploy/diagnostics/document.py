"""The page of findings. `python -m neurodeploy.diagnostics.document > docs/diagnostics.md` refreshes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from neurodeploy.diagnostics.catalogue import STAGE_TITLES, Rule, rules

__all__ = ["markdown"]


def markdown() -> str:
    """Return the page of all findings; `neurodeploy explain CODE` prints the same texts."""
    lines = [
        "# Findings",
        "",
        "Every finding has a stable code. `neurodeploy explain CODE` prints the same text.",
        "",
    ]
    for stage, title in STAGE_TITLES.items():
        lines += [f"## {title}", ""]
        lines += [line for item in rules().values() if item.stage == stage for line in _section(item)]
    return "\n".join(lines)


def _section(item: Rule) -> Iterator[str]:
    yield from (f"### {item.code} {item.name} ({item.severity})", "", item.what, "")
    yield from (f"*Why:* {item.why}", "", f"*Example:* `{item.example}`", "", f"*Fix:* {item.fix}", "")


if __name__ == "__main__":
    sys.stdout.write(markdown())
