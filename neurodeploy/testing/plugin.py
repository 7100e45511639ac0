"""pytest plugin with a fixture that compiles and runs a network in users' tests.

    def test_it_fits_and_answers(neurodeploy_run):
        result = neurodeploy_run(network, {"pixels": images}, labels=labels, budgets=["cores<=4"], weight_bits={"*": 6})
        assert result.profile.accuracy >= 0.95

Warnings fail the test unless `strict=False`, because an overflow is only a warning. pytest's summary shows the first finding
of a failed test with its code.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

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
    from neurodeploy.project import Project
    from neurodeploy.simulate import Recording, RunChoices, RunOptions, Samples
    from neurodeploy.testing.runs import Request
    from neurodeploy.testing.session import RunContext

    class Choices(CompileChoices, RunChoices, total=False):
        """Options of the compiler and of the run by keyword; their names are disjoint."""


__all__ = ["RunResult", "compile_and_run", "neurodeploy_project", "neurodeploy_run"]

UPDATE, NO_CACHE = "neurodeploy_update_baseline", "neurodeploy_no_cache"
PROPERTY = "neurodeploy.run"
"""Name of the property of a test that holds the figures of a run in one line."""
MOST_LINES = 100
"""Lines of the summary."""
MARKER_HELP = (
    "neurodeploy(cores=, chips=, utilisation=, spikes=, synops=, energy_high_j=, time_high_s=, accuracy=, accuracy_drop=, "
    "budgets=, baseline=): limits of every run of neurodeploy_run in this test, for one inference"
)
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
    given = dict(locals())
    __tracebackhide__ = True
    import neurodeploy as nd
    from neurodeploy.testing.runs import measured, require

    request, texts = _requested(given)
    run = measured(request, texts)
    found = require((*run.findings, *nd.over_budget(run.profile, texts)), strict=request.strict)
    return RunResult(run.program, run.recording, run.profile, found)


def _requested(arguments: Mapping[str, Any]) -> tuple[Request, list[str]]:
    """What a call asks for, and its budgets. Raises DiagnosticError: ND002 (an unknown argument)."""
    from neurodeploy.testing.runs import Request, divided

    given = dict(arguments)
    budgets, choices = given.pop("budgets"), given.pop("choices", {})
    of_compiling, of_running = divided(choices, compile_and_run.__annotations__)
    texts = [budgets] if isinstance(budgets, str) else list(budgets)
    return Request(**given, of_compiling=of_compiling, of_running=of_running), texts


@pytest.fixture
def neurodeploy_run(request: pytest.FixtureRequest) -> Callable[..., RunResult]:
    """Return compile_and_run, which also keeps to the marker `neurodeploy` of the test and keeps compiled programs."""
    shown = list[Any]()

    @functools.wraps(compile_and_run)
    def run(*positional: Any, **words: Any) -> RunResult:
        __tracebackhide__ = True
        from neurodeploy.testing.session import judged_run

        given = inspect.signature(compile_and_run).bind(*positional, **words)
        given.apply_defaults()
        wanted, budgets = _requested(given.arguments)
        known = len(shown)
        try:
            made = judged_run(wanted, budgets, _context(request), shown)
        finally:
            _record(request, shown[known:])
        return RunResult(made.program, made.recording, made.profile, made.findings)

    return run


def _context(request: pytest.FixtureRequest) -> RunContext:
    __tracebackhide__ = True
    from neurodeploy.testing.marks import MARKER, marked
    from neurodeploy.testing.session import RunContext

    config = request.config
    markers = [(item.args, item.kwargs) for item in request.node.iter_markers(MARKER)]
    kept = getattr(config, "cache", None)
    folder = None if kept is None or config.getoption(NO_CACHE) else kept.mkdir("neurodeploy")
    return RunContext(marked(markers), request.node.name, folder, config.rootpath, bool(config.getoption(UPDATE)))


def _record(request: pytest.FixtureRequest, runs: Iterable[Any]) -> None:
    """Keep the figures of runs in the report of the test, which pytest-xdist passes on and JUnit files hold."""
    properties = request.node.user_properties
    for item in runs:
        number = 1 + sum(name.startswith(PROPERTY) for name, _ in properties)
        end = "" if number == 1 else f".{number}"
        properties += [(f"{PROPERTY}{end}", item.line)]
        properties += [(f"neurodeploy.{name}{end}", value) for name, value in item.properties]


@pytest.fixture(scope="session")
def neurodeploy_project(request: pytest.FixtureRequest) -> Project:
    """Return the project of the nearest neurodeploy.toml in the root folder of the tests, or above it."""
    __tracebackhide__ = True
    from neurodeploy.io.upwards import find_project
    from neurodeploy.project import load_project

    return load_project(find_project(request.config.rootpath) or request.config.rootpath)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("neurodeploy", "networks on neuromorphic cores")
    group.addoption(
        "--neurodeploy-update-baseline",
        dest=UPDATE,
        action="store_true",
        help="write the baselines of tests marked neurodeploy(baseline=...) instead of comparing with them",
    )
    group.addoption("--neurodeploy-no-cache", dest=NO_CACHE, action="store_true", help="compile every program again")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker of the plugin."""
    config.addinivalue_line("markers", MARKER_HELP)


def pytest_terminal_summary(terminalreporter: object) -> None:
    """Print a line for each run of a test, in the section "neurodeploy"."""
    reporter = cast("Any", terminalreporter)
    lines = [
        f"{report.nodeid}: {value}"
        for key in ("passed", "failed", "xfailed", "xpassed")
        for report in reporter.getreports(key)
        if report.when == "call"
        for name, value in report.user_properties
        if name.startswith(PROPERTY)
    ]
    if not lines:
        return
    reporter.section("neurodeploy")
    for line in lines[:MOST_LINES]:
        reporter.line(line)
    if len(lines) > MOST_LINES:
        reporter.line(f"and {len(lines) - MOST_LINES} more")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Start the summary of a test that failed with findings with the code and message of the first."""
    outcome = yield
    crash = getattr(outcome.get_result().longrepr, "reprcrash", None)
    error = call.excinfo.value if call.excinfo else None
    if crash is not None and f"{type(error).__module__}.{type(error).__name__}" == ERROR:
        crash.message = str(error)
