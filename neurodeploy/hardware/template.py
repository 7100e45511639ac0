"""Templates of target files: the TOML text of an installed target, with the meaning and unit of each field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast, get_args

from pydantic import BaseModel

from neurodeploy.base.described import field_meanings
from neurodeploy.hardware.feasibility_target import ARCHITECTURES, Words
from neurodeploy.hardware.figure import CostFigure, Figure, FigureList, FigurePerCore, FigureRange, FigureTable
from neurodeploy.hardware.files import target_document
from neurodeploy.hardware.target import EventCost, Target
from neurodeploy.hardware.units import field_units

__all__ = ["target_template"]

FORMS: dict[type[BaseModel], str] = {
    CostFigure: "value = 0, low = 0, high = 0",
    Figure: "value = 0",
    FigureRange: "low = 0, high = 0",
    FigureList: "values = [0]",
    FigurePerCore: "values = [0]",
    FigureTable: "points = [[1, 0]]",
    Words: 'words = [""]',
    EventCost: "energy = {}, time = {}",
}
"""Classes that are written on one line, with the form of an absent value."""
HEADER = """\
# Set name (which must be the name of the file without .toml), title and vendor, then replace every figure.
# A figure is {value, unit, source, confidence}. confidence is one of published, vendor, secondary, third-party, derived,
# ours. Remove optional figures that are not public: an absent figure is unknown and limits nothing. Any figure may say in
# disagrees what other sources give; figures of energy, time and power may have low, high, kind and voltage_v.
"""


def target_template(name: str) -> str:
    """Return the file of the installed target `name` as a commented template; absent optional fields are comments.

    Raises DiagnosticError: ND020 (unknown target).
    """
    document = target_document(name)
    noun: type[BaseModel] = ARCHITECTURES.get(str(document.get("architecture")), Target)
    return "\n".join([HEADER, *_section(noun, document, "")]).strip("\n") + "\n"


def _section(noun: type[BaseModel], table: Mapping[str, object], path: str) -> Iterator[str]:
    """Lines of one table: its own fields, then its subtables."""
    below: list[str] = []
    for name, meaning in field_meanings(noun).items():
        value, inner = table.get(name), _classes(noun.model_fields[name].annotation)
        if name == "file" or (name == "board" and not path):
            continue
        nested = next((item for item in inner if item not in FORMS), None)
        if nested is not None and not isinstance(value, str):
            below += _subtables(nested, name, value, path, meaning, named=_is_table(noun, name))
        elif isinstance(value, Mapping) and _is_table(noun, name):
            below += ["", f"# {meaning}{_unit(noun, name)}", f"[{path}{name}]"]
            below += [f"{key} = {_toml(item)}" for key, item in cast("Mapping[str, object]", value).items()]
        elif name in table:
            yield from (f"# {meaning}{_unit(noun, name)}", f"{name} = {_toml(cast('object', value))}")
        elif inner:
            yield from (f"# {meaning}{_unit(noun, name)}", f"# {name} = {_absent(noun, name, inner[0])}")
    yield from below


def _subtables(
    noun: type[BaseModel], name: str, value: object, path: str, meaning: str, *, named: bool
) -> Iterator[str]:
    """Lines of a nested table, or of each table of a table of tables."""
    tables: Mapping[str, object] = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
    sections = (
        [(f"{path}{name}.{key}", table) for key, table in tables.items()] if named else [(f"{path}{name}", tables)]
    )
    for full, table in sections if tables else []:
        yield from ("", f"# {meaning}", f"[{full}]")
        yield from _section(noun, cast("Mapping[str, object]", table), f"{full}.")


def _is_table(noun: type[BaseModel], name: str) -> bool:
    return getattr(noun.model_fields[name].annotation, "__origin__", None) is dict


def _unit(noun: type[BaseModel], name: str) -> str:
    unit = field_units(noun).get(name)
    return f" Unit: {unit.name}." if unit else ""


def _absent(noun: type[BaseModel], name: str, kind: type[BaseModel]) -> str:
    """The form of an absent figure."""
    unit = field_units(noun).get(name)
    parts = [FORMS[kind], *([f'unit = "{unit.name}"'] if unit else [])]
    parts += [f'x_unit = "{unit.x}"'] if unit and unit.x else []
    return "{" + ", ".join(parts + ([] if kind is EventCost else ['source = ""', 'confidence = "published"'])) + "}"


def _classes(annotation: object) -> list[type[BaseModel]]:
    parts = get_args(annotation)
    if parts:
        return [item for part in parts for item in _classes(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, cast("list[object]", value))) + "]"
    return json.dumps(value, ensure_ascii=False)
