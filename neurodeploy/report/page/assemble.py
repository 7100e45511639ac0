"""The page from its sections."""

from __future__ import annotations

from collections.abc import Callable

from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity import changes, learning, quantization, raster, rates, responses, traces
from neurodeploy.report.page.bill import bill
from neurodeploy.report.page.chip_map import chip_map
from neurodeploy.report.page.floorline import floorline
from neurodeploy.report.page.metrics_section import metrics_section
from neurodeploy.report.page.overview import accuracy, ran, verdict
from neurodeploy.report.page.records import findings, ledger, reproduce
from neurodeploy.report.page.resources import resources
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.shell import head, licence, plot_data, scripts, styles
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.page.traffic_matrix import traffic_matrix

__all__ = ["SECTIONS", "report_page"]

SECTIONS: tuple[Callable[[ReportSubject], Section | None], ...] = (
    verdict,
    ran,
    accuracy,
    metrics_section,
    bill,
    chip_map,
    floorline,
    resources,
    raster.section,
    rates.section,
    traces.section,
    learning.section,
    quantization.section,
    responses.section,
    traffic_matrix,
    ledger,
    findings,
    changes.section,
    reproduce,
)
"""Sections in the order of the page. None: the subject has no data for it."""


SHORT = {"ran": "Run", "accuracy": "Accuracy", "bill": "Cost", "reproduce": "Reproduce"}
"""Name of a section -> word in the navigation, where it is shorter than the title."""


def _navigation(sections: list[Section]) -> str:
    words = ((item, SHORT.get(item.name, item.title)) for item in sections)
    links = "".join(element("li", element("a", text(word), href=f"#{item.name}")) for item, word in words)
    button = element("button", "Theme: auto", id="theme", type="button", hidden=True)
    return element("nav", element("div", element("ul", links), button, class_="bar"), aria_label="Sections")


def _top(subject: ReportSubject) -> str:
    target = subject.program.target
    board = f", {target.board}" if target.board else ""
    neurons = sum(item.size for item in subject.program.populations)
    lead = f"{neurons:,} neurons in {len(subject.program.populations):,} populations for {target.title}{board}"
    title, under = element("h1", text(subject.program.network.name)), element("p", text(lead), class_="lead")
    return element("header", title, under, class_="top")


def _section(item: Section) -> str:
    heading = element("h2", text(item.title), id=f"{item.name}-title")
    return element("section", heading, item.body, id=item.name, aria_labelledby=f"{item.name}-title")


def report_page(subject: ReportSubject) -> str:
    """Return the HTML of the whole page. The same subject gives the same bytes.

    `subject`: program, recording, profile and findings; sections of what it lacks are left out.
    """
    sections = [section for make in SECTIONS if (section := make(subject)) is not None]
    plots = [plot for section in sections for plot in section.plots]
    css, code = styles(plots=bool(plots)), scripts(plots=bool(plots))
    target = subject.program.target
    foot = f"Program {subject.program.digest()}. Written by neurodeploy; this file makes no network request."
    body = element(
        "body",
        element("a", "Skip to the report", href="#main", class_="skip"),
        _top(subject),
        _navigation(sections),
        element("main", *(_section(item) for item in sections), id="main"),
        element("footer", text(foot), class_="foot"),
        plot_data(plots) + licence() if plots else "",
        *(element("script", item) for item in code),
    )
    title = f"{subject.program.network.name} on {target.name}"
    return f"<!doctype html>\n{element('html', head(title, css, code), body, lang='en')}\n"
