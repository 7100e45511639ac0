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
    from neurodeploy.api.exporting_c import export_c
    from neurodeploy.api.faulting import fault_campaign, remap
    from neurodeploy.api.files import load, load_nengo, save
    from neurodeploy.api.learning import learned
    from neurodeploy.api.lookups import BackendInfo, backends, explain, rescan, schema, targets
    from neurodeploy.api.measuring import metrics
    from neurodeploy.api.monitoring import calibrate, calibration, monitor
    from neurodeploy.api.playing import Batch, Replay, UdpEvents, play, replay
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
    from neurodeploy.api.streaming import Chunk, Session, StreamOptions, stream
    from neurodeploy.api.sweeping import evaluate, pareto, sweep
    from neurodeploy.baseline.nouns import Baseline, BaselineEntry
    from neurodeploy.blame.nouns import Blame, Study
    from neurodeploy.c_export.nouns import CExport, CExportOptions, CTable
    from neurodeploy.campaign.nouns import Campaign, CampaignOptions, FaultChoice
    from neurodeploy.campaign.remap import Remapped
    from neurodeploy.compiler.options import Compilation, CompileOptions
    from neurodeploy.convert.options import Conversion, ConvertOptions
    from neurodeploy.diagnostics import Diagnostic, DiagnosticError, FindingWarning
    from neurodeploy.diff.nouns import Difference, Differences
    from neurodeploy.faults.inject import inject
    from neurodeploy.faults.space import faults_in
    from neurodeploy.hardware import Target, load_target, on_board, on_dialect, with_rules
    from neurodeploy.importers.options import Imported, ImportOptions
    from neurodeploy.mapping.spend.trade import Trade, TradePoint
    from neurodeploy.metrics.nouns import Metrics
    from neurodeploy.monitor import Calibration, Monitored, MonitorOptions
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
        Normal,
        Output,
        Pes,
        Population,
        Probe,
        Projection,
        SumOfProducts,
        ThirdFactor,
        Time,
        Trace,
        Uniform,
        dense,
        distance_kernel,
        fixed_number,
        fixed_probability,
        one_to_one,
        rules,
        sparse,
    )
    from neurodeploy.network.written_out import written_out
    from neurodeploy.profile.profile import Profile
    from neurodeploy.profile.ranking import Ranking, rank_energy, rank_time
    from neurodeploy.program.fault import Fault
    from neurodeploy.program.program import Program
    from neurodeploy.project import NewProject, Project, ProjectResult, TargetResult
    from neurodeploy.signals import (
        EventOptions,
        EventRecording,
        Learned,
        Recording,
        RunOptions,
        RunState,
        SampleValues,
        Stimulus,
    )
    from neurodeploy.simulate.resume import continued
    from neurodeploy.sweep.deployment import Deployment
    from neurodeploy.sweep.evaluate import Evaluation
    from neurodeploy.sweep.nouns import Outcome, Sweep
    from neurodeploy.sweep.space import Range, Space

__version__ = "0.1.0"

__all__ = [
    "BackendInfo",
    "Baseline",
    "BaselineEntry",
    "Batch",
    "Blame",
    "Campaign",
    "CampaignOptions",
    "Chunk",
    "Calibration",
    "Comparison",
    "Compilation",
    "CExport",
    "CExportOptions",
    "CTable",
    "CompileOptions",
    "Conversion",
    "ConvertOptions",
    "Converted",
    "CubaLi",
    "CubaLif",
    "Deployment",
    "Diagnostic",
    "DiagnosticError",
    "Difference",
    "Differences",
    "EarlyStop",
    "Evaluation",
    "EventOptions",
    "EventRecording",
    "Fault",
    "FaultChoice",
    "FindingWarning",
    "If",
    "ImportOptions",
    "Imported",
    "Input",
    "Learned",
    "Li",
    "Lif",
    "Linear",
    "LoihiCuba",
    "Metrics",
    "MonitorOptions",
    "Monitored",
    "Network",
    "NewProject",
    "Outcome",
    "Normal",
    "Output",
    "Pes",
    "Population",
    "Probe",
    "Profile",
    "Program",
    "ProgressBar",
    "Project",
    "ProjectResult",
    "Projection",
    "Range",
    "Ranking",
    "Recording",
    "Remapped",
    "Replay",
    "RunOptions",
    "RunState",
    "SampleValues",
    "Session",
    "Space",
    "Stimulus",
    "StreamOptions",
    "Study",
    "SumOfProducts",
    "Sweep",
    "Target",
    "TargetResult",
    "ThirdFactor",
    "Time",
    "Trace",
    "Trade",
    "TradePoint",
    "UdpEvents",
    "Uniform",
    "accuracy",
    "answers",
    "backends",
    "baseline",
    "blame",
    "calibrate",
    "calibration",
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
    "distance_kernel",
    "early_stop",
    "encode",
    "evaluate",
    "explain",
    "fault_campaign",
    "faults_in",
    "export_c",
    "fit",
    "fixed_number",
    "fixed_probability",
    "init_project",
    "inject",
    "judge",
    "learned",
    "load",
    "load_baseline",
    "load_events",
    "load_nengo",
    "load_project",
    "load_target",
    "metrics",
    "monitor",
    "on_board",
    "on_dialect",
    "one_to_one",
    "over_budget",
    "pareto",
    "play",
    "profile",
    "progress",
    "rank_energy",
    "rank_time",
    "remap",
    "replay",
    "report",
    "report_markdown",
    "rescan",
    "rules",
    "run",
    "run_project",
    "save",
    "schema",
    "seal",
    "sparse",
    "stop_margin",
    "stream",
    "study",
    "sweep",
    "targets",
    "verify",
    "with_rules",
    "write_baseline",
    "written_out",
]

