"""Spike trains of SONATA files as samples: rows of spikes for the inputs of a network.

Layouts: /spikes/<population>/{node_ids, timestamps}, and the older /spikes/{gids, timestamps} without a population. Times are
in ms unless the attribute `units` of `timestamps` says otherwise. A spike at time t lies in step ceil(t / dt), at least 1, as
NEST plays spike times between two steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.plain import as_items, as_table
from neurodeploy.diagnostics import raise_errors
from neurodeploy.importers.fields import brief, numbers
from neurodeploy.importers.hdf5 import Folder, Unread, read_tree
from neurodeploy.importers.notes import Notes, listed
from neurodeploy.importers.sonata.config import SpikeInput, read_config
from neurodeploy.io.recognize import recognize
from neurodeploy.network import Network
from neurodeploy.signals import SampleValues

__all__ = ["load_spikes", "samples_of"]

SECONDS = {"ms": 1e-3, "s": 1.0, "us": 1e-6}
SAME = 1e-9
"""Share of a step by which a time may exceed a whole step through rounding."""
Rows = NDArray[np.int32]


class _Train(NamedTuple):
    """Spikes of one population of a file."""

    population: str
    """"": the file does not name one."""
    ids: NDArray[np.int64]
    times_s: NDArray[np.float64]


def load_spikes(path: Path, network: Network) -> SampleValues:
    """Return the spikes of a file of spike trains, or of the inputs of a configuration, as one sample.

    Raises DiagnosticError: ND001, ND003 (files), ND093 (spikes of nodes that the network does not have), ND089, ND090
    (configuration).
    """
    notes = Notes(str(path))
    found = recognize(path)
    if found is not None and found.key == "sonata_spikes":
        return samples_of((SpikeInput("", path, None),), {}, network, notes)
    config = read_config(path, notes)
    raise_errors("stimulus", notes.findings)
    inputs = () if config is None else config.inputs
    return samples_of(inputs, {} if config is None else config.node_sets, network, notes)


def samples_of(
    inputs: Sequence[SpikeInput], node_sets: Mapping[str, Any], network: Network, notes: Notes
) -> SampleValues:
    """Return the spikes of some files as one sample: int32 rows (sample 0, step, line) of each input, ordered by step.

    Raises DiagnosticError: ND001, ND003, ND093, all faults of the files at once.
    """
    parts: dict[str, list[Rows]] = {item.name: [] for item in network.inputs}
    for item in inputs:
        for train in _trains(item.path, notes):
            _place(train, item, node_sets, network, parts, notes)
    raise_errors("stimulus", notes.findings)
    empty = np.zeros((0, 3), dtype=np.int32)
    joined = {name: np.concatenate([empty, *rows]) for name, rows in parts.items()}
    ordered = {name: rows[np.lexsort((rows[:, 2], rows[:, 1]))] for name, rows in joined.items()}
    return SampleValues(values=ordered, n_samples=1)


def _trains(path: Path, notes: Notes) -> list[_Train]:
    """The spike trains of a file by population. Raises DiagnosticError: ND001, ND003."""
    top = read_tree(path).items.get("spikes")
    if not isinstance(top, Folder):
        notes.add("ND093", f"'{path.name}' has no group 'spikes'")
        return []
    groups = {name: item for name, item in top.items.items() if isinstance(item, Folder)} or {"": top}
    found = list[_Train]()
    for name, item in groups.items():
        key = "node_ids" if "node_ids" in item.items else "gids"
        ids = numbers(item.items.get(key), axes=1, empty=True)
        times = numbers(item.items.get("timestamps"), axes=1, empty=True)
        shown = f"'{path.name}', 'spikes{'/' + brief(name) if name else ''}'"
        if isinstance(ids, Unread) or isinstance(times, Unread):
            wrong, why = (key, ids) if isinstance(ids, Unread) else ("timestamps", times)
            notes.add("ND093", f"{shown}: '{wrong}' {why.why if isinstance(why, Unread) else ''}")
        elif ids.size != times.size or bool((times < 0).any()) or bool((ids % 1).any()):
            message = (
                f"has {ids.size} nodes for {times.size} times"
                if ids.size != times.size
                else "has times below 0, or nodes that are no whole numbers"
            )
            notes.add("ND093", f"{shown} {message}")
        else:
            unit = _unit(path, f"{item.path}/timestamps")
            if unit not in SECONDS:
                notes.add("ND093", f"{shown}: times are in '{brief(unit)}'; known are {listed(list(SECONDS))}")
                continue
            found.append(_Train(name, ids.astype(np.int64), times.astype(np.float64) * SECONDS[unit]))
    return found


def _unit(path: Path, dataset: str) -> str:
    """The attribute `units` of a dataset; "ms" if there is none."""
    low: Any = import_module("h5py")
    try:
        with low.File(path, "r") as file:
            value = file[dataset].attrs.get("units", "ms")
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return "ms"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _place(
    train: _Train,
    item: SpikeInput,
    node_sets: Mapping[str, Any],
    network: Network,
    parts: dict[str, list[Rows]],
    notes: Notes,
) -> None:
    """Add the rows of a spike train to its input; faults are findings (ND093)."""
    population, only = _target(item.node_set, node_sets)
    lone = next(iter(parts)) if len(parts) == 1 else ""
    name = next((name for name in (train.population, population, lone) if name in parts), "")
    shown = f"'{item.path.name}'" + (f", population '{brief(train.population)}'" if train.population else "")
    if not name:
        wanted = population or train.population or "no population"
        notes.add("ND093", f"{shown}: spikes are for {wanted}, but the inputs are {listed(sorted(parts)) or 'none'}")
        return
    if train.population and train.population != name and population not in ("", name):
        return
    ids, times = train.ids, train.times_s
    if only is not None:
        kept = np.isin(ids, only)
        ids, times = ids[kept], times[kept]
    lines, wrong = _lines(network, name, ids)
    if wrong.any():
        message = f"{shown}: {int(wrong.sum()):,} of {ids.size:,} spikes are of nodes that input '{name}' does not have, first {int(ids[np.argmax(wrong)])}"
        notes.add("ND093", message)
        return
    steps = np.maximum(np.ceil(times / network.time.dt_s * (1.0 - SAME)), 1.0)
    if steps.size and steps.max() > 2**31 - 1:
        notes.add("ND093", f"{shown}: a spike lies in step {steps.max():g}, which exceeds {2**31 - 1:,}")
        return
    rows = np.stack([np.zeros(steps.size), steps, lines], axis=1)
    parts[name].append(rows.astype(np.int32))


def _target(node_set: object, node_sets: Mapping[str, Any]) -> tuple[str, NDArray[np.int64] | None]:
    """The population that a node set selects, and the numbers of its nodes; ("", None): all."""
    chosen = node_sets.get(node_set, {"population": node_set}) if isinstance(node_set, str) else node_set
    table = as_table(chosen) or {}
    population = table.get("population")
    ids = as_items(table.get("node_id", table.get("node_ids")))
    only = np.array([number for number in ids if isinstance(number, int)], dtype=np.int64) if ids is not None else None
    return population if isinstance(population, str) else "", only


def _lines(network: Network, name: str, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Lines of an input for numbers of nodes, and which of them it does not have."""
    known = (as_table((as_table(network.metadata.get("sonata")) or {}).get("node_ids")) or {}).get(name)
    order = np.array(known, dtype=np.int64) if isinstance(known, list) else np.arange(network.input_by_name[name].size)
    ranks = np.argsort(order, kind="stable")
    places = np.minimum(np.searchsorted(order[ranks], ids), order.size - 1)
    lines = ranks[places]
    return lines, order[lines] != ids
