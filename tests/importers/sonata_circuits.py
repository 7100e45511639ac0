"""Small SONATA circuits, written to a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

NEST_CELL = {"C_m": 200.0, "tau_m": 10.0, "t_ref": 2.0, "E_L": -70.0, "V_th": -60.0, "V_reset": -70.0}


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A CSV table with columns separated by spaces; absent values are NULL."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = [" ".join(keys), *(" ".join(str(row.get(key, "NULL")) for key in keys) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def write_nodes(folder: Path, name: str, types: Sequence[int], rows, columns=None, ids=None) -> dict[str, str]:
    """The files of a node population; returns its entry in the configuration. `columns`: of group 0."""
    with h5py.File(folder / f"{name}_nodes.h5", "w") as file:
        group = file.create_group(f"nodes/{name}")
        group["node_type_id"] = np.asarray(types)
        group["node_group_id"] = np.zeros(len(types), dtype=np.int16)
        group["node_group_index"] = np.arange(len(types))
        group.create_group("0")
        if ids is not None:
            group["node_id"] = np.asarray(ids)
        for key, values in (columns or {}).items():
            group[f"0/{key}"] = values
    write_table(folder / f"{name}_node_types.csv", rows)
    return {"nodes_file": f"{name}_nodes.h5", "node_types_file": f"{name}_node_types.csv"}


def write_edges(folder: Path, source: str, target: str, pairs, rows=None, columns=None, types=None) -> dict[str, str]:
    """The files of an edge population; `pairs`: (source node, target node) of each edge."""
    name, pairs = f"{source}_to_{target}", np.asarray(pairs).reshape(-1, 2)
    with h5py.File(folder / f"{name}_edges.h5", "w") as file:
        group = file.create_group(f"edges/{name}")
        for column, end, population in ((0, "source", source), (1, "target", target)):
            group[f"{end}_node_id"] = pairs[:, column]
            group[f"{end}_node_id"].attrs["node_population"] = population
        group["edge_type_id"] = np.full(len(pairs), 7) if types is None else np.asarray(types)
        group["edge_group_id"] = np.zeros(len(pairs), dtype=np.int16)
        group["edge_group_index"] = np.arange(len(pairs))
        group.create_group("0")
        for key, values in (columns or {}).items():
            group[f"0/{key}"] = values
    write_table(folder / f"{name}_edge_types.csv", rows or [{"edge_type_id": 7, "model_template": "static_synapse"}])
    return {"edges_file": f"{name}_edges.h5", "edge_types_file": f"{name}_edge_types.csv"}


def write_spikes(path: Path, trains: Mapping[int, Sequence[float]], population: str = "", units: str = "") -> None:
    """Spike times by node; without a population in the older layout (gids)."""
    ids = [node for node, times in trains.items() for _ in times]
    times = [time for train in trains.values() for time in train]
    with h5py.File(path, "w") as file:
        group = file.create_group(f"spikes/{population}" if population else "spikes")
        group["node_ids" if population else "gids"] = np.asarray(ids, dtype=np.uint64)
        group["timestamps"] = np.asarray(times, dtype=float)
        if units:
            group["timestamps"].attrs["units"] = units


def write_circuit(folder: Path, nodes, edges, *, dt=1.0, tstop=50.0, **simulation: object) -> Path:
    """circuit_config.json and simulation_config.json; returns the path of the latter."""
    circuit = {"manifest": {"$HERE": "."}, "networks": {"nodes": nodes, "edges": edges}}
    for parts in circuit["networks"].values():
        for part in parts:
            part.update({key: f"$HERE/{value}" for key, value in part.items() if isinstance(value, str)})
    (folder / "circuit_config.json").write_text(json.dumps(circuit))
    document = {"network": "circuit_config.json", "run": {"dt": dt, "tstop": tstop}, **simulation}
    path = folder / "simulation_config.json"
    path.write_text(json.dumps(document))
    return path


def spike_input(file: str, node_set: object = None) -> dict[str, object]:
    """The entry of a file of spike trains among the inputs of a simulation."""
    return {"input_type": "spikes", "module": "h5", "input_file": file, "node_set": node_set}


def point(template: str, number: int = 1, **values: object) -> dict[str, object]:
    """A row of a table of node types."""
    return {"node_type_id": number, "model_type": "point_neuron", "model_template": template, **values}


VIRTUAL = {"node_type_id": 3, "model_type": "virtual"}


def small_circuit(folder: Path, template: str = "nest:iaf_psc_exp", *, cell=None, columns=None, **simulation) -> Path:
    """Two virtual nodes that drive three neurons."""
    cell = NEST_CELL if cell is None else cell
    (folder / "cell.json").write_text(json.dumps(cell))
    nodes = [
        write_nodes(folder, "cells", [1, 1, 1], [point(template, dynamics_params="cell.json")]),
        write_nodes(folder, "lines", [3, 3], [VIRTUAL]),
    ]
    pairs = [(0, 0), (1, 1), (0, 2), (1, 2)]
    columns = (
        {"syn_weight": [900.0, 900.0, 500.0, 500.0], "delay": [1.0, 2.0, 1.0, 3.0]} if columns is None else columns
    )
    edges = [write_edges(folder, "lines", "cells", pairs, columns=columns)]
    return write_circuit(folder, nodes, edges, **simulation)
