"""Verb: read targets. Built-in and plug-in files are found by the entry-point group `neurodeploy.targets` only.

A file names its dialect; the dialects stand in `dialects.toml` files of the same packages. Nothing is guessed: a
number without unit, source and confidence does not load.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from neurodeploy._plain import as_table
from neurodeploy._toml import TomlError, parse_toml
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding
from neurodeploy.diagnostics.translate import nearest, schema_findings
from neurodeploy.target.dialect import Dialect
from neurodeploy.target.target import Target

__all__ = ["cite", "dialect_names", "load_dialect", "load_target", "on_board", "target_names", "with_rules"]

GROUP = "neurodeploy.targets"
DIALECTS = "dialects.toml"
STAGE = "target"


def _refuse(code: str, where: str, message: str, **details: Any) -> DiagnosticError:
    return DiagnosticError(STAGE, (finding(code, where, message, **details),))


@cache
def _texts() -> dict[str, str]:
    """Text of every target file of every installed package, by file name."""
    found: dict[str, str] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda item: item.name):
        found.update(_package_texts(entry))
    return found


def _package_texts(entry: EntryPoint) -> dict[str, str]:
    try:
        folder = files(entry.value)
        return {
            item.name: item.read_text(encoding="utf-8")
            for item in sorted(folder.iterdir(), key=lambda item: item.name)
            if item.name.endswith(".toml")
        }
    except (ImportError, OSError, TypeError) as error:
        raise _refuse(
            "ND027",
            f"target package '{entry.name}'",
            f"cannot be read: {type(error).__name__}: {error}",
            fixes=[f"repair or uninstall the distribution that declares '{entry.name} = {entry.value}'"],
        ) from None


def target_names() -> tuple[str, ...]:
    """Return the installed targets' names."""
    return tuple(name.removesuffix(".toml") for name in _texts() if not name.endswith(DIALECTS))


def _parse(file: str, text: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except TomlError as error:
        raise _refuse("ND021", f"file '{file}'", f"is not TOML: {error}") from None


@cache
def _dialect_tables() -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for file, text in _texts().items():
        if file.endswith(DIALECTS):
            tables.update(_parse(file, text))
    return tables


def dialect_names() -> tuple[str, ...]:
    """Return the installed dialects' names."""
    return tuple(_dialect_tables())


def load_dialect(name: str) -> Dialect:
    """Return an installed dialect by name. Raises DiagnosticError: ND022."""
    tables = _dialect_tables()
    if name not in tables:
        raise _refuse(
            "ND022",
            f"dialect '{name}'",
            f"is not one of {', '.join(sorted(tables))}",
            fixes=nearest(name, list(tables)),
        )
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key, item in tables[name].items():
        cited = as_table(item) or {"value": item}
        values[key] = None if cited["value"] == "none-set" else cited["value"]
        if "source" in cited:
            sources[key] = cited["source"]
    return Dialect.model_validate({"name": name, "sources": sources, **values})


def load_target(spec: str, *, board: str | None = None, rules: str | None = None) -> Target:
    """Return a target by installed name, or from a TOML file by path, on a board and under a rule set.

    Raises DiagnosticError: ND001 unreadable file, ND020 unknown name, ND021 not TOML, ND022 unknown dialect, ND023 wrong
    field, ND024 unknown board, ND025 unknown rule set, ND026 contradiction, ND027 broken package.
    """
    path = Path(spec)
    if path.suffix == ".toml":
        target = _from_text(spec, path.name, _read(path))
    elif f"{spec}.toml" in _texts():
        target = _from_text(f"{spec}.toml", f"{spec}.toml", _texts()[f"{spec}.toml"])
    else:
        raise _refuse(
            "ND020",
            f"target '{spec}'",
            f"is not one of {', '.join(target_names())}",
            fixes=nearest(spec, target_names()),
        )
    target = with_rules(target, rules) if rules else target
    return on_board(target, board)


def _read(path: Path) -> str:
    from neurodeploy._archive import read_bytes  # only a user's own file needs the file layer

    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise _refuse("ND021", f"file '{path}'", f"is not TOML: {error.reason} at byte {error.start}") from None


def _from_text(shown: str, file: str, text: str) -> Target:
    document = _parse(shown, text)
    dialect = document.get("dialect")
    if isinstance(dialect, str):
        document = {**document, "dialect": load_dialect(dialect)}
    try:
        target = Target.model_validate({**document, "file": file})
    except ValidationError as error:
        raise DiagnosticError(STAGE, schema_findings("ND023", f"file '{shown}'", error, document, Target)) from None
    faults = _contradictions(shown, target)
    if faults:
        raise DiagnosticError(STAGE, faults)
    return target


def _contradictions(shown: str, target: Target) -> tuple[Diagnostic, ...]:
    where, found = f"file '{shown}'", list[Diagnostic]()

    def say(message: str, fixes: list[str]) -> None:
        found.append(finding("ND026", where, message, fixes=fixes))

    if target.rule_set not in target.rules:
        say(
            f"rule_set '{target.rule_set}' is not among rules {sorted(target.rules)}",
            nearest(target.rule_set, list(target.rules)),
        )
    nominal = target.energy_nominal
    if (nominal is None) != (not target.energy) or (nominal is not None and nominal not in target.energy):
        say(
            f"energy_nominal '{nominal}' is not among energy profiles {sorted(target.energy)}",
            nearest(nominal or "", list(target.energy)),
        )
    mesh = target.chip.mesh_columns.value * target.chip.mesh_rows.value * target.chip.cores_per_tile.value
    if mesh < target.chip.cores.value:
        say(f"chip.cores {target.chip.cores.value:g} do not fit the mesh of {mesh:g} cores", [])
    for name, span in target.precision:
        if hasattr(span, "low") and span.low > span.high:
            say(f"precision.{name}: low {span.low:g} is above high {span.high:g}", [])
    for mode in target.neurons.extensions:
        if mode not in target.neurons.resets:
            say(f"neurons.extensions names reset '{mode}', which neurons.resets lacks", [])
    return tuple(found)


def on_board(target: Target, board: str | None) -> Target:
    """Return the target on a board of its file; None: one chip. Raises DiagnosticError: ND024."""
    if board is not None and board not in target.boards:
        raise _refuse(
            "ND024",
            f"board '{board}'",
            f"is not a board of target '{target.name}': {', '.join(sorted(target.boards)) or 'it has none'}",
            fixes=nearest(board, list(target.boards)),
        )
    return target.model_copy(update={"board": board})


def with_rules(target: Target, name: str) -> Target:
    """Return the target under another of its rule sets. Raises DiagnosticError: ND025."""
    if name not in target.rules:
        raise _refuse(
            "ND025",
            f"rule set '{name}'",
            f"is not a rule set of target '{target.name}': {', '.join(sorted(target.rules))}",
            fixes=nearest(name, list(target.rules)),
        )
    return target.model_copy(update={"rule_set": name})


def cite(target: Target, path: str) -> str:
    """Return how findings cite a figure: "loihi1.toml limits.synapse_memory: <source>"."""
    here: Any = target
    for part in path.split("."):
        table = as_table(here)
        here = table[part] if table is not None else getattr(here, part)
    return f"{target.file} {path}: {here.source}"
