"""Tables of nodes and edges: HDF5 columns by group, and the CSV columns of their types.

A value of a row is taken from its group in the HDF5 file (`dynamics_params` first), else from the CSV row of its type, else
from the JSON file of parameters that the type names. Source: SONATA developer guide, "Representing nodes" and "edges".
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.plain import as_table
from neurodeploy.importers.fields import brief, numbers, texts, wholes
from neurodeploy.importers.hdf5 import Folder, Item, Unread, read_tree
from neurodeploy.importers.notes import Notes
from neurodeploy.importers.sonata.config import Part
from neurodeploy.io.archive import read_bytes, read_json

__all__ = ["ABSENT", "Table", "read_tables"]

Kind = Literal["node", "edge"]
ABSENT = ("", "NULL", "NONE", "NA", "None")
"""Words of a CSV field without a value; PyNN writes NONE for values that are in the HDF5 file."""
ENDS = ("source", "target")


@dataclass
class Table:
    """A population of nodes or edges. All columns have one value for each row, shape (rows,)."""

    kind: Kind
    name: str
    file: Path
    notes: Notes
    rows: int
    type_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    places: NDArray[np.int64]
    """Row of each node or edge within its group."""
    groups: Mapping[int, Folder]
    types: Mapping[int, Mapping[str, str]]
    parameters: Mapping[int, Mapping[str, Any]] = field(default_factory=dict[int, Mapping[str, Any]])
    """Type -> values of its file of parameters."""
    ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Numbers of nodes, which edges refer to; empty for edges."""
    ends: Mapping[str, tuple[str, NDArray[np.int64]]] = field(default_factory=dict[str, Any])
    """"source" and "target" -> population and numbers of its nodes; empty for nodes."""

    @property
    def shown(self) -> str:
        """The population as findings name it."""
        return f"{self.kind} population '{brief(self.name)}'"

    def has(self, key: str) -> bool:
        """Whether any row may have a value of the column."""
        in_group = any(self.column(group, key) is not None for group in self.groups.values())
        return in_group or any(key in row for row in (*self.types.values(), *self.parameters.values()))

    def column(self, group: Folder, key: str) -> Item | None:
        """Return the stored column of a group, from `dynamics_params` or the group itself; None if it has none."""
        inner = group.items.get("dynamics_params")
        found = inner.items.get(key) if isinstance(inner, Folder) else None
        return found if found is not None else group.items.get(key)

    def numbers(self, key: str) -> NDArray[np.float64]:
        """Return a column of numbers; NaN where a row has no value. Values that are not numbers are findings (ND091)."""
        found = np.full(self.rows, np.nan)
        for number, sources in self.by_type(key).items():
            found[self.type_ids == number] = self.number(number, key, sources)
        for number, group in self.groups.items():
            stored = self.column(group, key)
            if stored is None:
                continue
            values = numbers(stored, axes=1, finite=False, empty=True)
            if isinstance(values, Unread):
                self.notes.add("ND091", f"{self.shown}, group {number}: column '{brief(key)}' {values.why}")
                continue
            self.fill(found, number, np.asarray(values, dtype=np.float64), key)
        return found

    def by_type(self, key: str) -> dict[int, Any]:
        """Return the values of a column by type, from the CSV table or the file of parameters."""
        found = {number: row[key] for number, row in self.parameters.items() if key in row}
        return found | {number: row[key] for number, row in self.types.items() if row.get(key, "") not in ABSENT}

    def number(self, type_id: int, key: str, value: object) -> float:
        """Return one value as a number; NaN if it is none (ND091)."""
        try:
            if isinstance(value, (int, float, str)) and not isinstance(value, bool):
                return float(value)
        except ValueError:
            pass
        self.notes.add("ND091", f"{self.shown}, type {type_id}: '{brief(key)}' is '{brief(str(value))}', not a number")
        return float("nan")

    def fill(self, found: NDArray[Any], number: int, values: NDArray[Any], key: str) -> None:
        """Set the rows of a group, whose column must reach its largest place (ND089)."""
        rows = np.flatnonzero(self.group_ids == number)
        if rows.size and int(self.places[rows].max()) >= values.size:
            message = f"group {number}: column '{brief(key)}' has {values.size} values for {int(self.places[rows].max()) + 1} rows"
            self.notes.add("ND089", f"{self.shown}, {message}")
            return
        found[rows] = values[self.places[rows]]

    def text(self, key: str) -> NDArray[Any]:
        """Return a column of text, an object array; "" where a row has no value."""
        found = np.full(self.rows, "", dtype=object)
        for number, value in self.by_type(key).items():
            found[self.type_ids == number] = str(value)
        for number, group in self.groups.items():
            stored, library = self.column(group, key), group.items.get("@library")
            names = library.items.get(key) if isinstance(library, Folder) else None
            if stored is None:
                continue
            values = texts(stored)
            if isinstance(values, Unread) and names is not None:
                values = _named(stored, names)
            if isinstance(values, Unread):
                self.notes.add("ND091", f"{self.shown}, group {number}: column '{brief(key)}' {values.why}")
                continue
            self.fill(found, number, values, key)
        return found


