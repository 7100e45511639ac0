"""Commands `faults` and `remap`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.api.faulting import remap
from neurodeploy.base.rows import LARGEST
from neurodeploy.campaign import Campaign, advice_of, load_campaign, model_of, results_of, run_campaign, stimulus_of
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.compile_options import AvoidCores
from neurodeploy.cli.inputs import OutputFormat
from neurodeploy.cli.option_types import whole
from neurodeploy.cli.output import command, show, show_lines
from neurodeploy.cli.page_writing import typed_words
from neurodeploy.cli.paths import read_argument, read_option, write_option
from neurodeploy.cli.report_options import report_options
from neurodeploy.cli.timed_progress import timed_progress
from neurodeploy.diagnostics import about
from neurodeploy.io.archive import write_atomically
from neurodeploy.program import load_program, save_program
from neurodeploy.report import campaign_csv, campaign_report, remap_lines

__all__ = ["faults_command", "remap_command"]


@command
def faults_command(
    campaign: Annotated[Path, read_argument("CAMPAIGN", "The file of a campaign (.toml).")],
    size: Annotated[
        int | None,
        typer.Option(
            "--size", parser=whole("--size", 1, LARGEST), metavar="N", help="Faults to draw, instead of the file's."
        ),
    ] = None,
    outcomes: Annotated[
        Path | None,
        write_option("--outcomes", "File to which outcomes are appended, and from which a second start goes on."),
    ] = None,
    table: Annotated[Path | None, write_option("--table", "Table of all rows to write (.csv).", suffix=".csv")] = None,
    page: Annotated[Path | None, write_option("--report", "Page to write (.html).", suffix=".html")] = None,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:
    """Try many faults on a program, and print which layers, bits and cores are critical.

    Example: neurodeploy faults campaign.toml --outcomes campaign.outcomes
    """
    report, file = report_options(campaign, output_format, json_output=json_output), load_campaign(campaign)
    options = file.campaign if size is None else file.campaign.model_copy(update={"size": size})
    program = model_of(file)
    results = results_of(program, stimulus_of(file, program), options, seed=file.seed)
    out = outcomes or (None if file.outcomes is None else Path(file.outcomes))
    with timed_progress("faults", results.n_planned, quiet=not report.text) as progress:
        found = run_campaign(results, out=out, progress=progress)
    if file.harden and found.complete:
        with timed_progress("populations", len(program.populations), quiet=not report.text) as progress:
            found = found.model_copy(update={"advice": advice_of(results, progress)})
    _write(found, table, page)
    if report.text:
        show(*campaign_report(found))
        show_lines(*(f"written: {path}" for path in (table, page) if path is not None))
    plain = found.model_dump(mode="json")
    plain.pop("findings")
    report.finish(found.findings, plain)


def _write(found: Campaign, table: Path | None, page: Path | None) -> None:
    if table is not None:
        write_atomically(table, campaign_csv(found).encode())
    if page is not None:
        from neurodeploy.report.page.fault_page import fault_page

        write_atomically(page, fault_page(found, command=typed_words()).encode("utf-8", errors="replace"))


@command
def remap_command(
    program: Annotated[Path, read_argument("PROGRAM", "The program (.ndp).")],
    out: Annotated[Path, write_option("--out", "Program to write (.ndp).", "-o", suffix=".ndp")],
    avoid_cores: AvoidCores = None,
    samples: Annotated[
        Path | None,
        read_option("--samples", "Samples for the proof; default: the sealed ones, or ones drawn at random."),
    ] = None,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:
    """Move a program off cores that must not be used, and prove that its bits stay the same.

    Example: neurodeploy remap net.ndp --avoid-cores 3 --avoid-cores 8-11 -o moved.ndp
    """
    report = report_options(program, output_format, json_output=json_output)
    if not avoid_cores:
        raise usage("ND708", about("option", "--avoid-cores"), "is missing", "--avoid-cores 3")
    cores = sorted({core for some in avoid_cores for core in some})
    found = remap(load_program(program), cores, samples=samples)
    save_program(found.program, out)
    if report.text:
        show_lines(*remap_lines(found), f"written: {out}")
    document = {
        "written": str(out),
        "digest": found.program.digest(),
        **found.model_dump(mode="json", exclude={"program"}),
    }
    report.finish(found.program.findings, document)
