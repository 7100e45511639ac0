"""New projects: the text of neurodeploy.toml and of a workflow, and their files."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from neurodeploy.base.noun import Noun
from neurodeploy.base.toml import TomlError, parse_toml
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.hardware import read_target
from neurodeploy.io.archive import write_atomically
from neurodeploy.io.upwards import PROJECT_FILE
from neurodeploy.profile import COMPILATION_FIGURES, JUDGEMENT_FIGURES, PROFILE_FIGURES, read_budgets
from neurodeploy.project.project import ProjectSettings

__all__ = ["WORKFLOW_FILE", "NewProject", "write_project"]

STAGE = "project"
WORKFLOW_FILE = ".github/workflows/neurodeploy.yml"
"""Path of the workflow, from the root of the repository."""
FIGURES = (*PROFILE_FIGURES, *COMPILATION_FIGURES, *JUDGEMENT_FIGURES)
NETWORKS = (".nd.json", ".ndp", ".nir", ".net")
"""Suffixes of files that are networks for certain, unlike .json and .py."""
CANDIDATES = 5
"""Models that a finding lists."""
WORKFLOW = """\
name: neurodeploy
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
  chip:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      - uses: actions/setup-python@0b93645e9fea7318ecaed2b359559ac225c90a2b # v5.3.0
        with:
          python-version: "3.12"
      - run: python -m pip install neurodeploy
      - name: Test on every target of the project
        run: neurodeploy test --format github --save neurodeploy-report{folder}
      - name: Show the result in the summary of the run
        if: always()
        run: cat neurodeploy-report/neurodeploy.md >> "$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@b4b15b8c7c6ac21ea08fcf65892d2ee8f75cf882 # v4.4.3
        if: always()
        with:
          name: neurodeploy
          path: neurodeploy-report
