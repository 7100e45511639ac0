"""Command `fit`: which targets and boards hold a network."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neurodeploy.cli.common_options import JsonOutput
from neurodeploy.cli.compile_options import (
    FixTime,
    given_fields,
)
from neurodeploy.cli.import_options import with_import_options
from neurodeploy.cli.inputs import (
    Choices,
    Model,
    OutputFormat,
    Strict,
    compile_options,
    read_model,
)
from neurodeploy.cli.integer_options import with_integer_options
from neurodeploy.cli.output import command, progress_bar, show
from neurodeploy.cli.report_options import report_options
from neurodeploy.compiler import fit_network
from neurodeploy.diagnostics import errors_in
from neurodeploy.hardware import Target, read_target, target_names
from neurodeploy.network.validate import validate
from neurodeploy.report import fit_notes, fit_table

__all__ = ["fit"]

Targets = Annotated[
    list[str] | None, typer.Option("--target", "-t", help="Target name or path of a .toml; repeatable. Default: all.")
]


@command
@with_integer_options
@with_import_options
def fit(
    model: Model,
    target: Targets = None,
    fix_time: FixTime = None,
    strict: Strict = False,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
    *,
    imports: dict[str, Any],
    integers: dict[str, Any],
) -> None:
    """List the targets and boards that hold a network, their use, and for the others the smallest change that helps.

    Example: neurodeploy fit net.nd.json
    """
    report = report_options(model, output_format, strict=strict, json_output=json_output)
    fields = integers | given_fields(fix_time_s=fix_time)
    choices = Choices(None, None, None, None, imports, strict=strict, fields=fields)
    options = compile_options(choices)
    imported, _ = read_model(model, choices)
    findings = (*imported.findings, *validate(imported.network))
    if errors_in(findings, strict=strict):
        report.finish(findings)
    every = [read_target(name) for name in target or target_names()]
    every.sort(key=lambda item: not isinstance(item, Target))
    with progress_bar("targets", len(every), quiet=not report.text) as progress:
        rows = fit_network(imported.network, every, options, progress=progress)
    document = {"network": imported.network.name, "rows": [{**row.model_dump(), "share": row.share} for row in rows]}
    if report.text:
        show(fit_table(rows, imported.network.name))
        for note in fit_notes(rows):
            show("", note)
    report.finish(findings, document)
