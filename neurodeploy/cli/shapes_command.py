"""`check --shapes`: a network given by the shapes of its layers."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.cli.common_options import usage
from neurodeploy.cli.inputs import Choices, chosen_target
from neurodeploy.cli.output import show, working
from neurodeploy.cli.report_options import ReportOptions
from neurodeploy.diagnostics.subject import about
from neurodeploy.mapping import fit_layers
from neurodeploy.network.layer_shapes import load_layers
from neurodeploy.profile import budget_findings, layers_measures
from neurodeploy.report import layers_lines, layers_table

__all__ = ["judge_shapes", "one_of_both"]


def one_of_both(model: Path | None, shapes: Path | None) -> Path:
    """Return the given file. Raises DiagnosticError: ND701 unless exactly one is given."""
    path = model or shapes
    if path is None or (model and shapes):
        fixes = ("neurodeploy check net.nd.json --target NAME", "neurodeploy check --shapes net.toml --target NAME")
        raise usage("ND701", about("command", "check"), "needs a network, or --shapes with a file of layers", *fixes)
    return path


def judge_shapes(report: ReportOptions, choices: Choices) -> None:
    """Judge the layers, print the report and exit."""
    if choices.dialect is not None:
        raise usage("ND703", about("option", "--dialect"), "does not apply to shapes, which have no arithmetic")
    stack, target = load_layers(report.model), chosen_target(choices)
    with working(f"tiling network '{stack.name}' for {target.name}"):
        result = fit_layers(stack, target)
    found = (*result.findings, *budget_findings(report.budgets, layers_measures(result)))
    if report.text:
        show(*layers_lines(result), "", layers_table(result))
    report.finish(found, result.model_dump(mode="json", exclude={"findings"}))
