"""Command `sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from neurodeploy.api.sweeping import pareto
from neurodeploy.cli.common_options import JsonOutput
from neurodeploy.cli.inputs import OutputFormat
from neurodeploy.cli.option_types import refused, shown, whole
from neurodeploy.cli.output import command, show
from neurodeploy.cli.page_writing import typed_words
from neurodeploy.cli.paths import folder_option, read_argument, write_option
from neurodeploy.cli.report_options import report_options
from neurodeploy.cli.timed_progress import timed_progress
from neurodeploy.io.archive import write_atomically
from neurodeploy.report import sweep_report
from neurodeploy.sweep import Outcome, Sweep
from neurodeploy.sweep.extra import require_package
from neurodeploy.sweep.file import SweepFile, file_objective, load_sweep_file
from neurodeploy.sweep.formats import write_csv, write_parquet
from neurodeploy.sweep.pareto import usual_measures
from neurodeploy.sweep.store import plain_outcome
from neurodeploy.sweep.sweep import sweep_space

__all__ = ["sweep_command"]

PICTURES = (".png", ".svg", ".pdf")
"""Suffixes of pictures."""
Number = Annotated[
    int | None,
    typer.Option(
        "--workers",
        "-j",
        parser=whole("--workers", 1, 1 << 20),
        metavar="N",
        help="Points at the same time; default: one for each processor.",
        show_default=False,
    ),
]


class _Files(NamedTuple):
    """Files to write."""

    csv: Path | None
    parquet: Path | None
    page: Path | None
    picture: Path | None


@command
def sweep_command(
    file: Annotated[Path, read_argument("FILE", "A sweep file (.toml): space, and model or objective.")],
    workers: Number = None,
    executor: Annotated[
        str | None,
        typer.Option(
            "--executor",
            metavar="NAME",
            help="processes, threads, serial, dask, dask://HOST:PORT or dask:SCHEDULER.json; default: that of the file.",
            show_default=False,
        ),
    ] = None,
    store: Annotated[
        Path | None,
        folder_option("--store", "Folder of the results, with which a sweep goes on; default: NAME.results next to FILE."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Run points again that failed.")] = False,
    maximize: Annotated[
        list[str] | None,
        typer.Option("--maximize", metavar="MEASURE", help="Measure of the best points, more of it is better; repeatable."),
    ] = None,
    minimize: Annotated[
        list[str] | None,
        typer.Option("--minimize", metavar="MEASURE", help="Measure of the best points, less of it is better; repeatable."),
    ] = None,
    csv: Annotated[Path | None, write_option("--csv", "Write all points as CSV.", suffix=".csv")] = None,
    parquet: Annotated[Path | None, write_option("--parquet", "Write all points as Parquet.", suffix=".parquet")] = None,
    page: Annotated[Path | None, write_option("--report", "Write a page with the best points.", suffix=".html")] = None,
    picture: Annotated[Path | None, write_option("--plot", "Draw the best points (.png, .svg or .pdf).")] = None,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:  # fmt: skip
    """Compile, run and measure a network at every point of a space, or call a function; a second start goes on.

    Example: neurodeploy sweep sweep.toml --workers 8 --csv points.csv --plot best.png
    """
    report = report_options(file, output_format, json_output=json_output)
    made, space = load_sweep_file(file)
    if parquet is not None:
        require_package("pyarrow", "--parquet")
    if picture is not None:
        _require_plots(picture)
    objective = file_objective(made, file.parent, space.names)
    kept = store or file.parent / (made.store or f"{file.stem}.results")
    with timed_progress("points", space.size, quiet=not report.text) as progress:
        result = sweep_space(
            space,
            objective,
            executor=made.executor if executor is None else executor,
            workers=workers or made.workers,
            store=kept,
            retry=retry,
            progress=progress,
        )
    most, least = tuple(maximize or made.maximize), tuple(minimize or made.minimize)
    best = pareto(result, maximize=most, minimize=least) if most or least or any(usual_measures(result)) else ()
    if report.text:
        show(sweep_report(result, best))
    _write(result, _Files(csv, parquet, page, picture), (most, least), quiet=not report.text)
    report.finish(result.findings, _document(made, result, best))


def _require_plots(path: Path) -> None:
    from neurodeploy.plot.frame import require

    if path.suffix not in PICTURES:
        raise refused("--plot", f"{shown(path)} does not end in {', '.join(PICTURES)}", f"{path.stem}.png")
    require("plot.pareto")


def _document(made: SweepFile, result: Sweep, best: tuple[Outcome, ...]) -> dict[str, Any]:
    """The result as JSON. A point has its own findings, which do not fail the sweep."""
    plain = result.model_dump(mode="json", exclude={"rows", "findings"})
    rows = [{key: value for key, value in plain_outcome(row).items() if key != "format"} for row in result.rows]
    return {
        "sweep": {**plain, "complete": result.complete, "failed": len(result.failed)},
        "executor": made.executor,
        "rows": rows,
        "best": [row.address for row in best],
    }


def _write(result: Sweep, files: _Files, measures: tuple[tuple[str, ...], tuple[str, ...]], *, quiet: bool) -> None:
    """Write what was asked for, and say so."""
    most, least = measures
    if files.csv is not None:
        write_csv(result, files.csv)
    if files.parquet is not None:
        write_parquet(result, files.parquet)
    if files.page is not None:
        from neurodeploy.report.page.sweep_page import sweep_page

        write_atomically(
            files.page, sweep_page(result, most, least, command=typed_words()).encode("utf-8", errors="replace")
        )
    if files.picture is not None:
        _draw(result, files.picture, measures)
    for path in files if not quiet else ():
        if path is not None:
            show(f"written: {path}")


def _draw(result: Sweep, path: Path, measures: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    """Draw the first measure to maximize over the first to minimize."""
    import matplotlib as mpl

    mpl.use("agg")
    from neurodeploy.plot.pareto import pareto as draw

    most, least = measures
    axes = draw(result, next(iter(least), None), next(iter((*most, *least[1:])), None))
    axes.figure.savefig(path)  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
