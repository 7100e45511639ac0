"""The space of a sweep: named axes with values or ranges, as a grid, a list of points, or a random draw of them."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, field_validator, model_validator

from neurodeploy.base.noun import Noun, WholeNumber
from neurodeploy.base.plain import as_items

__all__ = ["MOST", "Point", "Range", "Space", "as_mapping", "points"]

MOST = 10_000_000
"""Most points of a space."""
AXIS = re.compile(r"[A-Za-z_][\w.\-]{0,199}")
DIGITS = 6
"""Significant digits of a drawn value: fewer than a library of mathematics may differ in."""
Point = dict[str, Any]
"""Axis -> value: one point of a space."""


class Range(Noun):
    """Numbers between two bounds, from which values are drawn."""

    low: float = Field(allow_inf_nan=False)
    """The least value."""
    high: float = Field(allow_inf_nan=False)
    """The greatest value."""
    log: bool = False
    """Whether the logarithm of the value is evenly distributed, instead of the value."""
    whole: bool = False
    """Whether values are whole numbers."""

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low = {self.low:g} is above high = {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithm needs low > 0, not {self.low:g}")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError("the bounds of whole numbers are whole numbers")
        return self


def as_mapping(value: object) -> dict[str, Any] | None:
    """Return a mapping as a dict; None for anything else."""
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else None


def _plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON holds it: numbers of numpy become numbers of Python. ValueError for anything else."""
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "shape", None) == ():
        value = item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not finite")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError("is a whole number beyond 64 bits")
    if isinstance(value, str):
        return _written(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    items, table = as_items(value), as_mapping(value)
    if depth < 4 and items is not None:
        return [_plain(one, depth + 1) for one in items]
    if depth < 4 and table is not None and all(type(key) is str for key in table):
        return {key: _plain(one, depth + 1) for key, one in table.items()}
    raise ValueError(f"needs numbers, texts, or lists and tables of them, got a {type(value).__name__}")


def _written(text: str) -> str:
    """A text that a file can hold. ValueError for half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is a text with a lone surrogate") from None
    return text


def _axis(value: Any) -> Any:
    """The values of an axis as a tuple; a range as it is; one value alone as a tuple of one."""
    table = as_mapping(value)
    if isinstance(value, Range) or (table is not None and "low" in table):
        return value
    if hasattr(value, "tolist"):  # an array
        value = value.tolist()
    items = as_items(value if not isinstance(value, range) else list(value))
    return tuple(_plain(item) for item in ([value] if items is None else items))


def _flat(axes: Any, before: str = "") -> Any:
    """Axes of which some are tables of axes, as TOML writes `weight_bits.hidden`, by their full names."""
    table = as_mapping(axes)
    if table is None:
        return axes
    flat = dict[str, Any]()
    for name, value in table.items():
        inner = as_mapping(value)
        if inner is not None and "low" not in inner and "high" not in inner:
            flat |= _flat(inner, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat


Values = Annotated[tuple[Any, ...] | Range, BeforeValidator(_axis)]
Axes = Annotated[dict[str, Values], BeforeValidator(_flat)]


def _points(rows: Any) -> Any:
    items = as_items(rows)
    return rows if items is None else tuple(_plain(row) for row in items)


def _require_name(name: str) -> None:
    if not AXIS.fullmatch(name):
        raise ValueError(f"{name[:60]!r} is no name of an axis: letters, digits, '_', '-' and '.'")


class Space(Noun):
    """The points of a sweep: every combination of the values of its axes, or a random draw of them, or a list."""

    axes: Axes = Field(default_factory=dict[str, Values])
    """Axis -> its values, or a Range. All combinations are tried, the last axis fastest."""
    points: Annotated[tuple[Point, ...], BeforeValidator(_points)] = ()
    """Points of your own, each axis -> value, instead of `axes`."""
    draw: WholeNumber | None = Field(default=None, ge=1, le=MOST)
    """Number of points that are drawn at random, all different where there are only values. None: all combinations."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of the draw."""

    @field_validator("axes")
    @classmethod
    def _named(cls, axes: dict[str, Any]) -> dict[str, Any]:
        for name, values in axes.items():
            _require_name(name)
            if not isinstance(values, Range) and not values:
                raise ValueError(f"axis '{name}' has no values")
        return axes

    @field_validator("points")
    @classmethod
    def _named_too(cls, points: tuple[Point, ...]) -> tuple[Point, ...]:
        for name in dict.fromkeys(name for point in points for name in point):
            _require_name(name)
        return points

    @model_validator(mode="after")
    def _sized(self) -> Space:
        if bool(self.axes) == bool(self.points):
            raise ValueError("needs either axes or points")
        ranges = [name for name, values in self.axes.items() if isinstance(values, Range)]
        if ranges and self.draw is None:
            raise ValueError(f"axis '{ranges[0]}' is a range: say with draw how many points are drawn")
        if not ranges and self.draw is not None and self.draw > self.combinations:
            raise ValueError(f"draw = {self.draw:,} of {self.combinations:,} points")
        if not ranges and self.size > MOST:
            raise ValueError(f"has {self.size:,} points; a sweep has at most {MOST:,}")
        return self

    @property
    def combinations(self) -> int:
        """Number of combinations of the values, or of points; a range counts as one."""
        counts = (1 if isinstance(values, Range) else len(values) for values in self.axes.values())
        return len(self.points) if self.points else math.prod(counts)

    @property
    def size(self) -> int:
        """Number of points that are tried."""
        return self.combinations if self.draw is None else self.draw

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes, in their order."""
        return tuple(self.axes) or tuple(dict.fromkeys(name for point in self.points for name in point))


def points(space: Space) -> Iterator[Point]:
    """Yield the points of a space in their order, one at a time."""
    if space.draw is None:
        yield from (_combination(space, number) for number in range(space.combinations))
    elif any(isinstance(values, Range) for values in space.axes.values()):
        yield from (_drawn(space, number) for number in range(space.draw))
    else:
        yield from (_combination(space, number) for number in _numbers(space, space.draw))


def _combination(space: Space, number: int) -> Point:
    """The point with a number, of which the last axis is the fastest digit."""
    if space.points:
        return dict(space.points[number])
    found = list[tuple[str, Any]]()
    for name, values in reversed(space.axes.items()):
        assert not isinstance(values, Range), "internal: a range has no numbered values"
        number, digit = divmod(number, len(values))
        found.append((name, values[digit]))
    return dict(reversed(found))


def _fraction(seed: int, number: int, name: str) -> float:
    """A number from 0 to below 1 that depends on nothing but its arguments, on every machine."""
    digest = hashlib.sha256(f"{seed}:{number}:{name}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def _drawn(space: Space, number: int) -> Point:
    """The point with a number of a draw from ranges; each axis is drawn on its own."""
    found = Point()
    for name, values in space.axes.items():
        share = _fraction(space.seed, number, name)
        found[name] = _in_range(values, share) if isinstance(values, Range) else values[int(share * len(values))]
    return found


def _in_range(span: Range, share: float) -> float | int:
    if span.whole and not span.log:
        return int(span.low) + int(share * (int(span.high) - int(span.low) + 1))
    low, high = (math.log(span.low), math.log(span.high)) if span.log else (span.low, span.high)
    value = low + share * (high - low)
    value = math.exp(value) if span.log else value
    value = min(max(float(f"{value:.{DIGITS}g}"), span.low), span.high)
    return round(value) if span.whole else value


def _numbers(space: Space, draw: int) -> Iterator[int]:
    """Different numbers of combinations, drawn at random."""
    total = space.combinations
    if 2 * draw > total:
        yield from sorted(range(total), key=lambda k: _fraction(space.seed, k, "order"))[:draw]
        return
    seen, number = set[int](), 0
    while len(seen) < draw:
        drawn, number = int(_fraction(space.seed, number, "point") * total), number + 1
        if drawn not in seen:
            seen.add(drawn)
            yield drawn
