"""Command `blame`: which layer or population of a network loses what on a chip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple, cast

from neurodeploy.api.converting import convert
from neurodeploy.blame.findings import require_notes, require_rates
from neurodeploy.blame.native import blame_populations, few_samples
from neurodeploy.blame.nouns import Blame
from neurodeploy.blame.share import SAMPLES
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.convert_options import with_convert_options
from neurodeploy.cli.inputs import Model, OutputFormat, Strict, TargetName
from neurodeploy.cli.output import command, progress_bar, show, working
from neurodeploy.cli.paths import read_option
from neurodeploy.cli.report_options import report_options
from neurodeploy.cli.running import stimulus_of_model
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
        "--stimulus",
        "Samples to run (.npz, with labels); default: those of --calibrate, or NAME.stimulus.npz next to a network.",
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
    """Print the share of each layer in what a network loses on a chip, and why it loses it.

    The model is a trained network, which is converted first; the .nd.json file of a conversion; or any other spiking network,
    whose populations are compared with the float reference.

    Examples: neurodeploy blame mnist.nd.json --stimulus test.npz; neurodeploy blame mnist.onnx --calibrate train.npz
    """
    report = report_options(model, output_format, strict=strict, json_output=json_output)
    request = _Request(model, calibrate, stimulus, target, conversion, quiet=not report.text)
    words, result, found = _of_trained(request) if is_trained(model) else _of_spiking(request)
    if report.text:
        show(*([f"evaluated on {words}"] if words else []), blame_report(result))
    document = {
        "network": result.network,
        "evaluated_on": words,
        "blame": result.model_dump(mode="json", exclude={"findings"}),
    }
    report.finish((*found, *result.findings), document)


class _Request(NamedTuple):
    """What was asked for."""

    model: Path
    calibrate: Path | None
    stimulus: Path | None
    target: str | None
    fields: dict[str, Any]
    quiet: bool


Blamed = tuple[str, Blame, tuple[Diagnostic, ...]]
"""Which samples were run, the blame, and the findings of reading or converting the model."""


def _of_trained(request: _Request) -> Blamed:
    """The blame of a trained network, which is converted first."""
    with working(f"converting {request.model.name}"):
        options, calibration = ConvertOptions(**request.fields), cast("Any", request.calibrate)
        made = convert(request.model, options=options, calibration=calibration, target=request.target or "loihi1")
    return _of_converted(request, made.network, made.findings)


def _of_converted(request: _Request, network: Network, found: tuple[Diagnostic, ...]) -> Blamed:
    fields, notes = request.fields, require_notes(network, "blame")
    require_rates(network, notes, "blame")
    evaluation = evaluation_samples(network, notes, request.stimulus, request.calibrate, fields.get("seed", 0))
    chip, steps = load_target(request.target or notes.target), fields.get("steps", notes.steps)
    result = blamed(network, notes, evaluation.samples, chip, steps, quiet=request.quiet)
    return evaluation.words, result, found


def _of_spiking(request: _Request) -> Blamed:
    """The blame of a network file: of a conversion, or of any other spiking network."""
    imported, fields = load(request.model), request.fields
    own = {CONVERT_FLAGS[field]: value for field, value in fields.items() if field != "steps"}
    refuse_options(request.model, {"--calibrate": request.calibrate, **own}, trained=False)
    network = imported.network
    if read_notes(network) is not None:
        if request.stimulus is None:
            message = "has no samples to be run on"
            raise usage("ND702", about("model", request.model), message, "--stimulus FILE.npz")
        return _of_converted(request, network, imported.findings)
    shown = stimulus_of_model(
        network, request.model, request.stimulus, None, steps=fields.get("steps"), own=imported.samples
    )
    part, offered = few_samples(shown, None, SAMPLES)
    with progress_bar("blaming: runs", 1, quiet=request.quiet) as bar:
        result = blame_populations(
            network, part, load_target(request.target or "loihi1"), offered=offered, progress=bar
        )
    return "", result, imported.findings
