"""Units, their outcomes, and the sweep that holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import Field

from neurodeploy.base.noun import Noun, json_digest
from neurodeploy.diagnostics import Diagnostic, errors_in

__all__ = ["Number", "Outcome", "Sweep", "Unit", "address_of", "point_words"]

Number = bool | int | float | str | None
"""A measure of one point; None where it is not known."""


class Unit(NamedTuple):
    """One piece of work: an objective and the point at which it is called."""

    address: str
    """SHA-256 of what determines the result: objective, its content, and the values."""
    values: dict[str, Any]
    """Axis -> value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one unit gave. A plain dataclass, because thousands are made in a second."""

    address: str
    """Address of the unit."""
    values: dict[str, Any]
    """Axis -> value."""
    measures: dict[str, Number] = field(default_factory=dict)
    """Measure -> number; None where it is not known. Empty if the unit failed."""
    findings: tuple[Diagnostic, ...] = ()
    """Why it failed, or what a run warned of."""
    seconds: float = 0.0
    """Wall-clock seconds of the unit, where it ran."""
    worker: str = ""
    """Host and process that ran it."""

    @property
    def failed(self) -> bool:
        """Whether the unit has no measures because of an error."""
        return bool(errors_in(self.findings))


class Sweep(Noun):
    """Result of a sweep: an outcome for each point that was tried, in the order of the space."""

    objective: str
    """What was measured: the name of the function, or of the network."""
    axes: tuple[str, ...]
    """Names of the axes."""
    points: int = Field(ge=0)
    """Points of the space; more than `rows` if the sweep was stopped."""
    rows: tuple[Outcome, ...]
    """Outcomes in the order of the space."""
    ran: int = Field(default=0, ge=0)
    """Units that were run now; the others were in the store."""
    seconds: float = Field(default=0.0, ge=0)
    """Wall-clock seconds of this start."""
    workers: int | None = None
    """Workers at the end of the sweep; None if nothing was run."""
    store: str | None = None
    """Folder of the results; None if they were kept in memory only."""
    findings: tuple[Diagnostic, ...] = ()
    """Findings of the sweep as a whole; those of a unit are in its row."""

    @property
    def complete(self) -> bool:
        """Whether every point has an outcome."""
        return len(self.rows) == self.points

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Outcomes without measures."""
        return tuple(row for row in self.rows if row.failed)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures, in the order in which rows have them."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.measures))

    def column(self, name: str) -> tuple[Any, ...]:
        """Return the values of an axis or a measure, one for each row; None where a row has none.

        `name`: of the axis or the measure; an axis comes first.
        """
        return tuple(row.values.get(name, row.measures.get(name)) for row in self.rows)


def address_of(objective: str, values: dict[str, Any], content: str = "") -> str:
    """Return the address of a unit.

    `objective`: digest of the objective with its content. `values`: of the axes. `content`: digest of what the values name.
    """
    return json_digest({"objective": objective, "values": values, "content": content})


def point_words(values: dict[str, Any]) -> str:
    """Return a point as a user writes it, such as "weight_bits=4 steps=8". `values`: of the axes."""
    return " ".join(f"{name}={value}" for name, value in values.items())
