"""Importer of SONATA networks of point neurons (circuit or simulation configuration, .json).

Virtual nodes become inputs, point neurons populations, edges projections. Every value that changes is a ledger line; what has
no counterpart is a finding that names its population, type and group.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from neurodeploy.diagnostics import raise_errors
from neurodeploy.importers.notes import Notes
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.importers.sonata.cells import Nodes, neurons_of, plain_name
from neurodeploy.importers.sonata.config import Config, read_config
from neurodeploy.importers.sonata.spikes import samples_of
from neurodeploy.importers.sonata.synapses import projections_of, received_by
from neurodeploy.importers.sonata.tables import Table, read_parameters, read_tables
from neurodeploy.network import Input, Network, Output, Population, Time
from neurodeploy.signals import SampleValues

__all__ = ["load_sonata"]

MS = 1e-3


def load_sonata(path: Path, options: ImportOptions) -> Imported:
    """Return the network of a SONATA configuration.

    Raises DiagnosticError with all faults: ND001, ND003, ND012 (files), ND047 (no dt), ND049 (unit of IntFire1), ND088
    (another kind of JSON), ND089 (configuration, tables), ND090 (no counterpart), ND091 (values). Warnings: ND092.
    """
    notes = Notes(str(path))
    config = read_config(path, notes)
    dt_ms = _step(config, options, notes)
    edges = _edges(config, options, notes) if config is not None else []
    nodes = _nodes(config, edges, options, dt_ms, notes) if config is not None else {}
    projections = [item for table in edges for item in projections_of(table, nodes, dt_ms, notes)]
    neurons = [(group, item) for item in nodes.values() for group in item.groups if group.made is not None]
    if config is not None and not neurons and not any(item.severity == "error" for item in notes.findings):
        notes.add("ND089", "the circuit has no point neurons")
    findings = raise_errors("import", notes.findings)
    lines = [(group, item) for item in nodes.values() for group in item.groups if group.made is None]
    populations = [
        Population(name=group.name, shape=(group.rows.size,), neuron=group.made.neuron)
        for group, _ in neurons
        if group.made is not None
    ]
    network = Network(
        name=plain_name(path.stem if path.stem not in _GENERIC else path.resolve().parent.name),
        time=Time(dt_s=dt_ms * MS, steps_per_sample=_steps(config, dt_ms)),
        inputs=tuple(Input(name=group.name, shape=(group.rows.size,)) for group, _ in lines),
        populations=tuple(populations),
        projections=tuple(projections),
        outputs=tuple(Output(name=item.name, source=item.name) for item in populations),
        metadata={
            "imported_from": {"format": "sonata", "file": path.name},
            "sonata": {"node_ids": {group.name: _ids(item, group.rows) for group, item in lines}},
        },
    )
    return Imported(network=network, ledger=notes.ledger, findings=findings, samples=_samples(config, network))


_GENERIC = ("config", "circuit_config", "simulation_config")
"""Names of files that say nothing about the network; the name of the folder does."""


def _samples(config: Config | None, network: Network) -> SampleValues | None:
    """The spike trains that the simulation plays; None without any. Raises DiagnosticError: ND001, ND003, ND093."""
    if config is None or not config.inputs or not network.inputs:
        return None
    return samples_of(config.inputs, config.node_sets, network, Notes(str(config.path)))


def _ids(nodes: Nodes, rows: NDArray[np.int64]) -> JsonValue:
    """Numbers of nodes in the order of their neurons; None if they count from 0."""
    ids = nodes.table.ids[rows]
    return None if np.array_equal(ids, np.arange(ids.size)) else ids.tolist()


def _step(config: Config | None, options: ImportOptions, notes: Notes) -> float:
    """The step in ms, from the options or the configuration; 1 after a finding (ND047)."""
    stated = config.dt_ms if config is not None else None
    if options.dt_s is None and stated is None:
        fixes = ("--dt SECONDS, e.g. --dt 1e-3", "pass the simulation_config.json, whose run.dt is used")
        notes.add("ND047", "does not specify the length of a step", *fixes)
        return 1.0
    if options.dt_s is None:
        notes.line("", "dt_s", f"run.dt {stated:g} ms", f"{(stated or 1.0) * MS:g} s", "exact")
        return stated or 1.0
    asked = "not in the file" if stated is None else f"run.dt {stated:g} ms"
    note = "given by the user" if stated is None else "given by the user, which contradicts the file"
    notes.line("", "dt_s", asked, f"{options.dt_s:g} s", "assumed", note)
    return options.dt_s / MS


def _steps(config: Config | None, dt_ms: float) -> int | None:
    """Steps of a simulation; None if it has no length, or one beyond the range of a run."""
    if config is None or config.tstop_ms is None:
        return None
    steps = config.tstop_ms / dt_ms
    return max(round(steps), 1) if steps < 2**31 - 1 else None


def _edges(config: Config, options: ImportOptions, notes: Notes) -> list[Table]:
    """All edge populations."""
    found = list[Table]()
    for part in config.edges:
        found += read_tables(part, "edge", notes, options.memory_limit_bytes)
    for table in found:
        read_parameters(table, config.synapses, "synaptic_models_dir")
    return found


def _nodes(config: Config, edges: list[Table], options: ImportOptions, dt_ms: float, notes: Notes) -> dict[str, Nodes]:
    """Node populations by name."""
    found = dict[str, Nodes]()
    for part in config.nodes:
        for table in read_tables(part, "node", notes, options.memory_limit_bytes):
            if table.name in found:
                files = f"'{found[table.name].table.file}' and '{table.file}'"
                notes.add("ND089", f"{table.shown} is in two files: {files}")
                continue
            read_parameters(table, config.cells, "point_neuron_models_dir")
            found[table.name] = neurons_of(table, received_by(table, edges), options, dt_ms, notes)
    return found
