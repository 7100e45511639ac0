"""Command `learned`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.api.learning import learned
from neurodeploy.base.rows import LARGEST
from neurodeploy.cli.common_options import JsonOutput
from neurodeploy.cli.inputs import OutputFormat
from neurodeploy.cli.option_types import whole
from neurodeploy.cli.output import command, show
from neurodeploy.cli.paths import read_argument, write_option
from neurodeploy.cli.report_options import report_options
from neurodeploy.diff import program_differences
from neurodeploy.program import load_program, save_program
from neurodeploy.report import difference_report
from neurodeploy.signals import Learned, Recording
from neurodeploy.simulate import load_recording
from neurodeploy.simulate.recording_files import load_learned

__all__ = ["learned_command"]

SampleNumber = Annotated[
    int | None,
    typer.Option(
        "--sample",
        parser=whole("--sample", 0, LARGEST),
        metavar="N",
        help="Sample whose weights are taken, from 0, if several learned apart.",
    ),
]
Fixed = Annotated[
    bool, typer.Option("--plastic/--fixed", help="Whether the projections go on learning, or keep their weights.")
]


@command
def learned_command(
    program: Annotated[Path, read_argument("PROGRAM", "The program (.ndp) that was run.")],
    recording: Annotated[Path, read_argument("RECORDING", "Its recording (.ndr), or learned weights (.learned.npz).")],
    out: Annotated[Path, write_option("--out", "Program to write (.ndp).", "-o", suffix=".ndp")],
    sample: SampleNumber = None,
    plastic: Fixed = True,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:
    """Write the program with the weights that its plastic projections have learned, and print what changed.

    Example: neurodeploy learned net.ndp run.ndr -o learned.ndp
    """
    report, before = report_options(program, output_format, json_output=json_output), load_program(program)
    made = learned(before, _read(recording), sample=sample, plastic=plastic)
    save_program(made, out)
    changes = program_differences(before, made, (str(program), str(out)))
    if report.text:
        show(difference_report(changes), f"written: {out}")
    found = made.findings[len(before.findings) :]
    report.finish(
        found, {"written": str(out), "digest": made.digest(), "rows": changes.model_dump(mode="json")["rows"]}
    )


def _read(path: Path) -> Recording | Learned:
    return load_learned(path) if path.name.endswith(".npz") else load_recording(path)
