"""Configuration files of SONATA: which files make a circuit, and how a simulation runs it.

A circuit configuration has `networks` (files of nodes and edges) and `components` (folders of parameters); a simulation
configuration has `network` (the circuit), `run` (tstop and dt, in ms) and `inputs`; a third kind names both. Names that begin
with $ come from `manifest`. Relative paths start at the folder of their configuration. Source: SONATA developer guide,
"Tying it all together" and "Representing simulations".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from neurodeploy.base.plain import as_items, as_table
from neurodeploy.importers.fields import brief
from neurodeploy.importers.notes import Notes
from neurodeploy.io.archive import read_json, refuse
from neurodeploy.io.recognize import recognize_json

__all__ = ["Config", "Part", "SpikeInput", "read_config"]

LONGEST = 300
"""Most letters of a path in a message."""
DEEPEST = 20
"""Most variables of a manifest that refer to one another."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Part(NamedTuple):
    """A file of nodes or edges with the table of their types."""

    where: str
    """Place in the configuration, such as "networks.nodes[0]"."""
    data: Path
    types: Path | None


class SpikeInput(NamedTuple):
    """Spike trains that a simulation plays into virtual nodes."""

    name: str
    path: Path
    node_set: object
    """Name of a node set or population, or the selection itself; None: not given."""


class Config(NamedTuple):
    """A circuit, and how a simulation runs it."""

    path: Path
    nodes: tuple[Part, ...]
    edges: tuple[Part, ...]
    cells: Path
    """Folder of the parameters of point neurons."""
    synapses: Path
    """Folder of the parameters of synapses."""
    dt_ms: float | None
    tstop_ms: float | None
    inputs: tuple[SpikeInput, ...]
    node_sets: Mapping[str, Any]


class _Document(NamedTuple):
    """One configuration file with its variables."""

    path: Path
    table: Mapping[str, Any]
    variables: Mapping[str, str]

    def text(self, value: str) -> str:
        """Return text with its variables replaced. Raises KeyError: an unknown variable."""
        for _ in range(DEEPEST):
            if "$" not in value:
                return value
            value = _VARIABLE.sub(lambda match: self.variables[match[1] or match[2]], value)
        raise KeyError(value)

    def file(self, value: str) -> Path:
        """Return the path of a file. PyNN writes paths that start at the folder in which it ran."""
        path = Path(self.text(value))
        if path.is_absolute():
            return path
        folder = self.path.parent
        places = (folder / path, folder.parent / path, path)
        return next((place for place in places if os.path.exists(place)), places[0])


