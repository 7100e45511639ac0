"""Command `convert`: a trained network as a spiking one, or a network as a file of another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from neurodeploy.api.converting import Converted, convert
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.convert_options import with_convert_options
from neurodeploy.cli.import_options import with_import_options
from neurodeploy.cli.inputs import Model, OutputFormat, Strict, TargetName
from neurodeploy.cli.output import command, show, working
from neurodeploy.cli.paths import read_option, write_argument, write_option
from neurodeploy.cli.report_options import ReportOptions, report_options
from neurodeploy.cli.running import write_own_samples
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.diagnostics import about
from neurodeploy.exporters import LOSSES, WRITABLE
from neurodeploy.exporters.options import MEANINGS
from neurodeploy.exporters.save import ALL, losses_named
from neurodeploy.importers import ImportOptions
from neurodeploy.importers.trained import is_trained
from neurodeploy.report import conversion_table, ledger_table

__all__ = ["convert_command"]


def _complete_losses(incomplete: str) -> list[str]:
    """Return lists of losses that continue a list separated by commas."""
    first, comma, last = incomplete.rpartition(",")
    return [f"{first}{comma}{name}" for name in (ALL, *LOSSES) if name.startswith(last)]


Lossy = Annotated[
    list[str] | None,
    typer.Option(
        "--lossy",
        metavar="LOSS,...",
        autocompletion=_complete_losses,
        help="What the file may lose for other tools: "
        + "; ".join(f"{name}, {meaning}" for name, meaning in MEANINGS.items())
        + f"; or {ALL}. Repeatable.",
    ),
]
Out = Annotated[Path | None, write_argument("OUT", f"File to write; its suffix is the format: {', '.join(WRITABLE)}.")]
OutOption = Annotated[Path | None, write_option("--out", "The same as OUT.", "-o")]


Calibrate = Annotated[
    Path | None,
    read_option("--calibrate", "Samples of the training for a trained network (.npz, with labels if there are any)."),
]


@command
@with_convert_options
@with_import_options
def convert_command(
    model: Model,
    out: Out = None,
    output: OutOption = None,
    calibrate: Calibrate = None,
    target: TargetName = None,
    lossy: Lossy = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every line of the ledger.")] = False,
    strict: Strict = False,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
    *,
    imports: dict[str, Any],
    conversion: dict[str, Any],
) -> None:
    """Convert a trained network (.onnx, .keras, .h5) to a spiking one, or write a spiking network in another format.

    Examples: neurodeploy convert mnist.onnx --calibrate train.npz --target loihi1 --steps 16 -o mnist.nd.json;
    neurodeploy convert net.net net.nir --dt 1e-3 --lossy reset,rounding
    """
    report = report_options(model, output_format, ledger=ledger, strict=strict, json_output=json_output)
    path = out or output
    if path is None or (out is not None and output is not None):
        fix = "neurodeploy convert net.nd.json net.nir"
        raise usage("ND701", about("argument", "OUT"), "is needed once: the file to write", fix)
    if is_trained(model):
        _convert_trained(model, path, calibrate, target, conversion, report)
        return
    losses = losses_named(lossy or ())
    result = convert(model, path, ImportOptions(**imports, strict=strict), lossy=losses)
    written, unwritten = write_own_samples(result.samples, Path(path))
    if report.text:
        _show(result, ledger=ledger)
        show(*([f"written: {written}, the samples of the model"] if written else []))
    lines = [line.model_dump() for line in result.ledger]
    document = {"network": result.network.name, "written": result.path, "samples": written, "ledger": lines}
    report.finish((*result.findings, *unwritten), document)


def _convert_trained(
    model: Path, path: Path, calibrate: Path | None, target: str | None, fields: dict[str, Any], report: ReportOptions
) -> None:
    """Convert a trained network, write the spiking one, and print what became of each layer."""
    with working(f"converting {model.name}"):
        result = convert(
            model, path, ConvertOptions(**fields), calibration=cast("Any", calibrate), target=target or "loihi1"
        )
    if report.text:
        show(conversion_table(result), "", f"written: {path}")
        if report.ledger:
            show("", ledger_table(result.ledger))
    layers = [layer.model_dump() for layer in result.layers]
    lines = [line.model_dump() for line in result.ledger]
    document = {
        "network": result.network.name, "written": str(path), "target": result.target, "scheme": result.scheme,
        "steps": result.steps, "layers": layers, "ledger": lines,
    }  # fmt: skip
    report.finish(result.findings, document)


def _show(result: Converted, *, ledger: bool) -> None:
    """Print what was written, and the ledger or its size."""
    show(f"written: {result.path}")
    if ledger:
        show("", ledger_table(result.ledger))
    elif result.ledger:
        levels = [line.level for line in result.ledger]
        count = f"{len(levels)} line{'s' if len(levels) > 1 else ''}"
        show(f"ledger: {count}, {levels.count('dropped')} dropped; print it with --ledger")
