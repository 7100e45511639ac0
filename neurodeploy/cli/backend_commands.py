"""Command line: backends: list, install, doctor, conformance, new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.cli.model import JsonOutput, usage
from neurodeploy.cli.output import command, emit_json, finish, say, show, working
from neurodeploy.diagnostics import Diagnostic, DiagnosticError
from neurodeploy.diagnostics.translate import nearest

__all__ = ["backends"]

backends = typer.Typer(
    name="backends",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="List backends, make what they need, and prove that they agree.",
    epilog="Examples: neurodeploy backends | neurodeploy backends install lava | neurodeploy backends doctor",
)
Names = Annotated[list[str] | None, typer.Argument(help="Backends; all are taken without one.", show_default=False)]


def _row(name: str) -> dict[str, str | bool]:
    from neurodeploy.runtime import get_backend

    try:
        adapter = get_backend(name)
        missing = adapter.unavailable()
    except DiagnosticError as error:
        return {"name": name, "available": False, "summary": error.diagnostics[0].message}
    return {"name": name, "available": missing is None, "summary": missing.message if missing else adapter.summary}


def _list(*, json_output: bool) -> None:
    from neurodeploy.runtime import backend_names

    rows = [_row(name) for name in backend_names()]
    if json_output:
        emit_json(rows)
        return
    for row in rows:
        show(f"{row['name']:18} {'available' if row['available'] else 'not here':10} {row['summary']}")


@command
def _root(ctx: typer.Context, json_output: JsonOutput = False) -> None:
    """List backends and say which can run here; or make what they need, and prove that they agree."""
    if ctx.invoked_subcommand is None:
        _list(json_output=json_output)


backends.callback(invoke_without_command=True)(_root)


@backends.command("list", epilog="Example: neurodeploy backends list --json")
@command
def list_command(json_output: JsonOutput = False) -> None:
    """List backends and say which can run here."""
    _list(json_output=json_output)


def _environments() -> dict[str, Any]:
    """Environment name -> environment, of all backends that have one."""
    from neurodeploy.runtime import backend_names, get_backend

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
    names: Annotated[list[str], typer.Argument(help="What to install, as `backends` names it.", show_default=False)],
    json_output: JsonOutput = False,
) -> None:
    """Make the environments of simulators: a Python of their own with pinned packages. Does nothing where all is done."""
    from neurodeploy.worker import install as make

    known, made = _environments(), dict[str, str]()
    unknown = [name for name in names if name not in known]
    if unknown:
        fixes = [fix for name in unknown for fix in nearest(name, list(known))]
        raise usage("ND706", f"environment '{unknown[0]}'", f"is not one of {', '.join(known)}", *fixes)
    faults: list[Diagnostic] = []
    for name in names:
        try:
            with working(f"installing {name}"):
                made[name] = str(make(known[name], say))
        except DiagnosticError as error:
            faults += error.diagnostics
    finish(faults, json_document={"installed": made} if json_output else None)


def _asked(names: list[str] | None) -> list[str]:
    """The backends that are named, or all."""
    from neurodeploy.runtime import backend_names, get_backend

    for name in names or []:
        get_backend(name)
    return list(names or backend_names())


@backends.command(epilog="Example: neurodeploy backends doctor")
@command
def doctor(names: Names = None, json_output: JsonOutput = False) -> None:
    """Run a small program on every backend, compare it bit for bit, and say what works here and why not."""
    from neurodeploy.conformance import examine
    from neurodeploy.runtime import backend_names

    rows: list[dict[str, str]] = []
    faults: list[Diagnostic] = []
    for name in _asked(names):
        with working(f"examining {name}"):
            row, found = examine(name)
        rows.append(row)
        faults += found if names or row["state"] == "broken" else ()
        if not json_output:
            show(f"{row['backend']:18} {row['state']:10} {row['told']}")
    if json_output:
        finish(faults, json_document={"backends": rows, "known": list(backend_names())})
    finish(faults)


@backends.command(epilog="Example: neurodeploy backends conformance lava")
@command
def conformance(
    name: Annotated[str, typer.Argument(help="A backend.", show_default=False)],
    cases: Annotated[list[str] | None, typer.Option("--case", help="Only these cases; repeatable.")] = None,
    table: Annotated[Path | None, typer.Option("--table", help="Markdown table to write.")] = None,
    json_output: JsonOutput = False,
) -> None:
    """Run the conformance corpus on a backend: exact, refused with a code, or different and where."""
    from neurodeploy._archive import write_atomically
    from neurodeploy.conformance import Judgement, conformance_findings, corpus, judge, markdown
    from neurodeploy.runtime import get_backend

    missing = get_backend(name).unavailable()
    if missing is not None:
        finish([missing], json_document={} if json_output else None)
    known = {case.name: case for case in corpus()}
    for unknown in [case for case in cases or [] if case not in known]:
        raise usage("ND706", f"case '{unknown}'", "is not of the corpus", *nearest(unknown, list(known)))
    found = list[Judgement]()
    for case in [known[case] for case in cases or known]:
        with working(case.name):
            judgement = judge(case, name)
        found.append(judgement)
        if not json_output:
            show(f"{judgement.case:28} {judgement.outcome:8} {judgement.code:6} {judgement.told[:120]}".rstrip())
    if table is not None:
        write_atomically(table, markdown(found).encode())
    faults = conformance_findings(found)
    exact = sum(item.outcome == "exact" for item in found)
    if json_output:
        finish(faults, json_document={"cases": [item.model_dump() for item in found]})
    show(
        "",
        f"{exact} of {len(found)} cases exact, {sum(item.outcome == 'refused' for item in found)} refused with a code",
    )
    finish(faults)


@backends.command(
    epilog="Example: neurodeploy backends new mychip && cd neurodeploy-mychip && pip install -e . && pytest"
)
@command
def new(
    name: Annotated[str, typer.Argument(help="Name of the backend, as users will type it.", show_default=False)],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where; default: neurodeploy-NAME in this folder.")
    ] = None,
    json_output: JsonOutput = False,
) -> None:
    """Write a working plug-in project: an entry point, the adapter of a toy simulator, its conformance test."""
    from neurodeploy.conformance.template import write_template

    written = write_template(name, folder or Path(f"neurodeploy-{name}"))
    if json_output:
        emit_json({"written": [str(path) for path in written]})
        return
    show(*(f"written: {path}" for path in written))
    show("", f"next: cd {written[0].parent} && pip install -e . && pytest")