def _named(stored: Item, names: Item) -> NDArray[Any] | Unread:
    """The values of an explicit enumeration: numbers that select names."""
    chosen, known = wholes(stored), texts(names)
    if isinstance(chosen, Unread) or isinstance(known, Unread):
        return chosen if isinstance(chosen, Unread) else Unread("has no names in '@library'")
    if chosen and max(chosen) >= known.size:
        return Unread(f"selects name {max(chosen)} of {known.size} in '@library'")
    return known.ravel()[list(chosen)]


def read_tables(part: Part, kind: Kind, notes: Notes, limit_bytes: int | None) -> list[Table]:
    """Return the populations of a file. Faults are findings (ND089). Raises DiagnosticError: ND001, ND003."""
    types = {} if part.types is None else _types(part.types, kind, notes)
    top = read_tree(part.data, limit_bytes).items.get(f"{kind}s")
    if not isinstance(top, Folder) or not top.items:
        notes.add("ND089", f"'{part.data.name}' has no group '{kind}s' with populations")
        return []
    found = list[Table]()
    for name, item in top.items.items():
        if not isinstance(item, Folder):
            notes.add("ND089", f"'{part.data.name}': '{kind}s/{brief(name)}' is not a population")
            continue
        table = _table(part, kind, name, item, notes)
        if table is not None:
            own = {number: row for (population, number), row in types.items() if population in ("", name)}
            used = set(np.unique(table.type_ids).tolist())
            missing = sorted(used - own.keys())
            if missing and part.types is not None:
                notes.add("ND089", f"{table.shown} has types {missing[:8]} that '{part.types.name}' lacks")
            table.types = {number: own[number] for number in sorted(used & own.keys())}
            found.append(table)
    return found


def _table(part: Part, kind: Kind, name: str, item: Folder, notes: Notes) -> Table | None:
    """One population; None if its index is wrong, which is a finding."""
    counted = "node_type_id" if kind == "node" else "source_node_id"
    rows = _index(part, kind, name, item, counted, notes, None)
    if rows is None:
        return None
    size = rows.size
    keys = (f"{kind}_type_id", f"{kind}_group_id", f"{kind}_group_index")
    columns = [_index(part, kind, name, item, key, notes, size) for key in keys]
    ids = (
        _index(part, kind, name, item, "node_id", notes, size, np.arange(size)) if kind == "node" else np.zeros(0, int)
    )
    if ids is None or any(column is None for column in columns):
        return None
    type_ids, group_ids, places = (np.asarray(column) for column in columns)
    groups = {int(key): value for key, value in item.items.items() if _is_number(key) and isinstance(value, Folder)}
    ends = dict[str, tuple[str, NDArray[np.int64]]]()
    for end in ENDS if kind == "edge" else ():
        numbers_of_nodes = _index(part, kind, name, item, f"{end}_node_id", notes, size)
        if numbers_of_nodes is None:
            return None
        ends[end] = (_node_population(part.data, name, end), numbers_of_nodes)
    table = Table(kind, name, part.data, notes, size, type_ids, group_ids, places, groups, {}, ids=ids, ends=ends)
    if ids.size != np.unique(ids).size:
        notes.add("ND089", f"{table.shown} repeats numbers of nodes in 'node_id'")
    return table


