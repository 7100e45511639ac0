"""One run of a network in a test: compiled, run, profiled, and judged by its budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import neurodeploy as nd
from neurodeploy.compiler import Compilation, CompileOptions
from neurodeploy.diagnostics import Diagnostic, about, errors_in, finding, raise_errors, sorted_findings
from neurodeploy.diagnostics.choices import chosen
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.importers import Imported
from neurodeploy.network import Network
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.profile import Profile
from neurodeploy.program import Program
from neurodeploy.simulate import Recording, RunOptions

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from neurodeploy.hardware import Target
    from neurodeploy.simulate import Samples

__all__ = ["Compiler", "Measured", "Request", "divided", "measured", "require"]

DROP = "accuracy_drop"
"""The figure that needs a run of the float reference."""


class Request(NamedTuple):
    """What a test asks for, as compile_and_run takes it."""

    network: Network | Imported
    samples: Samples
    target: str | PathLike[str] | Target
    board: str | None
    rules: str | None
    dialect: str | None
    labels: ArrayLike | None
    backend: str
    compile_options: CompileOptions | None
    run_options: RunOptions | None
    of_compiling: Mapping[str, Any]
    """Fields of CompileOptions."""
    of_running: Mapping[str, Any]
    """Fields of RunOptions."""

    @property
    def strict(self) -> bool:
        """Whether warnings fail the test: unless it says strict=False."""
        return bool(self.of_compiling.get("strict", True))

    @property
    def options(self) -> CompileOptions:
        """The options of the compiler."""
        return chosen(
            "neurodeploy_run", CompileOptions, self.compile_options, {**self.of_compiling, "strict": self.strict}
        )


Compiler = Callable[[Request], Compilation]
"""Compiles what a test asks for."""


class Measured(NamedTuple):
    """A run, before it is judged by its budgets."""

    program: Program
    recording: Recording
    profile: Profile
    findings: tuple[Diagnostic, ...]


def divided(choices: Mapping[str, Any], known: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return choices divided into options of the compiler and of the run.

    `choices`: by name. `known`: further arguments, for suggestions. Raises DiagnosticError: ND002.
    """
    names = [*known, *CompileOptions.model_fields, *RunOptions.model_fields]
    unknown = [name for name in choices if name not in names]
    messages = [(f"argument '{name}' is unknown", nearest(name, names)) for name in unknown]
    where = about("function", "neurodeploy_run")
    raise_errors("neurodeploy_run", [finding("ND002", where, text, fixes=fixes) for text, fixes in messages])
    own = {name: value for name, value in choices.items() if name in CompileOptions.model_fields}
    return own, {name: value for name, value in choices.items() if name not in own}


def _compiled(request: Request) -> Compilation:
    place: dict[str, Any] = {"board": request.board, "rules": request.rules, "dialect": request.dialect}
    return nd.check(request.network, request.target, options=request.options, **place)


def measured(request: Request, budgets: Iterable[str] = (), compiled: Compiler = _compiled) -> Measured:
    """Return the run of a request.

    `budgets`: texts that may need the accuracy of the float reference. `compiled`: compiles the network.

    Raises DiagnosticError: with every finding of the compilation if it fails, and as nd.run.
    """
    __tracebackhide__ = True
    result = compiled(request)
    program = result.require(strict=request.strict)
    recording = nd.run(
        program, request.samples, backend=request.backend, options=request.run_options, **request.of_running
    )
    reference = _reference(program, request) if any(DROP in text for text in budgets) else None
    shown = nd.profile(program, recording, labels=request.labels, reference=reference, lower_bounds=result.lower_bounds)
    made = dict.fromkeys((*result.findings, *recording.findings))  # both stages may lack the same kernels
    return Measured(program, recording, shown, tuple(made))


def _reference(program: Program, request: Request) -> Recording | None:
    """The float reference on the same samples; None where there is none, or where the samples are used up."""
    if request.labels is None or isinstance(request.samples, Iterator):
        return None
    if any(item.neuron.kind not in CUBA_KINDS for item in program.network.populations):
        return None
    return nd.run(program, request.samples, backend="reference", options=request.run_options, **request.of_running)


def require(findings: Iterable[Diagnostic], *, strict: bool) -> tuple[Diagnostic, ...]:
    """Return findings without errors. `strict`: warnings are errors. Raises DiagnosticError: with every finding."""
    __tracebackhide__ = True
    found = tuple(findings)
    if errors_in(found, strict=strict):
        raise nd.DiagnosticError("run", sorted_findings(found))
    return found
