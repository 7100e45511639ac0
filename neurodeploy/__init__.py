"""neurodeploy: one description of a spiking network, compiled to neuromorphic cores: exact, checked, costed."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.compiler import Compilation, CompileOptions, compile_network
from neurodeploy.diagnostics import Diagnostic, DiagnosticError
from neurodeploy.importers import ImportOptions
from neurodeploy.importers import load as _load
from neurodeploy.network import (
    CubaLi,
    CubaLif,
    If,
    Input,
    Li,
    Lif,
    LoihiCuba,
    Network,
    Output,
    Population,
    Probe,
    Projection,
    Time,
    dense,
    one_to_one,
    sparse,
)
from neurodeploy.network.files import save_network as save
from neurodeploy.profile import profile
from neurodeploy.program import Program
from neurodeploy.runtime import Recording, RunOptions, Samples, Stimulus, run_program, run_samples
from neurodeploy.target import Target, load_target, on_board

__version__ = "0.1.0"

__all__ = [
    "Compilation",
    "CompileOptions",
    "CubaLi",
    "CubaLif",
    "Diagnostic",
    "DiagnosticError",
    "If",
    "ImportOptions",
    "Input",
    "Li",
    "Lif",
    "LoihiCuba",
    "Network",
    "Output",
    "Population",
    "Probe",
    "Program",
    "Projection",
    "Time",
    "Stimulus",
    "compile",
    "dense",
    "load",
    "load_target",
    "one_to_one",
    "profile",
    "run",
    "run_program",
    "save",
    "sparse",
]


def load(path: str | Path, options: ImportOptions | None = None) -> Network:
    """Return the network of a file; see neurodeploy.importers.load for the ledger of the import."""
    return _load(path, options).network


def compile(
    network: Network,
    target: str | Target = "loihi1",
    *,
    board: str | None = None,
    options: CompileOptions | None = None,
) -> Program:
    """Return the program of a network for a target, by name, by the path of its file, or as `load_target` gave it.

    Raises DiagnosticError with every finding if it does not fit.
    """
    chosen = options or CompileOptions()
    held = target if isinstance(target, Target) else load_target(target)
    held = held if board is None else on_board(held, board)
    return compile_network(network, held, chosen).require(strict=chosen.strict)


def run(
    program: Program,
    samples: Samples,
    *,
    backend: str = "emulator",
    seed: int = 0,
    threads: int | None = None,
) -> Recording:
    """Return the recording of samples; see Program.run for what they may be."""
    return run_samples(program, samples, backend=backend, options=RunOptions(seed=seed, threads=threads))
