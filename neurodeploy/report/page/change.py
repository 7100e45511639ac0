"""Figures that differ from a baseline, as the page shows them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Change", "Changes"]


class Change(NamedTuple):
    """One figure that differs."""

    figure: str
    """Name of the figure."""
    base: float | str | None
    """Value in the baseline, in `unit`; None: it has none."""
    head: float | str | None
    """Value now, in `unit`; None: there is none."""
    unit: str = ""
    """Unit of numbers; empty for words."""
    delta: float | None = None
    """Head less base, in `unit`; None unless both are numbers."""
    why: str = ""
    """What made it move; empty: unknown."""
    of: str = ""
    """What the figure belongs to, such as "population 'hidden'"; empty: the program."""


class Changes(NamedTuple):
    """All differences from a baseline."""

    base: str
    """The baseline, as given."""
    head: str
    """What is compared with it, as given."""
    rows: tuple[Change, ...] = ()
    """What differs; empty: nothing does."""
    reasons: tuple[str, ...] = ()
    """Changes of the network, the target or the options from which the rows follow, one line each."""
