"""The project file: what a repository compiles, on what it runs, and what must hold."""

from neurodeploy.io.upwards import PROJECT_FILE, find_project
from neurodeploy.project.project import (
    Project,
    ProjectData,
    ProjectModel,
    ProjectRun,
    ProjectSettings,
    ProjectTarget,
)
from neurodeploy.project.read import load_project, load_result, require_files
from neurodeploy.project.result import ProjectResult, TargetResult
from neurodeploy.project.run import run_project
from neurodeploy.project.write import NewProject, write_project

__all__ = [
    "PROJECT_FILE",
    "NewProject",
    "Project",
    "ProjectData",
    "ProjectModel",
    "ProjectResult",
    "ProjectRun",
    "ProjectSettings",
    "ProjectTarget",
    "TargetResult",
    "find_project",
    "load_project",
    "load_result",
    "require_files",
    "run_project",
    "write_project",
]