_HOMES = {
    "neurodeploy.faults.inject": "inject",
    "neurodeploy.faults.space": "faults_in",
    "neurodeploy.program.fault": "Fault",
    "neurodeploy.api.baselines": "baseline check_baseline load_baseline write_baseline",
    "neurodeploy.api.blaming": "blame study",
    "neurodeploy.api.commenting": "report_markdown",
    "neurodeploy.api.compiling": "check check_shapes compile dialects fit judge",
    "neurodeploy.api.converting": "Converted convert",
    "neurodeploy.api.diffing": "diff",
    "neurodeploy.api.faulting": "fault_campaign remap",
    "neurodeploy.api.exporting_c": "export_c",
    "neurodeploy.api.files": "load load_nengo save",
    "neurodeploy.api.learning": "learned",
    "neurodeploy.api.lookups": "BackendInfo backends explain rescan schema targets",
    "neurodeploy.api.measuring": "metrics",
    "neurodeploy.api.monitoring": "calibrate calibration monitor",
    "neurodeploy.api.projects": "init_project load_project run_project",
    "neurodeploy.api.progressing": "ProgressBar progress",
    "neurodeploy.api.recordings": "load_events",
    "neurodeploy.api.reporting": "report",
    "neurodeploy.api.running": "Comparison accuracy answers compare decoded encode over_budget profile run seal verify",
    "neurodeploy.api.stopping": "EarlyStop early_stop stop_margin",
    "neurodeploy.api.playing": "Batch Replay UdpEvents play replay",
    "neurodeploy.api.streaming": "Chunk Session StreamOptions stream",
    "neurodeploy.api.sweeping": "evaluate pareto sweep",
    "neurodeploy.baseline.nouns": "Baseline BaselineEntry",
    "neurodeploy.blame.nouns": "Blame Study",
    "neurodeploy.campaign.nouns": "Campaign CampaignOptions FaultChoice",
    "neurodeploy.campaign.remap": "Remapped",
    "neurodeploy.c_export.nouns": "CExport CExportOptions CTable",
    "neurodeploy.compiler.options": "Compilation CompileOptions",
    "neurodeploy.mapping.spend.trade": "Trade TradePoint",
    "neurodeploy.convert.options": "Conversion ConvertOptions",
    "neurodeploy.diagnostics": "Diagnostic DiagnosticError FindingWarning",
    "neurodeploy.diff.nouns": "Difference Differences",
    "neurodeploy.hardware": "Target load_target on_board on_dialect with_rules",
    "neurodeploy.importers.options": "ImportOptions Imported",
    "neurodeploy.metrics.nouns": "Metrics",
    "neurodeploy.monitor": "Calibration Monitored MonitorOptions",
    "neurodeploy.network": "CubaLi CubaLif If Input Li Lif Linear LoihiCuba Network Output Pes "
    "Normal Population Probe Projection SumOfProducts ThirdFactor Time Trace Uniform dense distance_kernel fixed_number "
    "fixed_probability one_to_one rules sparse",
    "neurodeploy.network.written_out": "written_out",
    "neurodeploy.profile.profile": "Profile",
    "neurodeploy.profile.ranking": "Ranking rank_energy rank_time",
    "neurodeploy.program.program": "Program",
    "neurodeploy.project": "NewProject Project ProjectResult TargetResult",
    "neurodeploy.signals": "EventOptions EventRecording Learned Recording RunOptions RunState SampleValues Stimulus",
    "neurodeploy.simulate.resume": "continued",
    "neurodeploy.sweep.deployment": "Deployment",
    "neurodeploy.sweep.evaluate": "Evaluation",
    "neurodeploy.sweep.nouns": "Outcome Sweep",
    "neurodeploy.sweep.space": "Range Space",
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
