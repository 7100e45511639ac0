"""Command `convert`: a trained network as a spiking one, or a network as a file of another format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, cast

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
from neurodeploy.cli.studying import Measured, measured, refuse_options, show_measured
from neurodeploy.convert.options import CONVERT_FLAGS, Conversion, ConvertOptions
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.exporters import LOSSES, WRITABLE
from neurodeploy.exporters.options import MEANINGS
from neurodeploy.exporters.save import ALL, losses_named
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions
from neurodeploy.importers.load import is_readable
from neurodeploy.importers.options import FLAGS
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


Evaluate = Annotated[
    Path | None,
    read_option("--evaluate", "Samples to evaluate a trained network on (.npz); default: those of the calibration."),
]
STUDY = "Run a converted network: accuracy, energy and time by steps, and the share of each layer in what is lost."


@command
@with_convert_options
@with_import_options
def convert_command(
    model: Model,
    out: Out = None,
    output: OutOption = None,
    calibrate: Calibrate = None,
    evaluate: Evaluate = None,
    study: Annotated[bool, typer.Option("--study/--no-study", help=STUDY)] = True,
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
    if is_trained(model) or (calibrate is not None and not is_readable(str(model))):  # neither: ND805 says what it is
        refuse_options(model, {"--lossy": lossy, **_named(FLAGS, imports)}, trained=True)
        _convert_trained(_Request(model, path, calibrate, evaluate, target, conversion, study), report)
        return
    own = {"--calibrate": calibrate, "--evaluate": evaluate, "--no-study": not study, "--target": target}
    refuse_options(model, {**own, **_named(CONVERT_FLAGS, conversion)}, trained=False)
    losses = losses_named(lossy or ())
    result = convert(model, path, ImportOptions(**imports, strict=strict), lossy=losses)
    written, unwritten = write_own_samples(result.samples, Path(path))
    if report.text:
        _show(result, ledger=ledger)
        show(*([f"written: {written}, the samples of the model"] if written else []))
    lines = [line.model_dump() for line in result.ledger]
    document = {"network": result.network.name, "written": result.path, "samples": written, "ledger": lines}
    report.finish((*result.findings, *unwritten), document)


class _Request(NamedTuple):
    """A conversion of a trained network."""

    model: Path
    path: Path
    calibrate: Path | None
    evaluate: Path | None
    target: str | None
    fields: dict[str, Any]
    study: bool


def _named(flags: Mapping[str, str], fields: Mapping[str, object]) -> dict[str, object]:
    """Option -> value of the fields that were given."""
    return {flags[field]: value for field, value in fields.items()}


def _convert_trained(request: _Request, report: ReportOptions) -> None:
    """Convert a trained network, write the spiking one, and print what became of it."""
    options, calibration = ConvertOptions(**request.fields), cast("Any", request.calibrate)
    with working(f"converting {request.model.name}"):
        result = convert(
            request.model, request.path, options, calibration=calibration, target=request.target or "loihi1"
        )
    if report.text:
        show(conversion_table(result))
    made, found = _measured(result, request, report) if request.study else (None, ())
    if report.text:
        if made:
            show_measured(made)
        show("", *([ledger_table(result.ledger)] if report.ledger else [_ledger_summary(result.ledger)]))
        show(f"written: {request.path}")
    document = {
        "network": result.network.name, "written": str(request.path), "target": result.target, "scheme": result.scheme,
        "steps": result.steps, "layers": [layer.model_dump() for layer in result.layers],
        "ledger": [line.model_dump() for line in result.ledger], **(made.document if made else {}),
    }  # fmt: skip
    report.finish((*result.findings, *found), document)


def _measured(
    result: Conversion, request: _Request, report: ReportOptions
) -> tuple[Measured | None, tuple[Diagnostic, ...]]:
    """Study and blame of a conversion with their findings; findings alone if it does not run on its target."""
    try:
        target, seed = load_target(request.target or result.target), request.fields.get("seed", 0)
        made = measured(result, request.evaluate, request.calibrate, target, seed=seed, quiet=not report.text)
    except DiagnosticError as error:
        return None, error.diagnostics
    return made, made.findings


def _ledger_summary(ledger: Sequence[LedgerLine]) -> str:
    levels = [line.level for line in ledger]
    counted = ", ".join(f"{levels.count(level)} {level}" for level in dict.fromkeys(levels))
    return f"ledger: {len(levels)} lines, {counted}; print it with --ledger" if ledger else "ledger: nothing changed"


def _show(result: Converted, *, ledger: bool) -> None:
    """Print what was written, and the ledger or its size."""
    show(f"written: {result.path}")
    if ledger:
        show("", ledger_table(result.ledger))
    elif result.ledger:
        levels = [line.level for line in result.ledger]
        count = f"{len(levels)} line{'s' if len(levels) > 1 else ''}"
        show(f"ledger: {count}, {levels.count('dropped')} dropped; print it with --ledger")
