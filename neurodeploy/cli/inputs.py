"""Options of models and compilation shared by the commands, and functions that read and compile a model file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import typer

from neurodeploy.api.compiling import real_targets
from neurodeploy.cli.common_options import usage
from neurodeploy.cli.compile_options import contradicting_options, values_by_neuron
from neurodeploy.cli.output import Format
from neurodeploy.cli.paths import read_argument
from neurodeploy.cli.progress import following
from neurodeploy.compiler import Compilation, CompileOptions, StageName, compile_network
from neurodeploy.convert.destination import target_of
from neurodeploy.diagnostics import about
from neurodeploy.hardware import dialect_names, load_target, on_dialect, target_names
from neurodeploy.hardware.target import Target
from neurodeploy.importers import Imported, ImportOptions, load
from neurodeploy.importers.options import FLAGS
from neurodeploy.network import Network
from neurodeploy.program import Program, load_program

__all__ = [
    "Board",
    "Budgets",
    "Choices",
    "Dialect",
    "Model",
    "OutputFormat",
    "Rules",
    "Strict",
    "TargetName",
    "chosen_target",
    "compile_model",
    "compile_options",
    "read_model",
]


def _complete_target(incomplete: str) -> list[str]:
    return [name for name in target_names() if name.startswith(incomplete)]


def _complete_dialect(incomplete: str) -> list[str]:
    return [name for name in dialect_names() if name.startswith(incomplete)]


Model = Annotated[
    Path,
    read_argument(
        "MODEL", "A network (.nd.json, .nir, .net, SONATA's .json, Nengo's FILE.py:NAME) or a compiled program (.ndp)."
    ),
]
TargetName = Annotated[
    str | None,
    typer.Option("--target", "-t", help="Target name or path of a .toml.", autocompletion=_complete_target),
]
Board = Annotated[str | None, typer.Option("--board", help="Board of the target; default: one chip.")]
Rules = Annotated[str | None, typer.Option("--rules", help="Rule set that counts synapse memory.")]
Dialect = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        help="Arithmetic to compile for, instead of the target's own: loihi1, loihi2, nengo, brian2loihi.",
        autocompletion=_complete_dialect,
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Treat warnings and assumptions as errors.")]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--format", help="Format of findings; formats other than text print only findings to standard output."
    ),
]
Budgets = Annotated[
    list[str] | None,
    typer.Option("--budget", help="Limit of a figure in the report: 'cores<=4', 'synapse_memory<=80%'; repeatable."),
]


class Choices(NamedTuple):
    """Values of the options of the commands that compile."""

    target: str | None
    board: str | None = None
    rules: str | None = None
    dialect: str | None = None
    imports: Mapping[str, Any] = MappingProxyType({})
    """Fields of ImportOptions that were set."""
    strict: bool = False
    fields: Mapping[str, Any] = MappingProxyType({})
    """Fields of CompileOptions that were set."""
    traffic: Path | None = None
    positions: Path | None = None


def compile_options(choices: Choices) -> CompileOptions:
    """Return the compiler's options."""
    return CompileOptions(strict=choices.strict, **choices.fields)


def read_model(model: Path, choices: Choices) -> tuple[Imported, Program | None]:
    """Return the network of a model file, and its program if it is compiled."""
    if model.suffix == ".ndp":
        program = load_program(model)
        _require_agreement(program, choices)
        return Imported(network=program.network), program
    return load(model, ImportOptions(**choices.imports, strict=choices.strict)), None


def _require_agreement(program: Program, choices: Choices) -> None:
    requested = {
        "--target": choices.target,
        "--board": choices.board,
        "--rules": choices.rules,
        "--dialect": choices.dialect,
    }
    has = {
        "--target": program.target.name,
        "--board": program.target.board,
        "--rules": program.target.rule_set,
        "--dialect": program.target.dialect.name,
    }
    wrong = [
        f"{name} {value} (the program has {has[name]})"
        for name, value in requested.items()
        if value is not None and value != has[name]
    ]
    wrong += contradicting_options(choices.fields)
    dt_s = program.network.time.dt_s
    imports = {field: value for field, value in choices.imports.items() if (field, value) != ("dt_s", dt_s)}
    steps = {"dt_s": f"its step is {dt_s:g} s"}
    wrong += [f"{FLAGS[field]} ({steps.get(field, 'its network is fixed')})" for field in imports]
    files = {"--traffic": choices.traffic, "--positions": choices.positions}
    wrong += [f"{name} (the program is placed)" for name, value in files.items() if value]
    if wrong:
        raise usage("ND703", about("program"), "is already compiled, which contradicts " + "; ".join(wrong))


def chosen_target(choices: Choices, network: Network | None = None) -> Target:
    """Return the chosen target, or the one that a network was converted for.

    Raises DiagnosticError: ND705 (there is none), and as load_target.
    """
    name = choices.target or (None if network is None else target_of(network))
    if name is None:
        raise usage(
            "ND705",
            about("option", "--target"),
            "is needed to compile a network",
            f"--target NAME, one of {', '.join(target_names())}",
        )
    return on_dialect(load_target(name, board=choices.board, rules=choices.rules), choices.dialect)


def compile_model(model: Path, choices: Choices, stop: StageName = "fixes") -> tuple[Imported, Compilation]:
    """Return the network of a model with its samples, and the result of compiling it up to a stage; a program is used as it is."""
    options = compile_options(choices)
    target = None if choices.target is None or model.suffix == ".ndp" else chosen_target(choices)
    imported, program = read_model(model, choices)
    if program is not None:
        cores, found = program.tables.n_cores, program.findings
        done = Compilation(program=program, verdict="fits", findings=found, ledger=program.ledger, n_cores=cores)
        return imported, done
    target = target or chosen_target(choices, imported.network)
    options = options.model_copy(
        update=values_by_neuron(
            choices.traffic, choices.positions, imported.network, per_step=options.optimize != "cores"
        )
    )
    with following(f"compiling network '{imported.network.name}' for {target.name}") as progress:
        result = compile_network(
            imported.network, target, options, others=real_targets(choices.rules), progress=progress, stop=stop
        )
    together = {
        "findings": (*imported.findings, *result.findings),
        "ledger": (*imported.ledger, *result.ledger),
    }
    return imported, result.model_copy(update=together)
