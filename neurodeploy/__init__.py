"""neurodeploy compiles one description of a spiking network to neuromorphic cores: exact, checked, costed."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import neurodeploy.base.startup  # noqa: F401  # pyright: ignore[reportUnusedImport]  # first, because other imports take long
from neurodeploy.base.notebook import register_renderer

if TYPE_CHECKING:
    from neurodeploy.api.baselines import baseline, check_baseline, load_baseline, write_baseline
    from neurodeploy.api.blaming import blame, study
    from neurodeploy.api.commenting import report_markdown
    from neurodeploy.api.compiling import check, check_shapes, compile, dialects, fit, judge
    from neurodeploy.api.converting import Converted, convert
    from neurodeploy.api.diffing import diff
    from neurodeploy.api.files import load, load_nengo, save
    from neurodeploy.api.lookups import BackendInfo, backends, explain, rescan, schema, targets
    from neurodeploy.api.measuring import metrics
    from neurodeploy.api.progressing import ProgressBar, progress
    from neurodeploy.api.projects import init_project, load_project, run_project
    from neurodeploy.api.recordings import load_events
    from neurodeploy.api.reporting import report
    from neurodeploy.api.running import (
        Comparison,
        accuracy,
        answers,
        compare,
        decoded,
        encode,
        over_budget,
        profile,
        run,
        seal,
        verify,
    )
    from neurodeploy.api.stopping import EarlyStop, early_stop, stop_margin
    from neurodeploy.baseline.nouns import Baseline, BaselineEntry
    from neurodeploy.blame.nouns import Blame, Study
    from neurodeploy.compiler.options import Compilation, CompileOptions
    from neurodeploy.convert.options import Conversion, ConvertOptions
    from neurodeploy.diagnostics import Diagnostic, DiagnosticError, FindingWarning
    from neurodeploy.diff.nouns import Difference, Differences
    from neurodeploy.hardware import Target, load_target, on_board, on_dialect, with_rules
    from neurodeploy.importers.options import Imported, ImportOptions
    from neurodeploy.metrics.nouns import Metrics
    from neurodeploy.network import (
        CubaLi,
        CubaLif,
        If,
        Input,
        Li,
        Lif,
        Linear,
        LoihiCuba,
        Network,
        Output,
        Population,
        Probe,
        Projection,
        Time,
        dense,
        one_to_one,
        sparse,
    )
    from neurodeploy.profile.profile import Profile
    from neurodeploy.profile.ranking import Ranking, rank_energy, rank_time
    from neurodeploy.program.program import Program
    from neurodeploy.project import NewProject, Project, ProjectResult, TargetResult
    from neurodeploy.signals import (
        EventOptions,
        EventRecording,
        Recording,
        RunOptions,
        RunState,
        SampleValues,
        Stimulus,
    )
    from neurodeploy.simulate.resume import continued

__version__ = "0.1.0"

__all__ = [
    "BackendInfo",
    "Baseline",
    "BaselineEntry",
    "Blame",
    "Comparison",
    "Compilation",
    "CompileOptions",
    "Conversion",
    "ConvertOptions",
    "Converted",
    "CubaLi",
    "CubaLif",
    "Diagnostic",
    "DiagnosticError",
    "Difference",
    "Differences",
    "EarlyStop",
    "EventOptions",
    "EventRecording",
    "FindingWarning",
    "If",
    "ImportOptions",
    "Imported",
    "Input",
    "Li",
    "Lif",
    "Linear",
    "LoihiCuba",
    "Metrics",
    "Network",
    "NewProject",
    "Output",
    "Population",
    "Probe",
    "Profile",
    "Program",
    "Project",
    "ProjectResult",
    "ProgressBar",
    "Projection",
    "Ranking",
    "Recording",
    "RunOptions",
    "RunState",
    "SampleValues",
    "Stimulus",
    "Study",
    "Target",
    "TargetResult",
    "Time",
    "accuracy",
    "answers",
    "backends",
    "baseline",
    "blame",
    "check",
    "check_baseline",
    "check_shapes",
    "compare",
    "compile",
    "continued",
    "convert",
    "decoded",
    "dense",
    "dialects",
    "diff",
    "early_stop",
    "encode",
    "explain",
    "fit",
    "init_project",
    "judge",
    "load",
    "load_baseline",
    "load_events",
    "load_nengo",
    "load_project",
    "load_target",
    "metrics",
    "on_board",
    "on_dialect",
    "one_to_one",
    "over_budget",
    "profile",
    "report",
    "report_markdown",
    "progress",
    "rank_energy",
    "rank_time",
    "rescan",
    "run",
    "run_project",
    "save",
    "schema",
    "seal",
    "sparse",
    "stop_margin",
    "study",
    "targets",
    "verify",
    "with_rules",
    "write_baseline",
]

_HOMES = {
    "neurodeploy.api.baselines": "baseline check_baseline load_baseline write_baseline",
    "neurodeploy.api.blaming": "blame study",
    "neurodeploy.api.commenting": "report_markdown",
    "neurodeploy.api.compiling": "check check_shapes compile dialects fit judge",
    "neurodeploy.api.converting": "Converted convert",
    "neurodeploy.api.diffing": "diff",
    "neurodeploy.api.files": "load load_nengo save",
    "neurodeploy.api.lookups": "BackendInfo backends explain rescan schema targets",
    "neurodeploy.api.measuring": "metrics",
    "neurodeploy.api.projects": "init_project load_project run_project",
    "neurodeploy.api.progressing": "ProgressBar progress",
    "neurodeploy.api.recordings": "load_events",
    "neurodeploy.api.reporting": "report",
    "neurodeploy.api.running": "Comparison accuracy answers compare decoded encode over_budget profile run seal verify",
    "neurodeploy.api.stopping": "EarlyStop early_stop stop_margin",
    "neurodeploy.baseline.nouns": "Baseline BaselineEntry",
    "neurodeploy.blame.nouns": "Blame Study",
    "neurodeploy.compiler.options": "Compilation CompileOptions",
    "neurodeploy.convert.options": "Conversion ConvertOptions",
    "neurodeploy.diagnostics": "Diagnostic DiagnosticError FindingWarning",
    "neurodeploy.diff.nouns": "Difference Differences",
    "neurodeploy.hardware": "Target load_target on_board on_dialect with_rules",
    "neurodeploy.importers.options": "ImportOptions Imported",
    "neurodeploy.metrics.nouns": "Metrics",
    "neurodeploy.network": "CubaLi CubaLif If Input Li Lif Linear LoihiCuba Network Output Population Probe Projection Time dense one_to_one sparse",
    "neurodeploy.profile.profile": "Profile",
    "neurodeploy.profile.ranking": "Ranking rank_energy rank_time",
    "neurodeploy.program.program": "Program",
    "neurodeploy.project": "NewProject Project ProjectResult TargetResult",
    "neurodeploy.signals": "EventOptions EventRecording Recording RunOptions RunState SampleValues Stimulus",
    "neurodeploy.simulate.resume": "continued",
}
"""Module -> the public names that it defines. A module is imported when one of its names is first used."""
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


def _html(shown: object) -> str | None:
    """The HTML of an object in a notebook."""
    from neurodeploy.report.notebook import html

    return html(shown)


register_renderer(_html)


class _Package(ModuleType):
    """The module, in which the functions `blame`, `check`, `profile` and `report` have the names of packages below it."""

    """The module, in which functions such as `blame`, `check` and `profile` have the names of packages below it."""

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute, except for the import of a package, which would hide the function of its name."""
        if not (name in _MODULE_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package

if not TYPE_CHECKING:  # type checkers would accept every name

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used."""
        if name == "plot":  # a package, whose functions need matplotlib
            return import_module("neurodeploy.plot")
        if name not in _MODULE_OF:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
        return value

else:
    from neurodeploy import plot as plot  # a public name


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "plot"})
