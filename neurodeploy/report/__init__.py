"""Report: what people look at. Pure functions from nouns to renderables; nothing is decided here."""

from neurodeploy.report.quantity import count, interval, si
from neurodeploy.report.tables import compilation_lines, ledger_table, mapping_table, profile_report, resource_table
from neurodeploy.report.target_tables import target_report, target_rows, target_table

__all__ = [
    "compilation_lines",
    "count",
    "interval",
    "ledger_table",
    "mapping_table",
    "profile_report",
    "resource_table",
    "si",
    "target_report",
    "target_rows",
    "target_table",
]
