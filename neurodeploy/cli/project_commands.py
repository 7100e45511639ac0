"""Commands `init` and `test`: a project file is written, and everything in it is tried."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.api.projects import init_project, load_project, run_project
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.inputs import OutputFormat
from neurodeploy.cli.output import Format, chosen_format, command, emit_json, finish, progress_bar, show
from neurodeploy.cli.paths import folder_option, read_argument, read_option, require_folder, to_read
from neurodeploy.cli.run_options import Samples, Steps
from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.io.archive import write_atomically
from neurodeploy.profile import PROFILE_FIGURES, read_budgets
from neurodeploy.program import Program
from neurodeploy.project import Project, ProjectResult, TargetResult, load_result
from neurodeploy.project.baseline import BaselineUse
from neurodeploy.project.run import FIGURES
from neurodeploy.report import project_table
from neurodeploy.report.formats.project import ProjectForms, project_forms
from neurodeploy.simulate import Recording

__all__ = ["init", "project_test"]

PRINTED = (Format.concise, Format.json, Format.sarif, Format.junit, Format.github)
FILES = {
    "json": "neurodeploy.json",
    "sarif": "neurodeploy.sarif",
    "junit": "neurodeploy.xml",
    "markdown": "neurodeploy.md",
}
"""Format -> file that `--save` writes."""
FOLDER_TOO = to_read(about("argument", "PROJECT"), folder=True)


@command
def project_test(
    project: Annotated[
        Path | None,
        typer.Argument(
            help="A project file, or its folder; default: the nearest neurodeploy.toml above this folder.",
            show_default=False,
            parser=FOLDER_TOO,
            metavar="PROJECT",
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", help="Test only this target of the project; repeatable."),
    ] = None,
    save: Annotated[
        Path | None,
        folder_option(
            "--save",
            "Folder for the result as neurodeploy.json, .sarif, .xml (JUnit), .md, and a page for each target.",
        ),
    ] = None,
    base: Annotated[
        Path | None,
        read_option("--base", "A neurodeploy.json of another run, with which the .md of --save compares."),
    ] = None,
    update_baseline: Annotated[
        bool,
        typer.Option(
            "--update-baseline", help="Write the baseline instead of comparing with it, unless something fails."
        ),
    ] = False,
    no_baseline: Annotated[bool, typer.Option("--no-baseline", help="Do not compare with the baseline.")] = False,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:
    """Check and run the model of a project on each of its targets, with its budgets and its baseline.

    Example: neurodeploy test --format github --save report
    """
    style = chosen_format(output_format, json_output=json_output)
    if update_baseline and no_baseline:
        raise usage("ND703", about("option", "--no-baseline"), "contradicts --update-baseline", "omit one of them")
    use: BaselineUse = "update" if update_baseline else "ignore" if no_baseline else "check"
    read, before = _selected(load_project(project), target), None if base is None else load_result(base)
    with progress_bar("targets", len(read.settings.targets), quiet=style is not Format.text) as progress:
        result = run_project(read, baseline=use, progress=progress)
    if style is Format.text and result.targets:
        show(project_table(result))
        show(*([f"written: {result.baseline}"] if result.updated else []))

    def rendered(status: int) -> str:
        forms = _forms(result, status, before)
        if save is not None:
            _save(forms, result, save)
        return "" if style is Format.text else getattr(forms, style.value)

    finish(result.every_finding(), strict=result.strict, style=style, rendered=rendered)


def _selected(project: Project, names: list[str] | None) -> Project:
    """The project with only the named targets. Raises DiagnosticError: ND710 (there is none of this name)."""
    if names is None:
        return project
    known = {item.label: item for item in project.settings.targets}
    for name in names:
        if name not in known:
            message = f"is no target of '{project.path}', which has {', '.join(known)}"
            raise usage("ND710", about("target", name), message, *nearest(name, list(known)))
    kept = tuple(known[name] for name in dict.fromkeys(names))
    return project.model_copy(update={"settings": project.settings.model_copy(update={"targets": kept})})


def _forms(result: ProjectResult, status: int, base: ProjectResult | None) -> ProjectForms:
    texts = (_text(Path(result.model)) if result.model.endswith(".json") else "", _text(Path(result.project)))
    return project_forms(result, texts, version=version("neurodeploy"), status=status, base=base)


def _text(file: Path) -> str:
    """The text of a file; empty if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _save(forms: ProjectForms, result: ProjectResult, folder: Path) -> None:
    """Write a result in every format that has a file, and a page for each target. Raises DiagnosticError: ND007."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        require_folder(folder / FILES["json"])
    for form, name in FILES.items():
        write_atomically(folder / name, getattr(forms, form).encode("utf-8", errors="replace"))
    for row in result.targets:
        if row.program is not None and row.recording is not None:
            _page(row, row.program, row.recording, result.project, folder / f"{row.entry_name}.html")


def _page(row: TargetResult, program: Program, recording: Recording, project: str, path: Path) -> None:
    """Write the report page of one target."""
    from neurodeploy.api.reporting import report

    texts = [*row.met, *(item.subject.name for item in row.findings if item.subject.kind == "budget")]
    known = {name.partition(".")[0] for name in PROFILE_FIGURES}
    budgets = [item.text for item in read_budgets(texts, FIGURES) if item.figure.partition(".")[0] in known]
    report(
        program,
        recording,
        path,
        profile=row.profile,
        budgets=budgets,
        findings=[item for item in row.findings if item.subject.kind != "budget"],
        changes=row.differences,
        command=f"neurodeploy test {project}",
    )


@command
def init(
    model: Annotated[
        Path | None, read_argument("MODEL", "The network; default: the only one in this folder.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option("--target", "-t", help="Target; repeatable. Default: loihi1.")] = None,
    framework: Annotated[
        str | None, typer.Option("--from", help="Framework that wrote a NIR file, such as snntorch.")
    ] = None,
    data: Annotated[
        Path | None, read_option("--data", "Samples; default: NAME.stimulus.npz next to the network.", folder=True)
    ] = None,
    samples: Samples = None,
    steps: Steps = None,
    budget: Annotated[list[str] | None, typer.Option("--budget", help="Limit of a figure, such as 'cores<=4'; repeatable.")] = None,
    folder: Annotated[Path, folder_option("--folder", "Folder of the project.")] = Path(),
    workflow: Annotated[
        bool, typer.Option("--workflow/--no-workflow", help="Also write .github/workflows/neurodeploy.yml.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    json_output: JsonOutput = False,
) -> None:  # fmt: skip
    """Write neurodeploy.toml, which every command reads, and a workflow that tests it on GitHub.

    Example: neurodeploy init net.nd.json --target loihi1 --budget 'cores<=4'
    """
    made = init_project(
        model,
        folder=folder,
        targets=target or ["loihi1"],
        framework=framework,
        data=data,
        samples=samples,
        steps=steps,
        budgets=budget or [],
        workflow=workflow,
        force=force,
    )
    if json_output:
        emit_json({**made.model_dump(mode="json"), "findings": []})
        return
    show(*(f"written: {file}" for file in made.written))
    where = "" if made.project == "neurodeploy.toml" else f" {made.project}"
    show("", f"next: edit {made.project}, then neurodeploy test{where}")
