"""The commands by name, with what the list of commands says of each, so that no other command is imported to run one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

import typer
from typer.core import TyperCommand

from neurodeploy.base.startup import collect_from_here, deferred_signals

__all__ = ["COMMANDS", "Commands", "Entry", "summaries"]


class Entry(NamedTuple):
    """Where a command is defined, and what the help says of it."""

    module: str
    """Module below neurodeploy.cli."""
    function: str
    """Name of its function, or of its group."""
    summary: str
    """First paragraph of its help."""
    epilog: str | None = None
    """Line below its help."""


COMMANDS = {
    "check": Entry(
        "compile_commands",
        "check",
        "Check whether a network fits a target, and report every violation with verified fixes.",
    ),
    "compile": Entry("compile_commands", "compile_command", "Compile a network to a sealed program (.ndp)."),
    "fit": Entry(
        "fit_command",
        "fit",
        "List the targets and boards that hold a network, their use, and for the others the smallest change that helps.",
    ),
    "convert": Entry(
        "convert_command",
        "convert_command",
        "Convert a trained network (.onnx, .keras, .h5) to a spiking one, or write a spiking network in another format.",
    ),
    "blame": Entry(
        "blame_command",
        "blame_command",
        "Print the share of each layer in what a network loses on a chip, and why it loses it.",
    ),
    "run": Entry("run_commands", "run", "Check, compile and run a network, and print its activity and cost."),
    "profile": Entry(
        "run_commands",
        "profile_command",
        "Print activity, resources and cost of a program, from a recording or from a new run on the emulator.",
    ),
    "report": Entry(
        "report_command",
        "report_command",
        "Write a report of a program and its run: one HTML page that needs no network.",
    ),
    "sweep": Entry(
        "sweep_command",
        "sweep_command",
        "Compile, run and measure a network at every point of a space, or call a function; a second start goes on.",
    ),
    "compare": Entry(
        "compare_commands",
        "compare",
        "Compare two recordings, or one program on two backends, and report the first difference and its reason.",
    ),
    "verify": Entry(
        "compare_commands",
        "verify",
        "Run the sealed input of a program on a backend, and compare the output with the sealed one.",
    ),
    "export-c": Entry(
        "export_c_command",
        "export_c_command",
        "Write a program as self-contained C99 for microcontrollers, with the bits of the emulator, and print its size.",
    ),
    "serve": Entry("serve_command", "serve_command", "Serve programs over HTTP in the Open Inference Protocol V2."),
    "monitor": Entry(
        "monitor_command",
        "monitor_command",
        "Hold the spikes of a recording against the activity of the program's calibration. Drift gives exit status 1.",
    ),
    "faults": Entry(
        "faults_command",
        "faults_command",
        "Try many faults on a program, and print which layers, bits and cores are critical.",
    ),
    "remap": Entry(
        "faults_command",
        "remap_command",
        "Move a program off cores that must not be used, and prove that its bits stay the same.",
    ),
    "learned": Entry(
        "learned_command",
        "learned_command",
        "Write the program with the weights that its plastic projections have learned, and print what changed.",
    ),
    "baseline": Entry(
        "baseline_commands",
        "baseline",
        "Write the deterministic figures of networks to a file, or compare them with it exactly.",
    ),
    "diff": Entry(
        "diff_command",
        "diff",
        "Compare two networks, programs, recordings, profiles or baselines: what moved, by how much, and why.",
    ),
    "init": Entry(
        "project_commands",
        "init",
        "Write neurodeploy.toml, which every command reads, and a workflow that tests it on GitHub.",
    ),
    "test": Entry(
        "project_commands",
        "project_test",
        "Check and run the model of a project on each of its targets, with its budgets and its baseline.",
    ),
    "explain": Entry(
        "lookup_commands",
        "explain",
        "Explain a finding: its meaning, the reason for the limit, and the fix.",
        "Examples: neurodeploy explain ND401 | neurodeploy explain",
    ),
    "targets": Entry(
        "lookup_commands",
        "targets",
        "List targets, show every figure of one with its source, or print one as a template of a target file.",
        "Examples: neurodeploy targets | neurodeploy targets show loihi1 | neurodeploy targets template tiny > my.toml",
    ),
    "schema": Entry(
        "lookup_commands",
        "schema",
        "Print the JSON Schema of network documents (.nd.json).",
        "Example: neurodeploy schema > network.schema.json",
    ),
    "backends": Entry(
        "backend_commands",
        "backends",
        "List backends, install what they need, and test that they agree.",
    ),
}
"""Commands in the order of the help."""


def summaries() -> dict[str, TyperCommand]:
    """Return stand-ins of the commands, which have only a name and a help, for lists of commands."""
    return {name: TyperCommand(name, help=entry.summary) for name, entry in COMMANDS.items()}


def _built(name: str, entry: Entry) -> object:
    """The command, whose module is imported; signals are delivered afterwards, because imports may discard them."""
    with deferred_signals():
        defined = getattr(import_module(f"neurodeploy.cli.{entry.module}"), entry.function)
    collect_from_here()
    if isinstance(defined, typer.Typer):
        return typer.main.get_command(defined)
    alone = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    alone.command(name, epilog=entry.epilog)(defined)
    return typer.main.get_command(alone)


class Commands(Mapping[str, object]):
    """Commands by name, each of which is built when it is first looked up."""

    def __init__(self) -> None:
        self._known = dict[str, object]()

    def __getitem__(self, name: str) -> object:
        if name not in self._known:
            self._known[name] = _built(name, COMMANDS[name])
        return self._known[name]

    def get(self, name: str, default: object = None) -> object:
        """Return a command; the default if there is none of this name, but not for a fault while it is imported."""
        return self[name] if name in COMMANDS else default

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)
