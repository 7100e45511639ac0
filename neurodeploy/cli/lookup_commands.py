"""Commands that only look things up: `explain`, `targets`, `schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from neurodeploy.api.lookups import explain as rules_of_codes
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.output import command, emit_json, show
from neurodeploy.diagnostics import about

__all__ = ["explain", "schema", "targets"]


@command
def explain(
    code: Annotated[str | None, typer.Argument(help="A diagnostic code; default: list all.")] = None,
    json_output: JsonOutput = False,
) -> None:
    """Explain a finding: its meaning, the reason for the limit, and the fix."""
    if code is None:
        listed = rules_of_codes()
        if json_output:
            emit_json([item.model_dump() for item in listed])
        else:
            show(*(f"{item.code}  {item.severity:7}  {item.name}" for item in listed))
        return
    item = rules_of_codes(code)
    if json_output:
        emit_json(item.model_dump())
        return
    show(f"{item.code} {item.name} ({item.severity})", "")
    for title, text in (
        ("What", item.what),
        ("Why", item.why),
        ("Example", item.example),
        ("Fix", item.fix),
        ("Source", item.source),
    ):
        if text:
            show(f"{title}: {text}")


def _list_targets(*, json_output: bool) -> None:
    from neurodeploy.hardware import Target, read_target, target_names
    from neurodeploy.report import confidence_table, other_table, target_table

    every = [read_target(item) for item in target_names()]
    if json_output:
        emit_json([item.model_dump(mode="json", exclude={"dialect"}) for item in every])
        return
    show(target_table(item for item in every if isinstance(item, Target)), "")
    show(other_table(item for item in every if not isinstance(item, Target)), "", confidence_table(every))


@command
def targets(
    action: Annotated[str, typer.Argument(help="list, show or template.")] = "list",
    name: Annotated[str | None, typer.Argument(help="Name of a target, or path of a .toml file.")] = None,
    json_output: JsonOutput = False,
) -> None:
    """List targets, show every figure of one with its source, or print one as a template of a target file."""
    from neurodeploy.hardware import read_target
    from neurodeploy.report import target_report

    if action not in ("list", "show", "template") or (action == "list") != (name is None):
        fixes = ("neurodeploy targets", "neurodeploy targets show NAME", "neurodeploy targets template NAME > FILE")
        raise usage("ND701", about("command", "targets"), f"'{action}' is not an action", *fixes)
    if name is None:
        _list_targets(json_output=json_output)
        return
    if action == "template":
        from neurodeploy.hardware.template import target_template

        print(target_template(name), end="")
        return
    target = read_target(name)
    if json_output:
        emit_json(target.model_dump(mode="json"))
    else:
        show(target_report(target))


@command
def schema(json_output: JsonOutput = True) -> None:
    """Print the JSON Schema of network documents (.nd.json)."""
    from neurodeploy.network.schema import json_schema

    emit_json(json_schema())
