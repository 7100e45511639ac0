"""Commands `backends`: list, install, doctor, conformance, new."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.api.lookups import backends as installed_backends
from neurodeploy.cli.common_options import JsonOutput, complete_backend, usage
from neurodeploy.cli.output import command, emit_json, finish, say, show_lines, show_row, working
from neurodeploy.cli.paths import folder_option, write_option
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about
from neurodeploy.diagnostics.translate import nearest

if TYPE_CHECKING:
    from neurodeploy.conformance import Case, Judgement

__all__ = ["backends"]

backends = typer.Typer(
    name="backends",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    help="List backends, install what they need, and test that they agree.",
    epilog="Examples: neurodeploy backends | neurodeploy backends install lava | neurodeploy backends doctor",
)
WIDTHS = (18, 10)
"""Column widths of a backend's name and state, in characters."""


def _complete_environment(incomplete: str) -> list[str]:
    return [name for name in _environments() if name.startswith(incomplete)]


def _complete_case(incomplete: str) -> list[str]:
    from neurodeploy.conformance import corpus

    return [case.name for case in corpus() if case.name.startswith(incomplete)]


Names = Annotated[
    list[str] | None,
    typer.Argument(help="Backends; default: all.", show_default=False, autocompletion=complete_backend),
]


def _list(*, json_output: bool) -> None:
    from neurodeploy.native.findings import all_kernel_findings

    rows = installed_backends()
    if json_output:
        emit_json([row.model_dump(exclude_none=True) for row in rows])
    for row in () if json_output else rows:
        state = "available" if row.available else "not here"
        show_row(row.name, state, "; ".join(filter(None, (row.summary, row.fix))), widths=WIDTHS)
    finish(all_kernel_findings())


@command
def _root(ctx: typer.Context, json_output: JsonOutput = False) -> None:
    """List backends and their availability; install what they need, and test that they agree."""
    if ctx.invoked_subcommand is None:
        _list(json_output=json_output)


backends.callback(invoke_without_command=True)(_root)


@backends.command("list", epilog="Example: neurodeploy backends list --json")
@command
def list_command(json_output: JsonOutput = False) -> None:
    """List backends and their availability on this machine."""
    _list(json_output=json_output)


def _environments() -> dict[str, Any]:
    """Environments of all backends by name."""
    from neurodeploy.simulate import backend_names, get_backend

    found: dict[str, Any] = {}
    for name in backend_names():
        try:
            environment = getattr(get_backend(name), "environment", None)
        except DiagnosticError:
            continue
        if environment is not None:
            found[environment.name] = environment
    return found


@backends.command(epilog="Example: neurodeploy backends install lava nengo-loihi")
@command
def install(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Environments to install, by name of their backend.",
            show_default=False,
            autocompletion=_complete_environment,
        ),
    ],
    json_output: JsonOutput = False,
) -> None:
    """Install the environments of simulators: a separate Python with pinned packages. Does nothing if they are complete."""
    from neurodeploy.worker import install as make

    known, made = _environments(), dict[str, str]()
    unknown = [name for name in names if name not in known]
    if unknown:
        fixes = [fix for name in unknown for fix in nearest(name, list(known))]
        raise usage("ND710", about("environment", unknown[0]), f"is not one of {', '.join(known)}", *fixes)
    faults: list[Diagnostic] = []
    for name in names:
        try:
            with working(f"installing {name}"):
                made[name] = str(make(known[name], say))
        except DiagnosticError as error:
            faults += error.diagnostics
    finish(faults, json_document={"installed": made} if json_output else None)


def _chosen(names: list[str] | None) -> list[str]:
    """The named backends, or all."""
    from neurodeploy.simulate import backend_names, get_backend

    for name in names or []:
        get_backend(name)
    return list(names or backend_names())


@backends.command(epilog="Example: neurodeploy backends doctor")
@command
def doctor(names: Names = None, json_output: JsonOutput = False) -> None:
    """Run a small program on every backend, compare the results bit for bit, and report what works and what is missing."""
    from neurodeploy.conformance import examine
    from neurodeploy.native.findings import all_kernel_findings
    from neurodeploy.simulate import backend_names

    rows: list[dict[str, str]] = []
    faults = list[Diagnostic](all_kernel_findings())
    for name in _chosen(names):
        with working(f"checking {name}"):
            row, found = examine(name)
        rows.append(row)
        faults += found if names or row["state"] == "broken" else ()
        if not json_output:
            show_row(row["backend"], row["state"], row["message"], widths=WIDTHS)
    if json_output:
        finish(faults, json_document={"backends": rows, "known": list(backend_names())})
    finish(faults)


@backends.command(epilog="Example: neurodeploy backends conformance lava")
@command
def conformance(
    names: Annotated[list[str], typer.Argument(help="Backends.", show_default=False, autocompletion=complete_backend)],
    cases: Annotated[
        list[str] | None, typer.Option("--case", help="Only these cases; repeatable.", autocompletion=_complete_case)
    ] = None,
    table: Annotated[
        Path | None,
        write_option("--table", "Markdown table to write."),
    ] = None,
    json_output: JsonOutput = False,
) -> None:
    """Run the conformance corpus on backends, and report each case as exact, refused with a code, or different."""
    from neurodeploy.conformance import conformance_findings, corpus, markdown
    from neurodeploy.io.archive import write_atomically
    from neurodeploy.simulate import get_backend

    lacking = [item for item in (get_backend(name).unavailable() for name in names) if item is not None]
    if lacking:
        finish(lacking, json_document={} if json_output else None)
    known = {case.name: case for case in corpus()}
    for unknown in [case for case in cases or [] if case not in known]:
        raise usage("ND710", about("case", unknown), "is not in the corpus", *nearest(unknown, list(known)))
    found = [item for name in names for item in _judged(name, [known[c] for c in cases or known], quiet=json_output)]
    if table is not None:
        write_atomically(table, markdown(found).encode())
    faults = conformance_findings(found)
    if json_output:
        finish(faults, json_document={"cases": [item.model_dump() for item in found]})
    for name in names:
        outcomes = [item.outcome for item in found if item.backend == name]
        exact, refused = outcomes.count("exact"), outcomes.count("refused")
        show_lines(f"{name}: {exact} of {len(outcomes)} cases exact, {refused} refused with a code")
    finish(faults)


def _judged(name: str, cases: list[Case], *, quiet: bool) -> list[Judgement]:
    """Run the cases on a backend, and print a line for each."""
    from neurodeploy.conformance import judge

    found = list[Any]()
    for case in cases:
        with working(f"{name}: {case.name}"):
            found.append(judge(case, name))
        if not quiet:
            item = found[-1]
            show_row(item.case, item.outcome, item.code, item.message, widths=(28, 8, 6))
    return found


@backends.command(
    epilog="Example: neurodeploy backends new mychip && cd neurodeploy-mychip && pip install -e . && pytest"
)
@command
def new(
    name: Annotated[str, typer.Argument(help="Name of the backend.", show_default=False)],
    folder: Annotated[Path | None, folder_option("--folder", "Folder to create; default: neurodeploy-NAME.")] = None,
    json_output: JsonOutput = False,
) -> None:
    """Create a working plug-in project: an entry point, the adapter of a toy simulator, and its conformance test."""
    from neurodeploy.conformance.template import write_template

    written = write_template(name, folder or Path(f"neurodeploy-{name}"))
    if json_output:
        emit_json({"written": [str(path) for path in written]})
        return
    show_lines(*(f"written: {path}" for path in written))
    show_lines("", f"next: cd {written[0].parent} && pip install -e . && pytest")
