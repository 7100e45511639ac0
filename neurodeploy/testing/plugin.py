"""pytest plugin: a fixture that compiles a network for a target and runs it on the emulator, in your own tests.

    def test_it_fits_and_answers(neurodeploy_run):
        result = neurodeploy_run(network, target="loihi1", values={"pixels": images}, labels=labels)
        assert result.profile.cores <= 4 and result.profile.accuracy >= 0.95

Warnings are errors here unless `strict=False`: a test should not pass with an overflow that only warns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from neurodeploy.diagnostics import Diagnostic
    from neurodeploy.network import Network
    from neurodeploy.profile import Profile
    from neurodeploy.program import Program
    from neurodeploy.runtime import Recording

__all__ = ["RunResult", "compile_and_run", "neurodeploy_run"]


class RunResult(NamedTuple):
    """What a test may ask about."""

    program: Program
    recording: Recording
    profile: Profile
    findings: tuple[Diagnostic, ...]


def compile_and_run(
    network: Network,
    *,
    target: str = "loihi1",
    board: str | None = None,
    values: Mapping[str, Any] | None = None,
    labels: Any = None,
    steps: int | None = None,
    backend: str = "emulator",
    seed: int = 0,
    strict: bool = True,
) -> RunResult:
    """Compile and run a network on samples (`values`: input -> array). Raises DiagnosticError with every finding."""
    from neurodeploy.compiler import CompileOptions, compile_network
    from neurodeploy.diagnostics import DiagnosticError, errors_in
    from neurodeploy.profile import profile
    from neurodeploy.runtime import RunOptions, SampleValues, accuracy, answers, encode, run_findings, run_program
    from neurodeploy.target import load_target

    result = compile_network(network, load_target(target, board=board), CompileOptions(strict=strict))
    program = result.require(strict=strict)
    stimulus = encode(network, SampleValues(values=dict(values or {}), labels=labels), steps=steps, seed=seed)
    recording = run_program(program, stimulus, backend=backend, options=RunOptions(seed=seed))
    given = answers(network, recording)
    met = accuracy(given, stimulus.labels) if given is not None and stimulus.labels is not None else None
    shown = profile(program, recording, accuracy=met, lower_bounds=result.lower_bounds)
    seen = (*result.findings, *run_findings(program, recording))
    if errors_in(seen, strict=strict):
        raise DiagnosticError("run", seen)
    return RunResult(program, recording, shown, seen)


@pytest.fixture
def neurodeploy_run() -> Callable[..., RunResult]:
    """Return compile_and_run."""
    return compile_and_run
