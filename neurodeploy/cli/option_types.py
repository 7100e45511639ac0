"""Parsers of option values, one for each type, so that all options report errors in the same words.

A parser converts text to a value, or raises DiagnosticError: ND701 with the option, the text and the range. It also accepts
its own results, because typer passes defaults through it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest

__all__ = ["SEEDS", "by_name", "cores", "one_of", "per_second", "pinned", "real", "refused", "shown", "whole"]

V = TypeVar("V")
WHOLE = re.compile(r"[+-]?[0-9]+")
REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
CORES = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")
SEEDS = 2**63 - 1
"""Largest seed: a signed 64-bit integer."""
MOST_CORES = 1 << 20
"""Largest accepted number of cores; the mapper checks them against the target."""
LETTERS = 60
"""Characters of an option's text that a message repeats."""


def shown(text: object) -> str:
    """Return a text for messages: quoted, cut, and with control characters escaped."""
    plain = str(text)
    cut = plain if len(plain) <= LETTERS else plain[:LETTERS] + "..."
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return f"'{printable}'"


def refused(option: str, message: str, *fixes: str) -> DiagnosticError:
    """Return the error of an invalid option value."""
    return DiagnosticError("usage", (finding("ND701", about("option", option), message, fixes=fixes),))


def whole(option: str, least: int, most: int) -> Callable[[Any], int]:
    """Return the parser of a whole number from `least` to `most`."""
    needs = f"is not a whole number from {least:,} to {most:,}"

    def parse(text: Any) -> int:
        number = int(text) if WHOLE.fullmatch(str(text)) and len(str(text)) < 100 else None
        if number is None or not least <= number <= most:
            raise refused(option, f"{shown(text)} {needs}")
        return number

    return parse


def real(option: str, what: str, *, above: float | None = None, least: float = 0, below: float = math.inf) -> Callable[[Any], float]:  # fmt: skip
    """Return the parser of a finite number. `what`: names it. `above`, `below`: exclusive limits; `least`: inclusive limit."""
    low = f"above {above:g}" if above is not None else f"of {least:g} or more"
    needs = f"is not {what} {low}" + (f" and below {below:g}" if below < math.inf else "")

    def parse(text: Any) -> float:
        number = float(text) if REAL.fullmatch(str(text)) else math.nan
        enough = number > above if above is not None else number >= least
        if not (enough and number < below):
            raise refused(option, f"{shown(text)} {needs}")
        return number

    return parse


def per_second(option: str, least: float, below: float) -> Callable[[Any], float]:
    """Return the parser of a rate in events per second, "30/s" or "30", from `least` to below `below`."""
    number = real(option, "a number per second, such as 30/s,", least=least, below=below)

    def parse(text: Any) -> float:
        return number(str(text).removesuffix("/s"))

    return parse


def one_of(option: str, allowed: tuple[str, ...]) -> Callable[[Any], str]:
    """Return the parser of one of the allowed words."""

    def parse(text: Any) -> str:
        if text not in allowed:
            raise refused(option, f"{shown(text)} is not one of {', '.join(allowed)}", *nearest(str(text), allowed))
        return str(text)

    return parse


def by_name(option: str, form: str, value: Callable[[Any], V]) -> Callable[[Any], tuple[str, V]]:
    """Return the parser of NAME=VALUE, or VALUE for all, then with the name *. `form`: syntax as in the help."""

    def parse(text: Any) -> tuple[str, V]:
        if isinstance(text, tuple):
            return text  # pyright: ignore[reportUnknownVariableType]
        name, equals, given = str(text).rpartition("=")
        if not given or (equals and not name):
            raise refused(option, f"{shown(text)} is not {form}")
        try:
            return name or "*", value(given)
        except DiagnosticError as error:
            raise refused(option, error.diagnostics[0].message, f"write {form}") from None

    return parse


def cores(option: str) -> Callable[[Any], tuple[int, ...]]:
    """Return the parser of core numbers: 3, or 8-11, or several of these separated by commas."""

    def parse(text: Any) -> tuple[int, ...]:
        if isinstance(text, tuple):
            return text  # pyright: ignore[reportUnknownVariableType]
        return _core_list(option, str(text))

    return parse


def _core_list(option: str, text: str) -> tuple[int, ...]:
    found = list[int]()
    for part in text.split(","):
        named = CORES.fullmatch(part)
        if named is None:
            raise refused(
                option, f"{shown(text)} is not a list of cores: write 3, or 8-11, or several separated by commas"
            )
        low, high = int(named[1]), int(named[2] or named[1])
        if high < low:
            raise refused(option, f"{shown(text)} is not a list of cores: {low:,} is above {high:,}")
        if high - low + 1 + len(found) > MOST_CORES:
            raise refused(option, f"{shown(text)} names more than {MOST_CORES:,} cores")
        found += range(low, high + 1)
    return tuple(found)


def pinned(option: str) -> Callable[[Any], tuple[str, tuple[int, ...]]]:
    """Return the parser of POPULATION=CORES."""

    def parse(text: Any) -> tuple[str, tuple[int, ...]]:
        if isinstance(text, tuple):
            return text  # pyright: ignore[reportUnknownVariableType]
        name, equals, given = str(text).partition("=")
        if not name or not equals:
            raise refused(option, f"{shown(text)} is not POPULATION=CORES")
        return name, _core_list(option, given)

    return parse
