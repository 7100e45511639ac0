"""Pictures of characters that a run prints where the terminal is wide."""

from __future__ import annotations

from neurodeploy.cli.output import show_lines, wide_terminal
from neurodeploy.cli.report_options import ReportOptions
from neurodeploy.cli.running import Outcome
from neurodeploy.profile import resource_use
from neurodeploy.program import Program
from neurodeploy.report.terminal_pictures import core_lines, raster_lines

__all__ = ["show_pictures"]


def show_pictures(program: Program, outcome: Outcome, report: ReportOptions) -> None:
    """Print the raster of the first sample and how full each core is, on a terminal of 100 columns or more.

    `program`, `outcome`: what ran, and its result. `report`: nothing is printed unless its format is text.
    """
    width = wide_terminal() if report.text else None
    if width is None or outcome.profile is None:
        return
    sizes = {item.name: item.size for item in (*program.network.inputs, *program.populations)}
    cores = core_lines(resource_use(program), program.tables.n_cores, width)
    show_lines(*raster_lines(outcome.recording, sizes, width), "", *cores, "")
