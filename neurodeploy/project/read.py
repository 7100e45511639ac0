"""The project file: where it is found, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from neurodeploy.base.plain import as_items, as_table
from neurodeploy.base.toml import TomlError, parse_toml, toml_line
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.archive import read_bytes, read_json
from neurodeploy.io.upwards import PROJECT_FILE, find_project
from neurodeploy.project.project import Project, ProjectSettings
from neurodeploy.project.result import ProjectResult

__all__ = ["load_project", "load_result", "require_files"]

STAGE = "project"


def load_project(path: str | Path | None = None) -> Project:
    """Return the project of a file, of the file neurodeploy.toml in a folder, or of the one that `find_project` finds.

    `path`: of the file or the folder; None searches from the working directory upwards.

    Raises DiagnosticError: ND781 (no project file), ND001 and ND012 (unreadable), ND780 (not a project).
    """
    file = find_project() if path is None else Path(path)
    if file is not None and path is not None and os.path.isdir(file):
        file = file / PROJECT_FILE
    if file is None or not (path is None or os.path.lexists(file)):
        where = about("folder", Path.cwd()) if file is None else about("file", file)
        message = f"holds no {PROJECT_FILE}, and neither does a folder above it" if file is None else "does not exist"
        fixes = ["neurodeploy init MODEL writes one"]
        raise DiagnosticError(STAGE, (finding("ND781", where, message, fixes=fixes),))
    return _project(file)


def _project(file: Path) -> Project:
    where = about("file", file)
    try:
        text = read_bytes(file).decode("utf-8-sig")
        document = parse_toml(text)
    except (TomlError, UnicodeDecodeError) as error:
        raise DiagnosticError(STAGE, (finding("ND780", where, f"is not TOML: {error}"),)) from None
    try:
        return Project(path=str(file), settings=ProjectSettings.model_validate(document))
    except ValidationError as error:
        found = schema_findings("ND780", where, error, document, ProjectSettings)
        raise DiagnosticError(STAGE, tuple(_with_line(item, text) for item in errors_in(found))) from None


def _with_line(item: Diagnostic, text: str) -> Diagnostic:
    """The finding, with the line of its field if the file sets it."""
    line = toml_line(text, item.subject.field)
    return item if line is None else item.model_copy(update={"message": f"line {line}: {item.message}"})


def load_result(path: str | Path) -> ProjectResult:
    """Return the figures of a result that `neurodeploy test` saved as JSON, without its findings.

    `path`: of its neurodeploy.json. Raises DiagnosticError: ND001, ND003 and ND012 (unreadable), ND785 (no such result).
    """
    file = Path(path)
    document = as_table(read_json(file)) or {}
    rows = [as_table(row) or {} for row in as_items(document.get("targets")) or ()]
    plain = {name: document.get(name) for name in ("project", "model", "strict")}
    kept = [{name: row.get(name) for name in ("label", "verdict", "cores", "met", "profile", "entry")} for row in rows]
    try:
        return ProjectResult.model_validate({**plain, "targets": kept})
    except ValidationError as error:
        found = schema_findings("ND785", about("file", file), error, document, ProjectResult)
        raise DiagnosticError(STAGE, found[:1]) from None


def require_files(project: Project) -> tuple[Diagnostic, ...]:
    """Return ND782 for each file that a project names and that does not exist, with the names that are similar."""
    return tuple(
        _missing(project, field, name) for field, name in _named_files(project) if not project.at(name).exists()
    )


def _named_files(project: Project) -> Iterator[tuple[str, str]]:
    """(field, path as written) of the files that a project reads."""
    settings = project.settings
    yield (
        "model.file",
        settings.model.file.partition(":")[0] if _is_script(settings.model.file) else settings.model.file,
    )
    if settings.data.file is not None:
        yield "data.file", settings.data.file
    if settings.data.targets is not None:
        yield "data.targets", settings.data.targets
    for item in settings.metrics:
        if item.rpartition(":")[0].endswith(".py"):
            yield "metrics", item.rpartition(":")[0]
    for item in settings.targets:
        if item.name.endswith(".toml"):
            yield "targets", item.name


def _is_script(file: str) -> bool:
    """Whether a model is given as FILE.py:NAME."""
    return ".py:" in file


def _missing(project: Project, field: str, name: str) -> Diagnostic:
    path = project.at(name)
    message = f"{field}: '{name}' does not exist"
    return finding("ND782", about("file", project.path, field=field), message, fixes=_alike(path))


def _alike(path: Path) -> Sequence[str]:
    from neurodeploy.diagnostics.translate import nearest

    try:
        return nearest(path.name, sorted(os.listdir(path.parent))[:1000])
    except (OSError, ValueError):
        return []
