"""Findings for models that are not imported, from the facts that the worker returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.importers.notes import listed

__all__ = ["refusals"]

Facts = dict[str, Any]


def refusals(facts: Iterable[Facts], subject: str, interpreter: Path) -> list[Diagnostic]:
    """Return a finding for each refusal: ND080, ND081, ND083, ND084 or ND085. `interpreter`: where packages are missing."""
    return [_finding(item, subject, interpreter) for item in facts]


def _finding(facts: Facts, subject: str, interpreter: Path) -> Diagnostic:
    where = about("file", subject)
    if facts["kind"] == "raised":
        at = f"line {facts['line']}, when it {facts['doing']}" if facts["line"] else f"when it {facts['doing']}"
        missing = facts["missing"].partition(".")[0]
        fixes = [f"{interpreter} -m pip install {missing}"] if missing else []
        return finding("ND080", where, f"raises {facts['error']} ({at})", fixes=fixes)
    if facts["kind"] == "build":
        at = f" (line {facts['line']})" if facts["line"] else ""
        if facts["sliced"]:
            names = ", ".join(f"'{row['connection']}' into '{row['post']}'" for row in facts["sliced"])
            message = f"nengo-loihi does not build connections into a slice: {names}"
            return finding(
                "ND083", where, message, fixes=["connect to the whole, with a transform that has rows of zeros"]
            )
        return finding("ND083", where, f"nengo-loihi does not build the network{at}: {facts['error']}")
    if facts["kind"] == "loops":
        names = ", ".join(f"{row['kind']} '{row['name']}' ({row['does']})" for row in facts["objects"])
        message = f"the chip would wait for the host in every step, because the host computes {names} between two parts of the chip"
        return finding(
            "ND084", where, message, fixes=["compute it in an ensemble on the chip", "cut the network there"]
        )
    if facts["kind"] == "learning":
        names = ", ".join(f"'{row['connection']}' ({row['rule']})" for row in facts["rules"])
        return finding("ND085", where, f"only PES is imported; these connections learn by other rules: {names}")
    message, names = _selection(facts)
    return finding("ND081", where, message, fixes=list(_choices(names, subject)))


def _selection(facts: Facts) -> tuple[str, list[str]]:
    """Why no network is selected, and the names to choose from."""
    makers = facts.get("makers", [])
    if facts["kind"] == "several":
        return f"has {len(facts['names'])} networks, {listed(facts['names'])}, and none is named", facts["names"]
    if facts["kind"] == "none":
        return "has no nengo.Network at module level", makers
    if facts["kind"] == "not_a_network":
        return f"'{facts['name']}' is of type {facts['type']}, not a nengo.Network", facts["names"]
    known = [*facts["names"], *makers]
    there = f"it has {listed(known)}" if known else "it has no network"
    return f"has no '{facts['name']}'; {there}", facts["near"] or facts["names"]


def _choices(names: list[str], subject: str) -> Iterator[str]:
    for name in names[:3]:
        yield f"name it: {subject}:{name}" if not subject.startswith("<") else f"name it: {name}"
