"""Command `monitor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from neurodeploy.api.monitoring import monitor
from neurodeploy.cli.common_options import JsonOutput
from neurodeploy.cli.compile_options import given_fields
from neurodeploy.cli.inputs import OutputFormat
from neurodeploy.cli.options import field_option
from neurodeploy.cli.output import command, show
from neurodeploy.cli.paths import read_argument
from neurodeploy.cli.report_options import report_options
from neurodeploy.monitor import MonitorOptions
from neurodeploy.program import load_program
from neurodeploy.report import drift_table
from neurodeploy.simulate import load_recording

__all__ = ["monitor_command"]


@command
def monitor_command(
    recording: Annotated[Path, read_argument("RECORDING", "A recording (.ndr) of the program.")],
    program: Annotated[Path, read_argument("PROGRAM", "The program (.ndp), compiled with --calibrate or --activity.")],
    window: Annotated[Any, field_option(MonitorOptions, "window")] = None,
    shift: Annotated[Any, field_option(MonitorOptions, "shift")] = None,
    false_alarms: Annotated[Any, field_option(MonitorOptions, "false_alarms")] = None,
    level: Annotated[Any, field_option(MonitorOptions, "level")] = None,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:
    """Hold the spikes of a recording against the activity of the program's calibration. Drift gives exit status 1.

    Example: neurodeploy monitor run.ndr net.ndp --window 100
    """
    report = report_options(program, output_format, json_output=json_output)
    fields = given_fields(window=window, shift=shift, false_alarms=false_alarms, level=level)
    found = monitor(load_program(program), load_recording(recording), options=MonitorOptions(**fields))
    if report.text:
        show(drift_table(found))
    plain = found.model_dump(mode="json")
    plain.pop("findings")
    report.finish(found.findings, {"drifted": found.drifted, **plain})
