"""SARIF 2.1.0 log of findings.

Source: OASIS Standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", errata 01.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from neurodeploy.diagnostics import Diagnostic, render, rule
from neurodeploy.report.formats.place import Examined, place_of

__all__ = ["sarif"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def _rule(code: str) -> dict[str, Any]:
    row = rule(code)
    return {
        "id": row.code,
        "name": row.name,
        "shortDescription": {"text": row.what},
        "fullDescription": {"text": f"{row.what} {row.why}"},
        "help": {"text": f"{row.fix} Example: {row.example}"},
        "defaultConfiguration": {"level": LEVELS[row.severity]},
    }


def _location(item: Diagnostic, examined: Examined) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": str(item.subject)}]}
    place = place_of(item, examined)
    if place is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": place.uri}}
        if place.line is not None:
            physical["region"] = {"startLine": place.line}
        location["physicalLocation"] = physical
    return location


def _properties(item: Diagnostic) -> dict[str, Any]:
    """Numbers and computed fixes of a finding, for tools."""
    numbers = {"found": item.found, "limit": item.limit, "unit": item.unit, "limitSource": item.limit_source}
    kept: dict[str, Any] = {key: value for key, value in numbers.items() if value not in (None, "")}
    if item.fixes:
        kept["fixes"] = [fix.model_dump(mode="json") for fix in item.fixes]
    return kept


def _result(item: Diagnostic, order: dict[str, int], examined: Examined) -> dict[str, Any]:
    refused = examined.strict and item.severity == "warning"
    found: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": order[item.code],
        "level": "error" if refused else LEVELS[item.severity],
        "message": {"text": render(item)},
        "locations": [_location(item, examined)],
        # without the numbers: a finding with other numbers is the same finding
        "partialFingerprints": {
            "place/v1": hashlib.sha256(f"{item.code} {item.subject}".encode(errors="backslashreplace")).hexdigest()
        },
    }
    properties = _properties(item)
    return {**found, "properties": properties} if properties else found


def sarif(findings: Iterable[Diagnostic], examined: Examined, *, version: str, status: int) -> dict[str, Any]:
    """Return the log of one run, with the rules that occur. `version`: of neurodeploy. `status`: exit status."""
    items = list(findings)
    codes = sorted({item.code for item in items})
    order = {code: index for index, code in enumerate(codes)}
    driver = {"name": "neurodeploy", "version": version, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": status in (0, 1), "exitCode": status}],
        "results": [_result(item, order, examined) for item in items],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
