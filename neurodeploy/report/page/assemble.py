"""The page from its sections."""

from __future__ import annotations

from collections.abc import Callable

from neurodeploy.report.markup import element, text
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject

__all__ = ["SECTIONS", "report_page"]

SECTIONS: tuple[Callable[[ReportSubject], Section | None], ...] = ()
"""Sections in the order of the page. None: the subject has no data for it."""


def report_page(subject: ReportSubject) -> str:
    """Return the HTML of the whole page. The same subject gives the same bytes."""
    sections = [section for make in SECTIONS if (section := make(subject)) is not None]
    body = "".join(element("section", element("h2", text(s.title)), s.body, id=s.name) for s in sections)
    title = text(subject.program.network.name)
    return f"<!doctype html>{element('html', element('head', element('title', title)), element('body', body), lang='en')}\n"
