"""The project file: what a repository compiles, on what it runs, and what must hold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from neurodeploy.base.noun import Noun, WholeNumber
from neurodeploy.base.plain import as_items
from neurodeploy.base.rows import LARGEST
from neurodeploy.compiler import CompileOptions
from neurodeploy.importers.options import ImportOptions, ProducerName
from neurodeploy.signals import EventOptions, TimeOrigin

__all__ = [
    "Project",
    "ProjectData",
    "ProjectModel",
    "ProjectRun",
    "ProjectSettings",
    "ProjectTarget",
]

LONGEST = 4096
"""Most letters of a path or a text."""


def _clean(text: object) -> object:
    """The text, which must not contain control characters: no path of a project has them."""
    if isinstance(text, str) and any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError("must not contain control characters")
    return text


Text = Annotated[str, BeforeValidator(_clean), StringConstraints(min_length=1, max_length=LONGEST)]


class ProjectModel(Noun):
    """The model of a project."""

    file: Text
    """Path of the network or program, relative to the project file."""
    framework: ProducerName | None = None
    """Framework that wrote the file, as `--from`: norse, rockpool, sinabs, snntorch, spyx or nir. None: the file says it."""
    options: ImportOptions = Field(default_factory=ImportOptions)
    """Semantics that the file does not specify."""

    @model_validator(mode="after")
    def _one_framework(self) -> ProjectModel:
        if self.options.producer is not None:
            raise ValueError("the framework is model.framework, not model.options.producer")
        return self


class ProjectTarget(Noun):
    """A target of a project, with the choices that belong to it."""

    name: Text
    """Name of a target, or the path of its .toml, relative to the project file."""
    board: Text | None = None
    """Board of the target. None: one chip."""
    rules: Text | None = None
    """Rule set that counts synapse memory. None: the target's first."""
    dialect: Text | None = None
    """Arithmetic to compile for. None: the target's own."""
    budgets: tuple[Text, ...] = ()
    """Budgets of this target only, in addition to those of the project."""

    @property
    def label(self) -> str:
        """The name with the choices that differ from the default, e.g. "loihi1 nahuku8"."""
        name = Path(self.name).stem if self.name.endswith(".toml") else self.name
        return " ".join([name, *(item for item in (self.board, self.rules, self.dialect) if item)])


class ProjectData(Noun):
    """The samples of a project, and how they become spikes."""

    file: Text | None = None
    """Path of the samples, relative to the project file. None: NAME.stimulus.npz next to the model, or the model's own."""
    samples: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Number of samples, the first ones. None: all."""
    steps: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Steps of each sample. None: those of the samples, else of the network."""
    targets: Text | None = None
    """Path of an .npz with the wanted values of linear outputs, by output, relative to the project file. None: there are none."""
    time_origin: TimeOrigin = "zero"
    """Origin of a sensor's event times, as `--time-origin`."""
    encoder: EventOptions = Field(default_factory=EventOptions)
    """How a recording of an event sensor becomes spikes."""


class ProjectRun(Noun):
    """How the program of a project runs."""

    backend: Text = "emulator"
    """Backend that runs the program."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of random encoders and of noise, a signed 64-bit integer."""


def _as_targets(value: object) -> object:
    """Names as targets; one name alone is a list of one."""
    items: Sequence[Any] | None = [value] if isinstance(value, str) else as_items(value)
    if items is None:
        return value
    return tuple({"name": item} if isinstance(item, str) else item for item in items)


class ProjectSettings(Noun):
    """The content of a project file."""

    schema_version: Literal[1] = 1
    """Version of the format."""
    model: ProjectModel
    """The model."""
    targets: Annotated[tuple[ProjectTarget, ...], BeforeValidator(_as_targets)] = Field(min_length=1, max_length=100)
    """Targets: names, or tables with a name, a board, a rule set and a dialect. Commands for one target take the first."""
    compile: CompileOptions = Field(default_factory=CompileOptions)
    """Options of the compiler."""
    data: ProjectData = Field(default_factory=ProjectData)
    """The samples."""
    run: ProjectRun = Field(default_factory=ProjectRun)
    """Backend and seed."""
    budgets: tuple[Text, ...] = ()
    """Limits of figures that hold on every target, such as "cores<=4"."""
    metrics: tuple[Text, ...] = ()
    """Your own metrics, FILE.py:FUNCTION with a path relative to the project file, or MODULE:FUNCTION. Metrics of classes and
    of linear outputs need not be named: budgets refer to them."""
    baseline: Text | None = None
    """Path of the baseline, relative to the project file. None: neurodeploy-baseline.json beside it, if it exists."""

    @field_validator("targets")
    @classmethod
    def _different(cls, targets: tuple[ProjectTarget, ...]) -> tuple[ProjectTarget, ...]:
        labels = [item.label for item in targets]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            raise ValueError(f"target '{twice}' is listed twice")
        return targets


class Project(Noun):
    """A project file that was read."""

    path: str
    """Path of the file."""
    settings: ProjectSettings
    """Its content."""

    def at(self, file: str) -> Path:
        """Return the path of a file that the project names, which is relative to the project file."""
        return Path(os.path.normpath(Path(self.path).parent / file))

    def metric_functions(self) -> tuple[str, ...]:
        """Return the metrics of the project, with paths from the working directory."""
        named = (item.rpartition(":") for item in self.settings.metrics)
        return tuple(f"{self.at(file)}:{name}" if file.endswith(".py") else f"{file}:{name}" for file, _, name in named)

    @property
    def model(self) -> Path:
        """Path of the model."""
        return self.at(self.settings.model.file)

    def target_name(self, target: ProjectTarget) -> str:
        """Return the name of a target, or the path of its file from the working directory."""
        return str(self.at(target.name)) if target.name.endswith(".toml") else target.name

    def import_options(self) -> dict[str, Any]:
        """Return the fields of ImportOptions that the file sets."""
        model = self.settings.model
        own = {name: getattr(model.options, name) for name in sorted(model.options.model_fields_set)}
        return own if model.framework is None else {**own, "producer": model.framework}
