"""SONATA circuits: configurations, tables of nodes, edges and types, parameters, and spike trains."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mutate import json_text, spoil_bytes, spoil_hdf5, spoil_plain

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.simulate import load_stimulus

sys.path.insert(0, str(Path(__file__).parents[2] / "importers"))
from sonata_circuits import small_circuit, spike_input, write_spikes

MODELS = ("nest:iaf_psc_alpha", "pynn:IF_curr_exp", "nrn:IntFire1")


def make(folder: Path) -> None:
    for model in MODELS:
        inner = folder / model.rpartition(":")[2]
        inner.mkdir()
        write_spikes(inner / "in.h5", {0: [1.0, 2.0], 1: [4.0]}, "lines")
        cell = {"tau": 0.02, "refrac": 0.002} if model.startswith("nrn") else {"tau_m": 12.0}
        small_circuit(inner, model, cell=cell, inputs={"a": spike_input("in.h5", "lines")})


def mutate(folder: Path, dice) -> None:
    path = dice.choice(sorted(item for item in folder.rglob("*") if item.is_file()))
    if dice.random() < 0.2 or path.suffix == ".csv":
        spoil_bytes(path, dice)
        return
    for _ in range(dice.choice((1, 1, 2, 3))):
        try:
            if path.suffix == ".json":
                plain = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
                spoil_plain(plain, dice)
                path.write_text(json_text(plain), encoding="utf-8", errors="surrogatepass")
            else:
                spoil_hdf5(path, dice)
        except (
            MemoryError,
            IndexError,
            ValueError,
            RecursionError,
        ):  # an earlier round left nothing that can be spoiled
            return


def use(folder: Path) -> None:
    last = None
    for inner in sorted(folder.iterdir()):
        try:
            imported = load(inner / "simulation_config.json", ImportOptions())
            load_stimulus(inner / "in.h5", imported.network)
            if inner.name.startswith("IF"):
                compile_network(imported.network, load_target("loihi1"), CompileOptions(fixes=False))
        except DiagnosticError as error:
            last = error
    if last is not None:
        raise last