class _Reader:
    """Reads configuration files and collects their faults."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def document(self, path: Path) -> _Document | None:
        """Return a configuration file; None if it is not an object (ND089). Raises DiagnosticError: ND001, ND003, ND012."""
        table = as_table(read_json(path))
        if table is None:
            self.notes.add("ND089", f"'{path}' is not a JSON object")
            return None
        variables = {"configdir": str(path.parent), "workingdir": "."}
        for key, value in (as_table(table.get("manifest")) or {}).items():
            if isinstance(value, str):
                variables[key.lstrip("$").strip("{}")] = value
        return _Document(path, table, variables)

    def linked(self, document: _Document, key: str) -> _Document | None:
        """Return the configuration that a field names; None if there is none."""
        value = document.table.get(key)
        path = self.path(document, key, value) if isinstance(value, str) else None
        return None if path is None or not self.exists(path, key) else self.document(path)

    def path(self, document: _Document, where: str, value: object) -> Path | None:
        """Return a path of a field; None if it is not one (ND089)."""
        if not isinstance(value, str):
            self.notes.add("ND089", f"field '{where}' is {'missing' if value is None else 'not a path'}")
            return None
        try:
            return document.file(value)
        except KeyError as error:
            self.notes.add("ND089", f"field '{where}': the manifest does not define '${brief(str(error.args[0]))}'")
            return None

    def exists(self, path: Path, where: str) -> bool:
        """Whether a file is there; ND089 if it is not."""
        if not os.path.isfile(path):
            self.notes.add("ND089", f"field '{where}' names a file that does not exist: '{str(path)[-LONGEST:]}'")
        return os.path.isfile(path)

    def parts(self, document: _Document, kind: str) -> Iterator[Part]:
        """Yield the files of nodes or edges that exist."""
        networks = as_table(document.table.get("networks")) or {}
        for number, item in enumerate(as_items(networks.get(kind)) or ()):
            where, row = f"networks.{kind}[{number}]", as_table(item) or {}
            if row.get("enabled") in (False, "false", "False"):
                continue
            data = self.path(document, f"{where}.{kind}_file", row.get(f"{kind}_file"))
            if data is None or not self.exists(data, f"{where}.{kind}_file"):
                continue
            key = f"{kind[:-1]}_types_file"
            types = self.path(document, f"{where}.{key}", row[key]) if row.get(key) not in (None, "", "NULL") else None
            if types is None or self.exists(types, f"{where}.{key}"):
                yield Part(where, data, types)

    def folder(self, document: _Document, key: str) -> Path:
        """Return a folder of components; the circuit's own folder if it is not given."""
        value = (as_table(document.table.get("components")) or {}).get(key)
        found = self.path(document, f"components.{key}", value) if value is not None else None
        return found if found is not None else document.path.parent

    def inputs(self, document: _Document) -> Iterator[SpikeInput]:
        """Yield the spike trains; a finding names every other input (ND090)."""
        for name, item in (as_table(document.table.get("inputs")) or {}).items():
            row = as_table(item) or {}
            if row.get("enabled") in (False, "false", "False"):
                continue
            kind, module = str(row.get("input_type")), str(row.get("module"))
            if kind not in ("spikes", "synapse_replay") or module not in ("h5", "sonata", "hdf5", "synapse_replay"):
                message = f"input '{brief(name)}' of type '{brief(kind)}' (module '{brief(module)}') is not imported: "
                self.notes.add("ND090", f"{message}only spike trains in HDF5 are", 'set its "enabled" to false')
                continue
            field = next((key for key in ("input_file", "spike_file") if key in row), "input_file")
            path = self.path(document, f"inputs.{name}.{field}", row.get(field))
            if path is not None and self.exists(path, f"inputs.{name}.{field}"):
                yield SpikeInput(name, path, row.get("node_set"))

    def number(self, document: _Document, key: str) -> float | None:
        """Return a number above 0 of the section `run`; None if it is not given or wrong (ND089)."""
        value = (as_table(document.table.get("run")) or {}).get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            self.notes.add("ND089", f"field 'run.{key}' must be a number above 0, in ms")
            return None
        return float(value)

    def node_sets(self, *documents: _Document) -> dict[str, Any]:
        """Return the node sets by name."""
        found = dict[str, Any]()
        for document in documents:
            if "node_sets_file" in document.table:
                path = self.path(document, "node_sets_file", document.table["node_sets_file"])
                if path is not None and os.path.isfile(path):
                    found |= as_table(read_json(path)) or {}
        return found


def read_config(path: Path, notes: Notes) -> Config | None:
    """Return the circuit and the simulation of a configuration file; None if no circuit is found.

    Faults are findings of `notes`: ND089 (a field or file), ND090 (an input that is not imported). Raises DiagnosticError:
    ND001, ND003, ND012 (unreadable), ND088 (JSON of another kind).
    """
    reader = _Reader(notes)
    given = reader.document(path)
    if given is None:
        return None
    if recognize_json(given.table).key != "sonata_config":
        raise not_sonata(path, given.table)
    simulation = reader.linked(given, "simulation") if "simulation" in given.table else given
    circuit = given if "networks" in given.table else reader.linked(given, "network")
    if circuit is None and simulation is not None and "network" in simulation.table:
        circuit = reader.linked(simulation, "network")
    if circuit is None:
        return None
    simulation = simulation or circuit
    _reports(simulation, notes)
    return Config(
        path=path,
        nodes=tuple(reader.parts(circuit, "nodes")),
        edges=tuple(reader.parts(circuit, "edges")),
        cells=reader.folder(circuit, "point_neuron_models_dir"),
        synapses=reader.folder(circuit, "synaptic_models_dir"),
        dt_ms=reader.number(simulation, "dt"),
        tstop_ms=reader.number(simulation, "tstop"),
        inputs=tuple(reader.inputs(simulation)),
        node_sets=reader.node_sets(circuit, simulation),
    )


def not_sonata(path: Path, document: object) -> Exception:
    """Return the error for a JSON file of another kind (ND088)."""
    found = recognize_json(document)
    message = f"is {found.words}, not a SONATA configuration, which has 'networks', or 'network' with 'run'"
    return refuse("ND088", path, message, fixes=[found.way_in])


def _reports(document: _Document, notes: Notes) -> None:
    """Note reports, which do not change the network (ND092)."""
    names = [brief(name) for name in as_table(document.table.get("reports")) or {}]
    if names:
        message = f"section 'reports' has no effect: {', '.join(names[:8])}"
        notes.add("ND092", message, "record states with a Probe of the network")