def _index(
    part: Part,
    kind: Kind,
    name: str,
    item: Folder,
    key: str,
    notes: Notes,
    size: int | None,
    default: NDArray[np.int64] | None = None,
) -> NDArray[np.int64] | None:
    """A column of whole numbers of a population; None if it is missing or wrong (ND089)."""
    stored = item.items.get(key)
    if stored is None and default is not None:
        return default
    values = numbers(stored, axes=1, empty=True)
    if not isinstance(values, Unread):
        if size is not None and values.size != size:
            values = Unread(f"has {values.size} values for {size} rows")
        elif values.size and (values.min() < 0 or values.max() > 2**53 or bool((values % 1).any())):
            values = Unread("must hold whole numbers of at least 0")
    if isinstance(values, Unread):
        notes.add("ND089", f"'{part.data.name}', {kind} population '{brief(name)}': '{key}' {values.why}")
        return None
    return values.astype(np.int64)


def _node_population(path: Path, name: str, end: str) -> str:
    """The attribute that names the population of one end of the edges; "" if there is none."""
    low: Any = import_module("h5py")
    try:
        with low.File(path, "r") as file:
            value = file[f"edges/{name}/{end}_node_id"].attrs.get("node_population", "")
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_number(text: str) -> bool:
    """Whether text is the number of a type or group."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def _types(path: Path, kind: Kind, notes: Notes) -> dict[tuple[str, int], dict[str, str]]:
    """Rows of a CSV table of types by population ("": any) and number. Raises DiagnosticError: ND001, ND012."""
    content = read_bytes(path)
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    try:
        rows = list(csv.reader(lines, delimiter=" ", quotechar='"', skipinitialspace=True))
    except csv.Error as error:
        notes.add("ND089", f"'{path.name}' is not a table: {error}")
        return {}
    key = f"{kind}_type_id"
    if not rows or key not in rows[0]:
        notes.add("ND089", f"'{path.name}' has no column '{key}'; columns are separated by spaces")
        return {}
    found = dict[tuple[str, int], dict[str, str]]()
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            notes.add("ND089", f"'{path.name}', line {number} has {len(row)} fields for {len(rows[0])} columns")
            continue
        values = dict(zip(rows[0], row, strict=True))
        if not _is_number(values[key]):
            notes.add("ND089", f"'{path.name}', line {number}: '{key}' is '{brief(values[key])}', not a whole number")
            continue
        population = values.get("population", "")
        found["" if population in ABSENT else population, int(values[key])] = values
    return found


def read_parameters(table: Table, folder: Path, where: str) -> None:
    """Set `table.parameters` from the JSON files that its types name. Missing files are one finding (ND089)."""
    missing = dict[str, list[int]]()
    found = dict[int, Mapping[str, Any]]()
    for number, row in table.types.items():
        name = row.get("dynamics_params", "")
        if name in ABSENT:
            continue
        path = folder / name
        if not os.path.isfile(path):
            missing.setdefault(name, []).append(number)
            continue
        values = as_table(read_json(path))
        if values is None:
            table.notes.add("ND089", f"'{path}' is not a JSON object of parameters")
        found[number] = values or {}
    if missing:
        files = ", ".join(f"'{brief(name)}'" for name in list(missing)[:8]) + (" and more" if len(missing) > 8 else "")
        message = f"{table.shown}: parameter files are missing from '{folder}': {files}"
        table.notes.add("ND089", message, f"copy them there, or correct '{where}' in the circuit's components")
    table.parameters = found
