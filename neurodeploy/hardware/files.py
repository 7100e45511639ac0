"""Loading of targets and dialects from TOML files.

Packages of target files register under the entry-point group `neurodeploy.targets`; built-in targets use the same group.
A target file names its dialect, which a `dialects.toml` of any such package defines. A number without unit, source and
confidence does not load.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from neurodeploy.base.plain import as_table
from neurodeploy.base.toml import TomlError, parse_toml
from neurodeploy.diagnostics import DiagnosticError, Subject, about, finding
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.translate import nearest, schema_findings
from neurodeploy.hardware.consistency import contradictions, unit_findings
from neurodeploy.hardware.dialect import CHOSEN, Dialect
from neurodeploy.hardware.feasibility_target import ARCHITECTURES, FeasibilityTarget
from neurodeploy.hardware.figure import FigureRange
from neurodeploy.hardware.target import Target

__all__ = [
    "cite",
    "cite_figure",
    "dialect_names",
    "forget_targets",
    "load_dialect",
    "load_feasibility_target",
    "load_target",
    "on_board",
    "on_dialect",
    "read_target",
    "target_document",
    "target_names",
    "with_rules",
]

GROUP = "neurodeploy.targets"
DIALECTS = "dialects.toml"
STAGE = "target"
LOIHI = "loihi"
"""Architecture of a file that does not name one."""


def _refuse(code: str, where: Subject, message: str, **details: Any) -> DiagnosticError:
    return DiagnosticError(STAGE, (finding(code, where, message, **details),))


@cache
def _texts() -> dict[str, str]:
    """Text of every TOML file of every installed target package, by file name."""
    found: dict[str, str] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda item: item.name):
        texts = _package_texts(entry)
        twice = sorted(set(texts) & set(found))
        if twice:
            message = f"contains '{twice[0]}', which another package also contains"
            raise _refuse("ND027", about("target package", entry.name), message, fixes=["rename the file"])
        found.update(texts)
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
            about("target package", entry.name),
            f"cannot be read: {type(error).__name__}: {error}",
            fixes=[f"repair or uninstall the distribution that declares '{entry.name} = {entry.value}'"],
        ) from None


def target_names() -> tuple[str, ...]:
    """Return the names of the installed targets."""
    return tuple(name.removesuffix(".toml") for name in _texts() if not name.endswith(DIALECTS))


def _parse(file: str, text: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except TomlError as error:
        raise _refuse("ND021", about("file", file), f"is not TOML: {error}") from None


@cache
def _installed(file: str) -> dict[str, Any]:
    """Contents of an installed target file; shared, so never changed."""
    return _parse(file, _texts()[file])


@cache
def _dialect_tables() -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for file, text in _texts().items():
        if file.endswith(DIALECTS):
            tables.update(_parse(file, text))
    return tables


def forget_targets() -> None:
    """Clear the cache of target packages, for example after installing one in a running process."""
    _texts.cache_clear()
    _installed.cache_clear()
    _dialect_tables.cache_clear()


def dialect_names() -> tuple[str, ...]:
    """Return the names of the installed dialects."""
    return tuple(_dialect_tables())


def load_dialect(name: str) -> Dialect:
    """Return an installed dialect by name.

    Raises DiagnosticError: ND022 (unknown dialect).
    """
    tables = _dialect_tables()
    if name not in tables:
        raise _refuse(
            "ND022",
            about("dialect", name),
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


class _File(NamedTuple):
    """A parsed target file."""

    shown: str
    """The file as findings cite it: its path or installed name."""
    name: str
    document: dict[str, Any]


def _find(spec: str | PathLike[str]) -> _File:
    needs("load_target", spec=(spec, (str, PathLike)))
    spec = fspath(spec)
    path = Path(spec)
    if path.suffix == ".toml":
        return _File(spec, path.name, _parse(spec, _read(path)))
    file = f"{spec}.toml"
    if file not in _texts():
        message = f"is not one of {', '.join(target_names())}"
        raise _refuse("ND020", about("target", spec), message, fixes=nearest(spec, target_names()))
    return _File(file, file, _installed(file))


def target_document(spec: str | PathLike[str]) -> dict[str, object]:
    """Return the unvalidated contents of a target file, by installed name or path.

    Raises DiagnosticError: ND001, ND020, ND021, ND027.
    """
    return dict(_find(spec).document)


def _architecture(file: _File) -> str | None:
    """Architecture of a feasibility target; None for a target of Loihi-style cores."""
    named = file.document.get("architecture", LOIHI)
    if named in (LOIHI, *ARCHITECTURES):
        return None if named == LOIHI else named
    known = (LOIHI, *ARCHITECTURES)
    message = f"field 'architecture': {named!r} is not one of {', '.join(known)}"
    raise _refuse("ND023", about("file", file.shown), message, fixes=nearest(str(named), known))


def read_target(
    spec: str | PathLike[str], *, board: str | None = None, rules: str | None = None
) -> Target | FeasibilityTarget:
    """Return a target of any architecture, by installed name or from the path of a TOML file.

    Raises DiagnosticError: the codes of load_target except ND028. Feasibility targets have no boards (ND024) and no
    rule sets (ND025).
    """
    file = _find(spec)
    if _architecture(file) is None:
        target = _loihi_style(file)
        return on_board(target if rules is None else with_rules(target, rules), board)
    for code, what, choice in (("ND024", about("board", board), board), ("ND025", about("rule set", rules), rules)):
        if choice is not None:
            raise _refuse(code, what, f"is not a {what.kind} of target '{spec}', which has none")
    return _feasibility_target(file)


def load_target(spec: str | PathLike[str], *, board: str | None = None, rules: str | None = None) -> Target:
    """Return a target of Loihi-style cores.

    `spec` is an installed name or the path of a TOML file. `board` is a board of the target (default: one chip), `rules`
    a rule set of the target (default: the file's own).

    Raises DiagnosticError: ND001 (unreadable file), ND020 (unknown name), ND021 (not TOML), ND022 (unknown dialect),
    ND023 (wrong field), ND024 (unknown board), ND025 (unknown rule set), ND026 (contradiction), ND027 (broken package),
    ND028 (a feasibility target), ND029 (wrong unit).
    """
    file = _find(spec)
    architecture = _architecture(file)
    if architecture is not None:
        message = f"is of architecture '{architecture}': networks are judged against it, not compiled for it"
        fixes = [f"neurodeploy check MODEL --target {spec}", f"nd.judge(network, '{spec}')"]
        raise _refuse("ND028", about("target", spec), message, fixes=fixes)
    target = _loihi_style(file)
    target = target if rules is None else with_rules(target, rules)
    return on_board(target, board)


def load_feasibility_target(spec: str | PathLike[str]) -> FeasibilityTarget:
    """Return a feasibility target by installed name or from the path of a TOML file.

    Raises DiagnosticError: ND001, ND020, ND021, ND023, ND026, ND027, ND028 (a target of Loihi-style cores), ND029.
    """
    file = _find(spec)
    if _architecture(file) is None:
        message = "is a target of Loihi-style cores: networks are compiled for it"
        raise _refuse("ND028", about("target", spec), message, fixes=[f"neurodeploy check MODEL --target {spec}"])
    return _feasibility_target(file)


def _read(path: Path) -> str:
    from neurodeploy.io.archive import read_bytes  # only a user's own file needs the file layer

    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise _refuse("ND021", about("file", path), f"is not TOML: {error.reason} at byte {error.start}") from None


def _loihi_style(file: _File) -> Target:
    document = {key: value for key, value in file.document.items() if key != "architecture"}
    dialect = document.get("dialect")
    if isinstance(dialect, str):
        document["dialect"] = load_dialect(dialect)
    target = _checked(file, document, Target)
    _require_consistent(file, target)
    return target


def _feasibility_target(file: _File) -> FeasibilityTarget:
    target = _checked(file, file.document, ARCHITECTURES[file.document["architecture"]])
    _require_consistent(file, target)
    return target


N = TypeVar("N", bound=BaseModel)


class Cited(Protocol):
    """A value of a target file with its source."""

    @property
    def source(self) -> str:
        """Where the value is published, or how it was derived."""
        ...


def _checked(file: _File, document: dict[str, Any], noun: type[N]) -> N:
    try:
        return noun.model_validate({**document, "file": file.name})
    except ValidationError as error:
        found = schema_findings("ND023", about("file", file.shown), error, document, noun)
        raise DiagnosticError(STAGE, found) from None


def _require_consistent(file: _File, target: Target | FeasibilityTarget) -> None:
    where = about("file", file.shown)
    found = (*unit_findings(where, target), *contradictions(where, target))
    if found:
        raise DiagnosticError(STAGE, found)


def on_board(target: Target, board: str | None) -> Target:
    """Return the target on `board`, one of its boards; None: one chip.

    Raises DiagnosticError: ND024 (unknown board).
    """
    needs("on_board", target=(target, Target), board=(board, (str, type(None))))
    if board is not None and board not in target.boards:
        raise _refuse(
            "ND024",
            about("board", board),
            f"is not a board of target '{target.name}': {', '.join(sorted(target.boards)) or 'it has none'}",
            fixes=nearest(board, list(target.boards)),
        )
    return target.model_copy(update={"board": board})


def with_rules(target: Target, name: str) -> Target:
    """Return the target under `name`, one of its rule sets.

    Raises DiagnosticError: ND025 (unknown rule set).
    """
    needs("with_rules", target=(target, Target), name=(name, str))
    if name not in target.rules:
        raise _refuse(
            "ND025",
            about("rule set", name),
            f"is not a rule set of target '{target.name}': {', '.join(sorted(target.rules))}",
            fixes=nearest(name, list(target.rules)),
        )
    return target.model_copy(update={"rule_set": name})


def on_dialect(target: Target, name: str | None) -> Target:
    """Return the target with the arithmetic of the dialect `name`; None: its own.

    Register ranges shrink to what the dialect supports. Raises DiagnosticError: ND022 (unknown dialect).
    """
    needs("on_dialect", target=(target, Target), name=(name, (str, type(None))))
    if name is None or name == target.dialect.name:
        return target
    found, own = load_dialect(name), target.dialect.name
    sources = {**found.sources, CHOSEN: f"chosen instead of '{own}', which {target.file} names"}
    found, precision = found.model_copy(update={"sources": sources}), target.precision
    limits = (("refractory_delay", found.refractory_delay_max), ("delay_steps", found.delay_steps_max))
    ranges = {field: _limited(getattr(precision, field), most, found, f"{field}_max") for field, most in limits}
    return target.model_copy(update={"dialect": found, "precision": precision.model_copy(update=ranges)})


def _limited(figure: FigureRange, most: int, dialect: Dialect, field: str) -> FigureRange:
    """The range, cut to the largest value that a dialect supports."""
    if figure.high <= most:
        return figure
    source = f"dialect {dialect.name} {field}: {dialect.sources.get(field, '')}"
    return figure.model_copy(update={"high": most, "source": source})


def cite(target: Target, path: str) -> str:
    """Return the citation of a figure in findings: "loihi1.toml limits.synapse_memory: <source>"."""
    here: Any = target
    for part in path.split("."):
        table = as_table(here)
        here = table[part] if table is not None else getattr(here, part)
    return cite_figure(target.file, path, here)


def cite_figure(file: str, path: str, figure: Cited) -> str:
    """Return the citation of a sourced value: "<file> <path>: <source>"."""
    return f"{file} {path}: {figure.source}"
