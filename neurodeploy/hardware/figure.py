"""Nouns: a number of a chip, which never travels without unit, source and confidence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import Noun

__all__ = ["Confidence", "Figure", "FigureList", "FigurePerCore", "FigureRange", "FigureTable"]

Confidence = Literal["published", "vendor", "secondary", "third-party", "derived", "ours"]
"""published: paper or vendor document, opened. secondary: published, read through a transcription. vendor: read in
vendor or SDK code or logs. third-party: somebody's calibration. derived: computed, the working is in the source.
ours: a choice of this project, as for the test target."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Sourced(Noun):
    unit: str = Field(min_length=1)
    """Of the value."""
    source: str = Field(min_length=8)
    """Where it is published, or how it was derived."""
    confidence: Confidence
    """How the source was seen."""


class Figure(_Sourced):
    """One number; never negative."""

    value: float = Field(ge=0, allow_inf_nan=False)
    """In `unit`, at least 0."""


class FigureRange(_Sourced):
    """An inclusive range [low, high]."""

    low: _Finite
    """The least, in `unit`."""
    high: _Finite
    """The most, in `unit`."""


class FigureList(_Sourced):
    """The legal values, ascending."""

    values: tuple[_Finite, ...] = Field(min_length=1)
    """In `unit`, ascending."""


class FigurePerCore(FigureList):
    """One value for each core, in the order of the cores; never negative."""

    values: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] = Field(min_length=1)
    """In `unit`, core by core, each at least 0."""


class FigureTable(_Sourced):
    """Points (x, y) of a quantity, ascending in x; between points linear; `unit` is y's, `x_unit` x's."""

    x_unit: str
    """Of the first number of a point."""
    points: tuple[tuple[_Finite, _Finite], ...]
    """(x, y), ascending in x."""
