"""Verb: the catalogue as a page. `python -m neurodeploy.diagnostics.document > docs/diagnostics.md` refreshes it."""

from __future__ import annotations

import sys

from neurodeploy.diagnostics.catalogue import rules

__all__ = ["markdown"]

HUNDREDS = {
    "0": "Files, targets and import",
    "1": "The network",
    "2": "Conversion to integers",
    "3": "Limits of a core",
    "4": "Mapping",
    "5": "Backends and runs",
    "6": "Figures",
    "7": "Use of the command line",
    "9": "Internal",
}


def markdown() -> str:
    """Return the page of all findings; `neurodeploy explain CODE` prints the same texts."""
    lines = [
        "# Findings",
        "",
        "Every finding has a stable code. `neurodeploy explain CODE` prints the same text.",
        "",
    ]
    last = ""
    for item in rules().values():
        if item.code[2] != last:
            last = item.code[2]
            lines += [f"## ND{last}xx: {HUNDREDS[last]}", ""]
        lines += [
            f"### {item.code} {item.name} ({item.severity})",
            "",
            item.what,
            "",
            f"*Why:* {item.why}",
            "",
        ]
        lines += [f"*Example:* `{item.example}`", "", f"*Fix:* {item.fix}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(markdown())
