"""pytest plugin with a fixture that compiles and runs a network in users' tests.

    def test_it_fits_and_answers(neurodeploy_run):
        result = neurodeploy_run(network, {"pixels": images}, labels=labels, budgets=["cores<=4"], weight_bits={"*": 6})
        assert result.profile.accuracy >= 0.95

Warnings fail the test unless `strict=False`, because an overflow is only a warning. pytest's summary shows the first finding
of a failed test with its code.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike
    from typing_extensions import Unpack

    from neurodeploy.api.compiling import CompileChoices
    from neurodeploy.compiler import CompileOptions
    from neurodeploy.diagnostics import Diagnostic
    from neurodeploy.hardware import Target
    from neurodeploy.importers import Imported
    from neurodeploy.network import Network
    from neurodeploy.profile import Profile
    from neurodeploy.program import Program
    from neurodeploy.simulate import Recording, RunChoices, RunOptions, Samples

    class Choices(CompileChoices, RunChoices, total=False):
        """Options of the compiler and of the run by keyword; their names are disjoint."""


__all__ = ["RunResult", "compile_and_run", "neurodeploy_run"]

ERROR = "neurodeploy.diagnostics.errors.DiagnosticError"
"""Qualified name, so that sessions that do not use neurodeploy need not import it."""


class RunResult(NamedTuple):
    """Result of compile_and_run."""

    program: Program
    recording: Recording
    profile: Profile
    findings: tuple[Diagnostic, ...]


def compile_and_run(
    network: Network | Imported,
    samples: Samples = None,
    *,
    target: str | PathLike[str] | Target = "loihi1",
    board: str | None = None,
    rules: str | None = None,
    dialect: str | None = None,
    labels: ArrayLike | None = None,
    backend: str = "emulator",
    budgets: str | Iterable[str] = (),
    compile_options: CompileOptions | None = None,
    run_options: RunOptions | None = None,
    **choices: Unpack[Choices],
) -> RunResult:
    """Compile a network and run it on samples.

    `samples` and `backend`: as for nd.run. `target`, `board`, `rules` and `dialect`: as for nd.compile. `labels`:
    (samples,) class labels, for the accuracy. `budgets`: limits on figures of the profile, such as "cores<=4" or
    "energy_per_inference<=2uJ". `choices`: fields of CompileOptions and RunOptions by keyword, such as
    weight_bits, level, steps, seed or probes; they take precedence over `compile_options` and `run_options`. Warnings
    fail the test unless `strict=False`.

    Raises DiagnosticError: with every finding, errors first.
    """
    __tracebackhide__ = True
    import neurodeploy as nd
    from neurodeploy.diagnostics import errors_in, sorted_findings

    of_compiling, of_running = _divided(choices)
    place: dict[str, Any] = {"board": board, "rules": rules, "dialect": dialect, "options": compile_options}
    strict = of_compiling.setdefault("strict", True)
    place |= of_compiling
    result = nd.check(network, target, **place)
    program = result.require(strict=strict)
    recording = nd.run(
        program,
        samples,
        backend=backend,
        options=run_options,
        **of_running,
    )
    shown = nd.profile(program, recording, labels=labels, lower_bounds=result.lower_bounds)
    made = dict.fromkeys((*result.findings, *recording.findings))  # both stages may lack the same kernels
    findings = (*made, *nd.over_budget(shown, budgets))
    if errors_in(findings, strict=strict):
        raise nd.DiagnosticError("run", sorted_findings(findings))
    return RunResult(program, recording, shown, findings)


def _divided(choices: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choices divided into options of the compiler and of the run."""
    from neurodeploy.compiler import CompileOptions
    from neurodeploy.diagnostics import about, finding, raise_errors
    from neurodeploy.diagnostics.translate import nearest
    from neurodeploy.simulate import RunOptions

    known = [*compile_and_run.__annotations__, *CompileOptions.model_fields, *RunOptions.model_fields]
    unknown = [name for name in choices if name not in known]
    messages = [(f"argument '{name}' is unknown", nearest(name, known)) for name in unknown]
    raise_errors(
        "neurodeploy_run",
        [finding("ND002", about("function", "neurodeploy_run"), text, fixes=fixes) for text, fixes in messages],
    )
    own = {name: value for name, value in choices.items() if name in CompileOptions.model_fields}
    return own, {name: value for name, value in choices.items() if name not in own}


@pytest.fixture
def neurodeploy_run() -> Callable[..., RunResult]:
    """Return compile_and_run."""
    return compile_and_run


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Start the summary of a test that failed with findings with the code and message of the first."""
    outcome = yield
    crash = getattr(outcome.get_result().longrepr, "reprcrash", None)
    error = call.excinfo.value if call.excinfo else None
    if crash is not None and f"{type(error).__module__}.{type(error).__name__}" == ERROR:
        crash.message = str(error)
