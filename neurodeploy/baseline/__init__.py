"""Baselines: deterministic figures of a program, kept in a file, compared exactly, and the reason if one moved."""

from neurodeploy.baseline.compare import baseline_findings, entry_differences, missing_entry
from neurodeploy.baseline.entry import entry_of, exact_figures, has_metrics
from neurodeploy.baseline.files import FILE, load_baseline, merged, save_baseline
from neurodeploy.baseline.nouns import Baseline, BaselineEntry, EstimateRange

__all__ = [
    "FILE",
    "Baseline",
    "BaselineEntry",
    "EstimateRange",
    "baseline_findings",
    "entry_differences",
    "entry_of",
    "exact_figures",
    "has_metrics",
    "load_baseline",
    "merged",
    "missing_entry",
    "save_baseline",
]
