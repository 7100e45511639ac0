"""nd.diff: what differs between two networks, programs, recordings, profiles or baselines, and why."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from neurodeploy.api.files import load
from neurodeploy.base.plain import as_table
from neurodeploy.baseline import Baseline, BaselineEntry, entry_differences, load_baseline
from neurodeploy.baseline.compare import baseline_differences
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.diff import (
    Differences,
    network_differences,
    profile_differences,
    program_differences,
    recording_differences,
)
from neurodeploy.importers import Imported, ImportOptions
from neurodeploy.io.archive import read_json
from neurodeploy.network import Network
from neurodeploy.profile import Profile
from neurodeploy.program import Program
from neurodeploy.simulate import Recording

__all__ = ["Comparable", "diff", "read_comparable"]

AnyPath = str | PathLike[str]
Comparable = Network | Program | Recording | Profile | BaselineEntry | Baseline


class _Kind(NamedTuple):
    """A kind of thing that can be compared."""

    noun: type[Any]
    words: str
    differences: Callable[[Any, Any, tuple[str, str]], Differences]


KINDS = (
    _Kind(Network, "a network", network_differences),
    _Kind(Program, "a program", program_differences),
    _Kind(Recording, "a recording", recording_differences),
    _Kind(Profile, "a profile", profile_differences),
    _Kind(BaselineEntry, "an entry of a baseline", entry_differences),
    _Kind(Baseline, "a baseline", baseline_differences),
)
NOUNS = tuple(item.noun for item in KINDS)


def _profile(path: Path, plain: object) -> Profile:
    try:
        return Profile.model_validate(plain)
    except ValidationError as error:
        raise DiagnosticError("diff", schema_findings("ND626", about("file", path), error, plain, Profile)) from None


class Read(NamedTuple):
    """What a file holds."""

    noun: Comparable
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes of an import."""


def read_comparable(path: AnyPath, options: ImportOptions | None = None) -> Read:
    """Return what a file holds: a network or program of any format that nd.load reads, a recording, the JSON of `run --json`
    or `profile --json`, or a baseline.

    `path`: the file. `options`: facts that an imported file does not contain. Raises DiagnosticError: ND622, ND626, and those of
    nd.load.
    """
    file = Path(path)
    if file.suffix == ".json" and not file.name.endswith(".nd.json"):
        table = as_table(read_json(file)) or {}
        if table.get("format") == "neurodeploy-baseline":
            return Read(load_baseline(file))
        if as_table(table.get("profile")) is not None:
            return Read(_profile(file, table["profile"]))
        if not {"networks", "network"} & set(table):  # a circuit of SONATA has one of them
            message, fix = "is JSON without a profile", "write it with `neurodeploy run MODEL --json > FILE.json`"
            raise DiagnosticError("diff", (finding("ND626", about("file", file), message, fixes=[fix]),))
    if file.suffix in (".ndp", ".ndr"):
        return Read(load(file))
    if file.suffix in (".nds", ".npz"):
        raise DiagnosticError("diff", (finding("ND626", about("file", file), "holds nothing that can be compared"),))
    imported = load(file, options, kind=Imported)
    return Read(imported.network, imported.findings)


def diff(base: Comparable | AnyPath, head: Comparable | AnyPath) -> Differences:
    """Return what differs between two networks, programs, recordings, profiles, entries of a baseline, or baselines: every
    row with both values, and the changes that explain them.

    `base`, `head`: two objects of one kind, or paths of files with them: anything nd.load reads, the JSON of `run --json`, or a
    baseline. A network can be compared with a program, of which its network is taken.

    Findings of imports are in `findings`. Counts are compared exactly. Energy and time are information; they are ranked only
    where their intervals do not overlap.

    Raises DiagnosticError: ND002 (arguments), ND626 (two kinds of objects, or nothing to compare), and those of nd.load.

    Example: nd.diff("old.ndp", "new.ndp").rows
    """
    kinds = (*NOUNS, str, PathLike)
    needs("diff", base=(base, kinds), head=(head, kinds))
    names = tuple(
        str(item) if isinstance(item, (str, PathLike)) else word for item, word in ((base, "base"), (head, "head"))
    )
    one, other = (read_comparable(item) if isinstance(item, (str, PathLike)) else Read(item) for item in (base, head))
    found = differences_of(one.noun, other.noun, (names[0], names[1]))
    return found.model_copy(update={"findings": (*one.findings, *other.findings)})


def differences_of(base: Comparable, head: Comparable, names: tuple[str, str]) -> Differences:
    """Return the differences of two objects. `names`: what to call them. Raises DiagnosticError: ND626 (two kinds)."""
    if {type(base), type(head)} == {Network, Program}:
        base, head = (item.network if isinstance(item, Program) else item for item in (base, head))
    kind = next((item for item in KINDS if isinstance(base, item.noun) and isinstance(head, item.noun)), None)
    if kind is None:
        words = [next(item.words for item in KINDS if isinstance(noun, item.noun)) for noun in (base, head)]
        message = f"'{names[0]}' holds {words[0]}, and '{names[1]}' {words[1]}"
        raise DiagnosticError("diff", (finding("ND626", about("function", "diff"), message),))
    return kind.differences(base, head, names)
