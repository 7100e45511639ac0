"""Command `blame`: which layer of a converted network loses what on a chip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

from neurodeploy.api.converting import convert
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.convert_options import with_convert_options
from neurodeploy.cli.inputs import Model, OutputFormat, Strict, TargetName
from neurodeploy.cli.output import command, show, working
from neurodeploy.cli.paths import read_option
from neurodeploy.cli.report_options import report_options
from neurodeploy.cli.studying import blamed, evaluation_samples, refuse_options
from neurodeploy.convert.notes import read_notes
from neurodeploy.convert.options import CONVERT_FLAGS, ConvertOptions
from neurodeploy.diagnostics import Diagnostic, about
from neurodeploy.hardware import load_target
from neurodeploy.importers import load
from neurodeploy.importers.trained import is_trained
from neurodeploy.network import Network
from neurodeploy.report import blame_report

__all__ = ["blame_command"]

Calibrate = Annotated[
    Path | None,
    read_option("--calibrate", "Samples of the training for a trained network (.npz, with labels if there are any)."),
]
Stimulus = Annotated[
    Path | None,
    read_option(
        "--stimulus", "Samples to run (.npz, with labels); default for a trained network: those of --calibrate."
    ),
]


@command
@with_convert_options
def blame_command(
    model: Model,
    calibrate: Calibrate = None,
    stimulus: Stimulus = None,
    target: TargetName = None,
    strict: Strict = False,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
    *,
    conversion: dict[str, Any],
) -> None:
    """Print the share of each layer in what a converted network loses on a chip, and why it loses it.

    The model is a trained network, which is converted first, or the .nd.json file of a conversion.

    Examples: neurodeploy blame mnist.nd.json --stimulus test.npz; neurodeploy blame mnist.onnx --calibrate train.npz
    """
    report = report_options(model, output_format, strict=strict, json_output=json_output)
    network, found = _converted(model, calibrate, stimulus, target, conversion)
    evaluation = evaluation_samples(network, stimulus, calibrate, conversion.get("seed", 0))
    chip = load_target(target or evaluation.notes.target)
    steps = conversion.get("steps", evaluation.notes.steps)
    result = blamed(network, evaluation, chip, steps, quiet=not report.text)
    if report.text:
        show(f"evaluated on {evaluation.words}", blame_report(result))
    document = {
        "network": network.name,
        "evaluated_on": evaluation.words,
        "blame": result.model_dump(mode="json", exclude={"findings"}),
    }
    report.finish((*found, *result.findings), document)


def _converted(
    model: Path, calibrate: Path | None, stimulus: Path | None, target: str | None, fields: dict[str, Any]
) -> tuple[Network, tuple[Diagnostic, ...]]:
    """The converted network of a model, and the findings of its conversion."""
    if is_trained(model):
        with working(f"converting {model.name}"):
            made = convert(
                model, options=ConvertOptions(**fields), calibration=cast("Any", calibrate), target=target or "loihi1"
            )
        return made.network, made.findings
    imported = load(model)
    if read_notes(imported.network) is not None:
        own = {CONVERT_FLAGS[field]: value for field, value in fields.items() if field != "steps"}
        refuse_options(model, {"--calibrate": calibrate, **own}, trained=False)
        if stimulus is None:
            fix = "--stimulus FILE.npz"
            raise usage("ND702", about("model", model), "has no samples to be run on", fix)
    return imported.network, imported.findings
