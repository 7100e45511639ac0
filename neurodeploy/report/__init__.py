"""Human-readable reports: functions that convert results to tables and lines."""

from neurodeploy.report.blame_tables import blame_report, study_report
from neurodeploy.report.c_export_tables import c_export_table
from neurodeploy.report.conversion_tables import conversion_table
from neurodeploy.report.difference_tables import difference_report
from neurodeploy.report.drift_tables import calibration_table, drift_table
from neurodeploy.report.fault_tables import campaign_csv, campaign_report, fault_text, remap_lines
from neurodeploy.report.fit_table import fit_notes, fit_table
from neurodeploy.report.judgement_tables import judgement_lines, use_table
from neurodeploy.report.layer_tables import layers_lines, layers_table
from neurodeploy.report.learned_tables import learned_lines, learned_report
from neurodeploy.report.markdown import MarkdownSection, comment_markdown
from neurodeploy.report.metric_tables import metric_report
from neurodeploy.report.project_tables import project_markdown, project_table
from neurodeploy.report.quantity import count, interval, si
from neurodeploy.report.sweep_tables import sweep_report
from neurodeploy.report.tables import (
    compilation_lines,
    dialect_lines,
    ledger_table,
    mapping_table,
    profile_report,
    resource_table,
)
from neurodeploy.report.target_tables import confidence_table, other_table, target_report, target_rows, target_table
from neurodeploy.report.trade_tables import trade_lines, trade_table
from neurodeploy.report.tuning_tables import tuning_table

__all__ = [
    "MarkdownSection",
    "blame_report",
    "c_export_table",
    "calibration_table",
    "campaign_csv",
    "campaign_report",
    "comment_markdown",
    "compilation_lines",
    "confidence_table",
    "conversion_table",
    "count",
    "dialect_lines",
    "difference_report",
    "drift_table",
    "fault_text",
    "fit_notes",
    "fit_table",
    "interval",
    "judgement_lines",
    "layers_lines",
    "layers_table",
    "learned_lines",
    "learned_report",
    "ledger_table",
    "mapping_table",
    "metric_report",
    "other_table",
    "profile_report",
    "project_markdown",
    "project_table",
    "remap_lines",
    "resource_table",
    "si",
    "study_report",
    "sweep_report",
    "target_report",
    "target_rows",
    "target_table",
    "trade_lines",
    "trade_table",
    "tuning_table",
    "use_table",
]
