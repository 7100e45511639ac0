"""Figures: numbers of a chip together with their unit, source and confidence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import Noun

__all__ = ["AnyFigure", "Confidence", "Figure", "FigureList", "FigurePerCore", "FigureRange", "FigureTable"]

Confidence = Literal["published", "vendor", "secondary", "third-party", "derived", "ours"]
"""How the source was verified.

published: read in a paper or vendor document. vendor: read in vendor or SDK code or logs. secondary: published, but read
in a transcription. third-party: another group's calibration. derived: computed, with the working in the source text.
ours: a choice of this project, as for the test target.
"""

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Sourced(Noun):
    unit: str = Field(min_length=1)
    """Unit of the values."""
    source: str = Field(min_length=8)
    """Where the figure is published, or how it was derived."""
    confidence: Confidence
    """How the source was verified."""


class Figure(_Sourced):
    """One non-negative number."""

    value: float = Field(ge=0, allow_inf_nan=False)
    """The number, in `unit`."""


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