"""


class NewProject(Noun):
    """A project that was written."""

    project: str
    """Path of the project file."""
    written: tuple[str, ...]
    """Paths of all files that were written."""


def write_project(
    folder: str,
    model: str | None,
    targets: Iterable[object],
    data: str | None,
    budgets: Iterable[object],
    fields: Mapping[str, object],
    *,
    workflow: bool,
    force: bool,
) -> NewProject:
    """Write the files of a new project, all or none, and return their paths.

    The arguments are those of nd.init_project; `fields`: its framework, samples and steps, as far as they are given.

    Raises DiagnosticError: as nd.init_project.
    """
    _require_folder_name(folder)
    path, chosen = Path(folder, PROJECT_FILE), model or _only_model(Path(folder))
    names, limits = list(targets), list(budgets)
    read_budgets(limits, FIGURES)
    text = _text(
        _inside(Path(folder), chosen),
        [_target(Path(folder), item) for item in names],
        None if data is None else _inside(Path(folder), data),
        limits,
        fields,
    )
    _require_valid(path, text)
    files = {path: text}
    if workflow:
        root = _root(Path(folder))
        files[root / WORKFLOW_FILE] = _workflow(os.path.relpath(Path(folder).resolve(), root))
    there = [] if force else [file for file in files if os.path.lexists(file)]
    if there:
        raise DiagnosticError(STAGE, tuple(_exists(file) for file in there))
    for file, content in files.items():
        _write(file, content)
    return NewProject(project=str(path), written=tuple(_shown(file) for file in files))


def _require_folder_name(folder: str) -> None:
    """Raise DiagnosticError: ND007 for a text that no folder can have as its name, or that cannot be reached."""
    try:
        os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not the name of a folder"
        raise DiagnosticError(
            "files", (finding("ND007", about("folder", folder), f"cannot be written: {reason}"),)
        ) from None


def _shown(file: Path) -> str:
    """A path relative to the working directory, if the file lies below it."""
    within = os.path.relpath(file)
    return str(file) if within.startswith("..") else within


def _only_model(folder: Path) -> str:
    """The only network in a folder. Raises DiagnosticError: ND784."""
    try:
        names = sorted(item.name for item in folder.iterdir() if item.name.endswith(NETWORKS) and item.is_file())
    except OSError:
        names = []
    if len(names) == 1:
        return str(folder / names[0])
    where = about("folder", folder)
    if not names:
        raise DiagnosticError(STAGE, (finding("ND784", where, "holds no network", fixes=["neurodeploy init MODEL"]),))
    more = f" and {len(names) - CANDIDATES} more" if len(names) > CANDIDATES else ""
    message = f"holds {len(names)} networks: {', '.join(names[:CANDIDATES])}{more}"
    fixes = [f"neurodeploy init {name}" for name in names[:1]]
    raise DiagnosticError(STAGE, (finding("ND784", where, message, fixes=fixes),))


def _inside(folder: Path, file: str) -> str:
    """The path of a file from the folder of the project. Raises DiagnosticError: ND782 if it does not exist."""
    plain = file.partition(":")[0] if ".py:" in file else file
    try:
        there = Path(plain).exists()
        within = os.path.relpath(Path(file).absolute(), folder.absolute())
    except (OSError, ValueError):
        there, within = False, file
    if not there:
        raise DiagnosticError(STAGE, (finding("ND782", about("file", PROJECT_FILE), f"'{file}' does not exist"),))
    return Path(within).as_posix()


def _target(folder: Path, target: object) -> str:
    """A target as the project file names it. Raises DiagnosticError: as read_target."""
    name = str(target)
    read_target(name)
    return _inside(folder, name) if name.endswith(".toml") else name


def _quoted(word: object) -> str:
    """A TOML value: texts of TOML and of JSON are written in the same way, except for DEL."""
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")


def _text(model: str, targets: list[str], data: str | None, budgets: list[object], fields: Mapping[str, object]) -> str:
    """The text of a project file."""
    lines = [
        "# What is tested, on which chips, and what must hold; `neurodeploy test` reads it, and so does every command.",
        "schema_version = 1",
        f"targets = {_quoted(targets)}",
        *_budget_lines([str(item) for item in budgets]),
        "",
        "[model]",
        f"file = {_quoted(model)}",
        *_line("framework", fields, "the framework that wrote a NIR file, such as snntorch", "snntorch"),
        "",
        "[data]",
        f"file = {_quoted(data)}" if data is not None else '# file = "samples.npz"  # default: NAME.stimulus.npz',
        *_line("samples", fields, "only the first ones", 100),
        *_line("steps", fields, "of each sample", 32),
        "",
        "[compile]",
        "# strict = true  # warnings fail",
        '# weight_bits = {"*" = 6}  # every field of nd.CompileOptions',
        "",
        "[run]",
        "seed = 0",
    ]
    return "\n".join(lines) + "\n"


def _budget_lines(budgets: list[str]) -> Iterator[str]:
    """The budgets, or how they are written."""
    if budgets:
        yield from ("budgets = [", *(f"    {_quoted(item)}," for item in budgets), "]")
    else:
        yield '# budgets = ["cores<=4", "accuracy>=0.95", "energy_per_inference<=2uJ"]'


def _line(name: str, fields: Mapping[str, object], meaning: str, example: object) -> Iterator[str]:
    """A field, or a comment that shows it."""
    if name in fields:
        yield f"{name} = {_quoted(fields[name])}"
    else:
        yield f"# {name} = {_quoted(example)}  # {meaning}"


def _require_valid(path: Path, text: str) -> None:
    """Raise DiagnosticError: ND780 for values that a project file cannot hold."""
    where = about("file", path)
    try:
        document = parse_toml(text)
    except TomlError as error:
        raise DiagnosticError(STAGE, (finding("ND780", where, f"would not be TOML: {error}"),)) from None
    try:
        ProjectSettings.model_validate(document)
    except ValidationError as error:
        found = schema_findings("ND780", where, error, document, ProjectSettings)
        raise DiagnosticError(STAGE, errors_in(found)) from None


def _root(folder: Path) -> Path:
    """The root of the repository that holds a folder; the folder itself outside of one."""
    here = folder.resolve()
    return next((item for item in (here, *here.parents) if (item / ".git").exists()), here)


def _workflow(within: str) -> str:
    """The workflow for a project in a folder of the repository."""
    return WORKFLOW.format(folder="" if within == "." else f" {shlex.quote(Path(within).as_posix())}")


def _exists(file: Path) -> Diagnostic:
    return finding("ND783", about("file", file), "exists and is not overwritten", fixes=["--force replaces it"])


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise DiagnosticError("files", (finding("ND007", about("file", file), message),)) from None
    write_atomically(file, text.encode("utf-8", errors="replace"))
