"""Functions on project files: reading, testing and writing them."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike, fspath
from typing import get_args

from neurodeploy.api.compiling import real_targets
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.choices import CALL, needs
from neurodeploy.project import NewProject, Project, ProjectResult
from neurodeploy.project import load_project as read_project
from neurodeploy.project import run_project as test_of_project
from neurodeploy.project.baseline import BaselineUse
from neurodeploy.project.write import write_project
from neurodeploy.simulate import Progress

__all__ = ["init_project", "load_project", "run_project"]

AnyPath = str | PathLike[str]


def load_project(path: AnyPath | None = None) -> Project:
    """Return the project of a file, or of the neurodeploy.toml in a folder.

    `path`: of the file or the folder; default: the nearest neurodeploy.toml in the working directory or a folder above it, up
    to the root of the repository.

    Raises DiagnosticError: ND002 (argument), ND781 (there is none), ND001 and ND012 (unreadable), ND780 (not a project).

    Example: nd.load_project().settings.targets
    """
    needs("load_project", path=(path, (str, PathLike, type(None))))
    return read_project(None if path is None else fspath(path))


def run_project(
    project: Project | AnyPath | None = None, *, baseline: BaselineUse = "check", progress: Progress | None = None
) -> ProjectResult:
    """Return the result of checking and running the model of a project on each of its targets, with its budgets.

    `project`: a project, or its path as for nd.load_project. `baseline`: "check" compares with the baseline if the project has
    one, "update" writes it unless something fails, "ignore" does neither. `progress`: called with (targets done, all targets).
    The command is `neurodeploy test`.

    Raises DiagnosticError: ND002 (arguments), ND706 and ND707 (budgets), ND622 and ND007 (baseline), and as nd.load_project. What fails on a target, or
    in the model, is in the findings of the result.

    Example: nd.run_project("neurodeploy.toml").passed
    """
    needs("run_project", project=(project, (Project, str, PathLike, type(None))), progress=(progress, CALL))
    read = project if isinstance(project, Project) else load_project(project)
    if baseline not in get_args(BaselineUse):
        message, words = f"argument 'baseline': {baseline!r:.60} is not one of", ", ".join(get_args(BaselineUse))
        raise DiagnosticError(
            "run_project", (finding("ND002", about("function", "run_project"), f"{message} {words}"),)
        )
    return test_of_project(read, real_targets, progress, baseline)


def init_project(
    model: AnyPath | None = None,
    *,
    folder: AnyPath = ".",
    targets: Iterable[str] = ("loihi1",),
    framework: str | None = None,
    data: AnyPath | None = None,
    samples: int | None = None,
    steps: int | None = None,
    budgets: Iterable[str] = (),
    workflow: bool = True,
    force: bool = False,
) -> NewProject:
    """Write neurodeploy.toml and a workflow for GitHub, and return what was written.

    `model`: path of the network; default: the only one in `folder`. `folder`: of the project, to which paths in the file are
    relative. `targets`: names of targets, or paths of .toml files. `framework`: that wrote a NIR file. `data`: path of the
    samples; default: those next to the model. `samples` and `steps`: number of samples and of their steps. `budgets`: such
    as "cores<=4". `workflow`: also write .github/workflows/neurodeploy.yml. `force`: replace files that exist.

    Raises DiagnosticError: ND002 (arguments), ND784 (no model, or several), ND783 (a file exists), ND780 (a value that the
    file cannot hold), ND706 and ND707 (budgets), ND020-ND029 (targets), ND007 (not writable). Nothing is written then.

    Example: nd.init_project("net.nd.json", targets=["loihi1"], budgets=["cores<=4"])
    """
    path = (str, PathLike, type(None))
    needs("init_project", model=(model, path), folder=(folder, (str, PathLike)), data=(data, path))
    needs("init_project", workflow=(workflow, bool), force=(force, bool))
    fields = {"framework": framework, "samples": samples, "steps": steps}
    return write_project(
        fspath(folder),
        None if model is None else fspath(model),
        [targets] if isinstance(targets, str) else targets,
        None if data is None else fspath(data),
        [budgets] if isinstance(budgets, str) else budgets,
        {name: value for name, value in fields.items() if value is not None},
        workflow=workflow,
        force=force,
    )
