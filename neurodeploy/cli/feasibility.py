"""`check` of a network against a target of another architecture."""

from __future__ import annotations

from typing import Any

from neurodeploy.cli.common_options import usage
from neurodeploy.cli.inputs import Choices, compile_options, read_model
from neurodeploy.cli.output import show
from neurodeploy.cli.report_options import ReportOptions
from neurodeploy.compiler.edits import edited_network
from neurodeploy.diagnostics import about, errors_in
from neurodeploy.feasibility import Judgement, judge
from neurodeploy.hardware import FeasibilityTarget, load_feasibility_target, read_target, target_names
from neurodeploy.hardware.target import Target
from neurodeploy.network.validate import validate
from neurodeploy.profile import budget_findings, judgement_measures
from neurodeploy.report import judgement_lines, use_table

__all__ = ["judge_model"]


def _document(result: Judgement) -> dict[str, Any]:
    plain = result.model_dump(mode="json", exclude={"findings"})
    return {**plain, "uses": [{**item.model_dump(mode="json"), "share": item.share} for item in result.uses]}


def _others() -> list[FeasibilityTarget]:
    """Installed targets of other architectures."""
    found = [read_target(name) for name in target_names()]
    return [load_feasibility_target(item.name) for item in found if not isinstance(item, Target)]


def judge_model(report: ReportOptions, choices: Choices) -> None:
    """Judge the model and exit if the target has another architecture; otherwise do nothing."""
    if choices.target is None or report.model.suffix == ".ndp":
        return
    target = read_target(choices.target, board=choices.board, rules=choices.rules)
    if isinstance(target, Target):
        return
    if choices.dialect is not None:
        raise usage(
            "ND703", about("option", "--dialect"), f"does not apply to target '{target.name}', which has no dialect"
        )
    options = compile_options(choices)
    imported, _ = read_model(report.model, choices)
    found = (*imported.findings, *validate(imported.network))
    if errors_in(found):
        report.finish(found)
    network, _ = edited_network(imported.network, options)
    result = judge(network, target, others=_others())
    found = (*found, *result.findings)
    found = (*found, *budget_findings(report.budgets, judgement_measures(result, found)))
    if report.text:
        show(*judgement_lines(result), "", use_table(result))
    report.finish(found, _document(result))
