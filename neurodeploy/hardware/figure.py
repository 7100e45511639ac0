"""Figures: numbers of a chip together with their unit, source and confidence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import Noun

__all__ = [
    "AnyFigure",
    "Confidence",
    "CostFigure",
    "CostKind",
    "Figure",
    "FigureList",
    "FigurePerCore",
    "FigureRange",
    "FigureTable",
    "high_of",
    "low_of",
    "value_of",
]

Confidence = Literal["published", "vendor", "secondary", "third-party", "derived", "ours"]
"""How the source was verified.

published: read in a paper or vendor document. vendor: read in vendor or SDK code or logs. secondary: published, but read
in a transcription. third-party: another group's calibration. derived: computed, with the working in the source text.
ours: a choice of this project, as for the test target.
"""

CostKind = Literal["measured", "fitted", "pre-silicon", "scaled", "derived", "chosen"]
"""How the figure of a cost came about.

measured: on a chip or board. fitted: by a model on measurements. pre-silicon: in simulation before there was a chip.
scaled: from a figure of another chip. derived: computed from measurements. chosen: by the maker of a test target.
"""

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Sourced(Noun):
    unit: str = Field(min_length=1)
    """Unit of the values."""
    source: str = Field(min_length=8)
    """Where the figure is published, or how it was derived."""
    confidence: Confidence
    """How the source was verified."""
    disagrees: str = ""
    """What other sources say instead, and where; empty if none is known."""


class Figure(_Sourced):
    """One non-negative number."""

    value: float = Field(ge=0, allow_inf_nan=False)
    """The number, in `unit`."""


class CostFigure(Figure):
    """Energy, time or power of one event or part, with the interval that its source gives."""

    low: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Least published value, in `unit`; None: the source gives none, and `value` stands for it."""
    high: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Largest published value, in `unit`; None: the source gives none, and `value` stands for it."""
    kind: CostKind | None = None
    """How the value came about; None: the source does not say."""
    voltage_v: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Supply voltage at which the value holds, in V; None: the source does not say."""


class FigureRange(_Sourced):
    """An inclusive range [low, high]."""

    low: _Finite
    """Lower end, in `unit`."""
    high: _Finite
    """Upper end, in `unit`."""


class FigureList(_Sourced):
    """Legal values in ascending order."""

    values: tuple[_Finite, ...] = Field(min_length=1)
    """Legal values, in `unit`, ascending."""


class FigurePerCore(FigureList):
    """One non-negative value for each core, in core order."""

    values: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] = Field(min_length=1)
    """One value for each core, in `unit`."""


class FigureTable(_Sourced):
    """A quantity y tabulated over x, with linear interpolation between points."""

    x_unit: str
    """Unit of x."""
    points: tuple[tuple[_Finite, _Finite], ...]
    """Points (x, y) in ascending order of x; y in `unit`."""


AnyFigure = Figure | FigureRange | FigureList | FigureTable


def value_of(figure: Figure | None) -> float:
    """Return the value of a figure, in its unit; 0 for an absent one, which costs nothing."""
    return figure.value if figure else 0.0


def low_of(figure: Figure | None) -> float:
    """Return the lower end of a figure, in its unit: its value where the source gives no interval; 0 for an absent one."""
    low = figure.low if isinstance(figure, CostFigure) else None
    return value_of(figure) if low is None else low


def high_of(figure: Figure | None) -> float:
    """Return the upper end of a figure, in its unit: its value where the source gives no interval; 0 for an absent one."""
    high = figure.high if isinstance(figure, CostFigure) else None
    return value_of(figure) if high is None else high
