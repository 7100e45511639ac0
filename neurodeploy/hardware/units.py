"""Annotations for the numeric fields of targets: the unit of a field and the values that programs support.

    weight_bits: Annotated[FigureList, Unit("bit"), Within(1, 16)]

The loader checks every figure of a target file against these annotations; help and JSON Schema show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["INT16", "INT32", "UINT8", "Unit", "Within", "field_ranges", "field_units"]


@dataclass(frozen=True)
class Unit:
    """The unit of a numeric field, as target files write it."""

    name: str
    """The unit that findings suggest, in the singular."""
    alternatives: tuple[str, ...] = ()
    """Further names that files may use; the number means the same."""
    whole: bool = True
    """Whether the value must be a whole number, as counts and widths are."""
    x: str | None = None
    """Unit of the first number of each point, for tables."""

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every name that a file may use, preferred name first."""
        return (self.name, *self.alternatives)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the field's JSON Schema with the unit as an annotation keyword."""
        return {**handler(schema), "unit": self.name}


@dataclass(frozen=True)
class Within:
    """The inclusive range of values that program tables and integer arithmetic support; no property of a chip."""

    low: int
    high: int


UINT8 = Within(0, 2**8 - 1)
INT16 = Within(-(2**15), 2**15 - 1)
INT32 = Within(-(2**31), 2**31 - 1)


@cache
def field_units(noun: type[BaseModel]) -> dict[str, Unit]:
    """Return the unit of each annotated field of a class, by field name."""
    return _annotated(noun, Unit)


@cache
def field_ranges(noun: type[BaseModel]) -> dict[str, Within]:
    """Return the supported range of each annotated field of a class, by field name."""
    return _annotated(noun, Within)


A = TypeVar("A", Unit, Within)


def _annotated(noun: type[BaseModel], kind: type[A]) -> dict[str, A]:
    rows = ((name, item) for name, info in noun.model_fields.items() for item in info.metadata)
    return {name: item for name, item in rows if isinstance(item, kind)}
