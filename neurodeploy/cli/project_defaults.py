"""Values of the project file as words of a command line, for what the user did not give.

A command then sees the same words as if they had been typed: there is one way to read an option.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from neurodeploy.base.plain import as_items, as_table
from neurodeploy.io.upwards import find_project

if TYPE_CHECKING:
    from neurodeploy.project import Project, ProjectTarget

__all__ = ["IGNORED", "NO_PROJECT", "READS", "Typed", "project_words", "with_project"]

IGNORED = "NEURODEPLOY_NO_PROJECT"
"""Environment variable that has every command ignore the project file."""
NO_PROJECT = "--no-project"
PROGRAM = ".ndp"
TARGET, BUDGETS, COMPILE, IMPORT, DATA, RUN = "target", "budgets", "compile", "import", "data", "run"
STIMULUS = "stimulus"
OF_REFERENCE = "accuracy_drop"
"""The figure that needs a run of the float reference."""
READS: Mapping[str, tuple[str, ...]] = {
    "check": (TARGET, BUDGETS, COMPILE, IMPORT),
    "compile": (TARGET, BUDGETS, COMPILE, IMPORT),
    "fit": (COMPILE, IMPORT),
    "run": (TARGET, BUDGETS, COMPILE, IMPORT, DATA, RUN),
    "profile": (TARGET, BUDGETS, COMPILE, IMPORT, DATA, RUN),
    "report": (TARGET, BUDGETS, COMPILE, IMPORT, DATA, RUN),
    "convert": (IMPORT,),
    "blame": (TARGET, STIMULUS),
    "compare": (TARGET, DATA),
}
"""Command -> what it takes from the project, besides the model."""
MODELS = {"compare": "left"}
"""Command -> the parameter of its model, where it is not `model`."""
ALREADY = {"check": "shapes", "profile": "recording", "compare": "right"}
"""Command -> the parameter that says that the model of the project is not meant, or that nothing runs."""
FIELDS = {"time_limit_s": "time_limit", "pins": "pin", "partitioners": "partitioner", "fix_time_s": "fix_time"}
"""Field of CompileOptions -> parameter of the commands, where they differ."""


class Typed(NamedTuple):
    """A command line, as far as it was typed."""

    command: str
    given: Mapping[str, Any]
    """Parameter -> what was typed for it."""
    options: Mapping[str, str]
    """Every parameter of the command that is an option -> its name, with dashes."""


def project_words(typed: Typed, project: Project) -> list[str]:
    """Return the words that a project adds to a command line: its model first, then options that were not given.

    If another model was typed, only the target is added; and if another target was typed, only what is of no target.
    """
    name, same = MODELS.get(typed.command, "model"), _same_model(typed, project)
    found = list[str]()
    if same and name not in typed.given:
        found.append(_as_argument(project))
    kinds = READS[typed.command]
    kinds = kinds if same else (TARGET,) if TARGET in kinds and typed.command not in MODELS else ()
    for parameter, value in (item for kind in kinds for item in VALUES[kind](typed, project)):
        if parameter in typed.options and parameter not in typed.given:
            found += _option(typed.options[parameter], value)
    return found


def _as_argument(project: Project) -> str:
    """The model, as a word that is no option."""
    path = str(project.at(project.settings.model.file))
    return path if not path.startswith("-") else os.path.join(".", path)


def _same_model(typed: Typed, project: Project) -> bool:
    """Whether the command is about the model of the project: none was typed, or the same file."""
    given = typed.given.get(MODELS.get(typed.command, "model"))
    if given is None:
        return ALREADY.get(typed.command) not in typed.given or typed.command == "profile"
    try:
        return os.path.samefile(str(given).partition(".py:")[0], str(project.model).partition(".py:")[0])
    except (OSError, ValueError):
        return os.path.normpath(str(given)) == str(project.model)


def _option(name: str, value: object) -> Iterator[str]:
    """An option with its value; one for each of several values."""
    if value is None or value is False:
        return
    if value is True:
        yield name
        return
    items = as_items(value)
    for item in [value] if items is None else items:
        yield f"{name}={item!r}" if isinstance(item, float) else f"{name}={item}"


def _target_of(typed: Typed, project: Project) -> ProjectTarget | None:
    """The target of the project that a command is for: the first, or the one that was typed; None for another one."""
    given = typed.given.get("target")
    if given is None:
        return project.settings.targets[0]
    return next((item for item in project.settings.targets if project.target_name(item) == given), None)


def _target(typed: Typed, project: Project) -> Iterator[tuple[str, object]]:
    target, model = _target_of(typed, project), str(typed.given.get("model", project.model))
    if target is None or model.endswith(PROGRAM):
        return
    yield "target", project.target_name(target)
    yield from (("board", target.board), ("rules", target.rules), ("dialect", target.dialect))


def _budgets(typed: Typed, project: Project) -> Iterator[tuple[str, object]]:
    """The budgets of figures that the command reports."""
    from neurodeploy.profile import COMPILATION_FIGURES, JUDGEMENT_FIGURES, PROFILE_FIGURES

    target = _target_of(typed, project)
    texts = (*project.settings.budgets, *(() if target is None else target.budgets))
    known = PROFILE_FIGURES if RUN in READS[typed.command] else (*COMPILATION_FIGURES, *JUDGEMENT_FIGURES)
    elsewhere = {*PROFILE_FIGURES, *COMPILATION_FIGURES, *JUDGEMENT_FIGURES} - {*known}
    if typed.command == "profile" or "recording" in typed.given or typed.given.get("reference") is False:
        elsewhere.add(OF_REFERENCE)  # the float reference does not run
    yield "budget", [text for text in texts if _figure(text) not in elsewhere]


def _figure(budget: str) -> str:
    return budget.strip().partition("<")[0].partition(">")[0].partition("=")[0].strip()


def _compile(typed: Typed, project: Project) -> Iterator[tuple[str, object]]:
    if project.model.suffix == PROGRAM:
        return
    options = project.settings.compile
    for field in sorted(options.model_fields_set):
        value = getattr(options, field)
        table = as_table(value)
        yield FIELDS.get(field, field), value if table is None else list(_entries(table))


def _entries(table: Mapping[str, object]) -> Iterator[str]:
    """Entries of a table by name, as options take them; those for all others first, as later ones count."""
    for name, value in sorted(table.items(), key=lambda item: item[0] != "*"):
        for item in as_items(value) or [value]:
            yield f"{item}" if name == "*" else f"{name}={item}"


def _import(typed: Typed, project: Project) -> Iterator[tuple[str, object]]:
    for field, value in project.import_options().items():
        if field not in ("strict", "memory_limit_bytes"):
            yield field, value


def _stimulus(typed: Typed, project: Project) -> Iterator[tuple[str, object]]:
    data = project.settings.data
    yield "stimulus", None if data.file is None else project.at(data.file)


def _data(typed: Typed, project: Project) -> Iterator[tuple[str, object]]:
    if "recording" in typed.given:
        return
    data = project.settings.data
    yield from _stimulus(typed, project)
    yield from (("samples", data.samples), ("steps", data.steps))
    yield "time_origin", None if data.time_origin == "zero" else data.time_origin
    for field in sorted(data.encoder.model_fields_set):
        yield field, getattr(data.encoder, field)


def _run(typed: Typed, project: Project) -> Iterator[tuple[str, object]]:
    yield "metric", list(project.metric_functions())
    yield "targets", None if project.settings.data.targets is None else project.at(project.settings.data.targets)
    for field in sorted(project.settings.run.model_fields_set):
        yield field, getattr(project.settings.run, field)


VALUES: Mapping[str, Callable[[Typed, Project], Iterator[tuple[str, object]]]] = {
    TARGET: _target,
    BUDGETS: _budgets,
    COMPILE: _compile,
    IMPORT: _import,
    DATA: _data,
    STIMULUS: _stimulus,
    RUN: _run,
}
"""What a command takes -> its values, as (parameter, value)."""


def with_project(context: object, command: object, name: str, words: list[str]) -> list[str]:
    """Return the words of a command line, and before them those that the project file adds; says so on standard error.

    `context`: of the group of all commands. `command`: the command `name`, which gets the words.

    Raises DiagnosticError: as load_project.
    """
    plain, group, inner = [word for word in words if word != NO_PROJECT], cast("Any", context), cast("Any", command)
    if name not in READS:
        return words
    if len(plain) < len(words) or group.params.get("no_project") or os.environ.get(IGNORED):
        return plain
    given = _given(group, inner, name, plain)
    if given is None:
        return plain
    path = find_project()
    if path is None:
        return plain
    from neurodeploy.project import load_project

    options = {item.name: max(item.opts, key=len) for item in inner.params if item.param_type_name == "option"}
    added = project_words(Typed(name, given, options), load_project(path))
    if added:
        from neurodeploy.cli.output import say

        say(f"from {path}: {shlex.join(added)}")
    return [*added, *plain]


def _given(context: Any, command: Any, name: str, words: list[str]) -> dict[str, Any] | None:
    """Parameter -> words that were typed for it; None if only the help is wanted, or the words cannot be parsed."""
    inner = command.context_class(command, info_name=name, parent=context, resilient_parsing=True)
    typed, left, _ = command.make_parser(inner).parse_args(args=list(words))
    found = {key: value for key, value in typed.items() if value is not None}
    return None if left or any(key not in {item.name for item in command.params} for key in found) else found
