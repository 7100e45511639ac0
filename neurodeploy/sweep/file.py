"""A sweep file: the space, what is measured at its points, and where results are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from neurodeploy.base.noun import Noun, WholeNumber
from neurodeploy.base.toml import TomlError, parse_toml, toml_line
from neurodeploy.compiler import CompileOptions
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding, raise_errors
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.importers import load
from neurodeploy.io.archive import read_bytes
from neurodeploy.network import Network
from neurodeploy.signals import SampleValues
from neurodeploy.simulate import load_stimulus
from neurodeploy.simulate.recorded_samples import first_samples
from neurodeploy.sweep.deployment import Deployment, axis_faults
from neurodeploy.sweep.objective import Objective, objective_named
from neurodeploy.sweep.space import MOST, Space

__all__ = ["SweepFile", "file_objective", "load_sweep_file"]

STAGE = "sweep"
BESIDE = ".stimulus.npz"
"""End of the name of samples next to a model."""


class SweepFile(Noun):
    """The content of a sweep file."""

    schema_version: Literal[1] = 1
    """Version of the format."""
    space: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Axis -> values, or a table with low and high."""
    points: tuple[dict[str, Any], ...] = ()
    """Points of your own instead of a space, each axis -> value."""
    draw: WholeNumber | None = Field(default=None, ge=1, le=MOST)
    """Number of points that are drawn at random. None: all combinations."""
    draw_seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of the draw."""
    model: str | None = None
    """Path of the network, relative to this file."""
    samples: str | None = None
    """Path of its samples, relative to this file. None: NAME.stimulus.npz next to the model, or the model's own."""
    first: WholeNumber | None = Field(default=None, ge=1, le=2**31 - 1)
    """Number of samples that are run, the first ones. None: all."""
    target: str = "loihi1"
    """Target where no axis says another."""
    board: str | None = None
    """Board of the target. None: one chip."""
    rules: str | None = None
    """Rule set that counts synapse memory. None: the target's first."""
    dialect: str | None = None
    """Arithmetic to compile for. None: the target's own."""
    backend: str = "emulator"
    """Backend that runs the programs."""
    steps: WholeNumber | None = Field(default=None, ge=1, le=2**31 - 1)
    """Steps of a sample. None: those of the samples, else of the network."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of random encoders and of noise."""
    compile: CompileOptions = Field(default_factory=lambda: CompileOptions(fixes=False))
    """Options of the compiler, which axes override."""
    objective: str | None = None
    """A function of your own instead of a model, FILE.py:FUNCTION with a path relative to this file, or MODULE:FUNCTION."""
    executor: str = "processes"
    """processes, threads, serial, dask, dask://HOST:PORT or dask:FILE.json."""
    workers: WholeNumber | None = Field(default=None, ge=1, le=1 << 20)
    """Points at the same time. None: one for each processor."""
    store: str | None = None
    """Folder of the results, relative to this file. None: the name of this file with .results."""
    maximize: tuple[str, ...] = ()
    """Measures of which more is better."""
    minimize: tuple[str, ...] = ()
    """Measures of which less is better."""

    @model_validator(mode="after")
    def _one_objective(self) -> SweepFile:
        if (self.model is None) == (self.objective is None):
            raise ValueError("needs either a model or an objective")
        if bool(self.space) == bool(self.points):
            raise ValueError("needs either a space or points")
        return self

    def made_space(self) -> Space:
        """Return the space. Raises DiagnosticError: ND002."""
        return Space(axes=self.space, points=self.points, draw=self.draw, seed=self.draw_seed)


def load_sweep_file(path: str | Path) -> tuple[SweepFile, Space]:
    """Return a sweep file and its space. `path`: of the file. Raises DiagnosticError: ND001 and ND012 (unreadable), ND960."""
    where = about("file", path)
    try:
        text = read_bytes(Path(path)).decode("utf-8-sig")
        document = parse_toml(text)
    except (TomlError, UnicodeDecodeError) as error:
        raise DiagnosticError(STAGE, (finding("ND960", where, f"is not TOML: {error}"),)) from None
    try:
        made = SweepFile.model_validate(document)
    except ValidationError as error:
        found = schema_findings("ND960", where, error, document, SweepFile)
        raise DiagnosticError(STAGE, tuple(_with_line(item, text) for item in errors_in(found))) from None
    try:
        return made, made.made_space()
    except DiagnosticError as error:
        found = tuple(finding("ND960", where, f"space: {item.message}") for item in error.diagnostics)
        raise DiagnosticError(STAGE, found) from None


def _with_line(item: Diagnostic, text: str) -> Diagnostic:
    line = toml_line(text, item.subject.field)
    return item if line is None else item.model_copy(update={"message": f"line {line}: {item.message}"})


def file_objective(made: SweepFile, folder: Path, axes: tuple[str, ...]) -> Objective:
    """Return what a sweep file measures: the network that it names with its samples, or a function.

    `folder`: of the file. `axes`: of its space. Raises DiagnosticError: ND960 (an axis, or the function), and as loading a network
    and samples.
    """
    if made.objective is not None:
        return objective_named(made.objective, folder)
    assert made.model is not None, "internal: a sweep file has a model or an objective"
    path = folder / made.model
    imported = load(path)
    network = imported.network
    fields = {name: getattr(made, name) for name in ("target", "board", "rules", "dialect", "backend", "steps", "seed")}
    if fields["target"].endswith(".toml"):
        fields["target"] = str(folder / made.target)
    samples = first_samples(network, _samples(made, folder, network, imported.samples), made.first)
    options = made.compile.model_copy(update={"fixes": False})
    deployment = Deployment(network=network, samples=samples, options=options, **fields)
    raise_errors(STAGE, axis_faults(deployment, axes))
    return deployment


def _samples(made: SweepFile, folder: Path, network: Network, own: SampleValues | None) -> SampleValues:
    if made.samples is None and own is not None:
        return own
    if not network.inputs:
        return SampleValues(values={}, n_samples=made.first)
    assert made.model is not None, "internal: samples belong to a model"
    stem = made.model.removesuffix(".json").removesuffix(".nd").removesuffix(".nir")
    path = folder / (made.samples or f"{stem}{BESIDE}")
    if not path.exists():
        message, fixes = f"has no samples: '{path}' does not exist", ['samples = "FILE.npz"']
        raise DiagnosticError(STAGE, (finding("ND960", about("model", made.model), message, fixes=fixes),))
    return load_stimulus(path, network)
