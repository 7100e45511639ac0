"""The page from its sections."""

from __future__ import annotations

from collections.abc import Callable

from neurodeploy.report.page.activity import changes, learning, quantization, raster, rates, responses, traces
from neurodeploy.report.page.bill import bill
from neurodeploy.report.page.chip_map import chip_map
from neurodeploy.report.page.document import Heading, document
from neurodeploy.report.page.floorline import floorline
from neurodeploy.report.page.metrics_section import metrics_section
from neurodeploy.report.page.overview import accuracy, ran, verdict
from neurodeploy.report.page.records import findings, ledger, reproduce
from neurodeploy.report.page.resources import resources
from neurodeploy.report.page.section import Section
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


def report_page(subject: ReportSubject) -> str:
    """Return the HTML of the whole page. The same subject gives the same bytes.

    `subject`: program, recording, profile and findings; sections of what it lacks are left out.
    """
    target = subject.program.target
    board = f", {target.board}" if target.board else ""
    neurons = sum(item.size for item in subject.program.populations)
    heading = Heading(
        title=f"{subject.program.network.name} on {target.name}",
        name=subject.program.network.name,
        lead=f"{neurons:,} neurons in {len(subject.program.populations):,} populations for {target.title}{board}",
        foot=f"Program {subject.program.digest()}.",
    )
    return document(heading, [section for make in SECTIONS if (section := make(subject)) is not None], SHORT)
