"""Report: what people look at. Pure functions from nouns to renderables; nothing is decided here."""

from neurodeploy.report.quantity import count, interval, si
from neurodeploy.report.tables import (
    compilation_lines,
    ledger_table,
    profile_report,
    target_rows,
    target_table,
)

__all__ = [
    "compilation_lines",
    "count",
    "interval",
    "ledger_table",
    "profile_report",
    "si",
    "target_rows",
    "target_table",
]
