"""Report of a program and a run as one HTML page that needs no network."""

from __future__ import annotations

from neurodeploy.report.page.assemble import report_page
from neurodeploy.report.page.subject import ReportSubject

__all__ = ["ReportSubject", "report_page"]
