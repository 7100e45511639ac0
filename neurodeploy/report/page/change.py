"""Figures that differ from a baseline, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

__all__ = ["Change", "Changes", "Compared", "Differing", "Explained", "changes_of"]


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


class Differing(Protocol):
    """A row of a comparison."""

    @property
    def subject(self) -> object:
        """What it belongs to; its text is shown."""
        ...

    @property
    def figure(self) -> str:
        """Name of the figure."""
        ...

    @property
    def base(self) -> float | str | None:
        """Value before."""
        ...

    @property
    def head(self) -> float | str | None:
        """Value now."""
        ...

    @property
    def unit(self) -> str:
        """Unit of numbers."""
        ...

    @property
    def delta(self) -> float | None:
        """Head less base."""
        ...

    @property
    def why(self) -> str:
        """What made it move."""
        ...


class Explained(Protocol):
    """A reason of a comparison."""

    @property
    def text(self) -> str:
        """The reason in one line."""
        ...


class Compared(Protocol):
    """A comparison of a base with a head, from whatever package makes it."""

    @property
    def base(self) -> str:
        """The base, as given."""
        ...

    @property
    def head(self) -> str:
        """The head, as given."""
        ...

    @property
    def rows(self) -> Sequence[Differing]:
        """What differs."""
        ...

    @property
    def reasons(self) -> Sequence[Explained]:
        """What the rows follow from."""
        ...


def changes_of(compared: Compared) -> Changes:
    """Return a comparison as the page shows it. `compared`: with its rows and reasons."""
    rows = (
        Change(row.figure, row.base, row.head, row.unit, row.delta, row.why, str(row.subject)) for row in compared.rows
    )
    return Changes(compared.base, compared.head, tuple(rows), tuple(reason.text for reason in compared.reasons))
