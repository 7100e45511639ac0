"""Differences: rows of what moved between a base and a head, and the reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Diagnostic, Subject, about

__all__ = ["Difference", "Differences", "Kind", "Reason", "ReasonKind", "Value", "difference", "moved_figures"]

Value = int | float | str | None
"""A figure, a word or a digest; None: that side does not have it."""
Kind = Literal["moved", "added", "removed", "unranked"]
"""moved: both sides have it. added, removed: only the head, only the base. unranked: an estimate that moved, but whose
intervals overlap."""
ReasonKind = Literal[
    "network", "weights", "target", "options", "quantization", "placement", "stimulus", "run", "backend", "version", "unknown"
]  # fmt: skip
"""What can make a figure move, from the description to the run."""


class Difference(Noun):
    """One thing that differs."""

    subject: Subject
    """What it belongs to, by kind and name."""
    figure: str
    """Name of the figure or field, as budgets name it."""
    base: Value
    """Value before; None: there is none."""
    head: Value
    """Value now; None: there is none."""
    unit: str = ""
    """Unit of numbers; empty for words and digests."""
    delta: float | None = None
    """Head minus base, in `unit`; None unless both are numbers."""
    kind: Kind
    """Whether it moved, was added or removed, or cannot be ranked."""
    why: str = ""
    """What made it move, if that is known for this row alone."""

    @property
    def relative(self) -> float | None:
        """Delta as a fraction of the base; None if either is missing or the base is 0."""
        return (
            None
            if self.delta is None or not isinstance(self.base, (int, float)) or not self.base
            else self.delta / abs(self.base)
        )


class Reason(Noun):
    """One change that can explain the rows."""

    kind: ReasonKind
    """Kind of the change."""
    text: str
    """The change in one line, with the user's own names."""


class Differences(Noun):
    """Comparison of a base with a head."""

    of: Literal["networks", "programs", "recordings", "profiles", "baseline"]
    """What was compared."""
    base: str
    """The base, as given: a path, or the name of an entry."""
    head: str
    """The head, as given."""
    rows: tuple[Difference, ...] = ()
    """What differs; empty: the two are the same."""
    reasons: tuple[Reason, ...] = ()
    """Changes from which the rows follow, from the description to the run. Can be present without rows: a change that moved
    nothing."""
    information: tuple[Difference, ...] = ()
    """Estimates with intervals. They follow from the rows and from the figures of the target, and never count as a difference."""

    findings: tuple[Diagnostic, ...] = ()
    """Findings of a check against a baseline, or of the comparison itself."""

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.rows


def difference(
    subject: Subject, figure: str, base: Value, head: Value, unit: str = "", *, kind: Kind | None = None, why: str = ""
) -> Difference:
    """Return one row, with its delta.

    `subject`: what it belongs to. `figure`: name of the figure. `base` and `head`: values in `unit`, None for none. `kind`:
    default follows from the missing side. `why`: what made it move.
    """
    numbers = isinstance(base, (int, float)) and isinstance(head, (int, float))
    found = kind or ("added" if base is None else "removed" if head is None else "moved")
    delta = float(head - base) if numbers else None  # type: ignore[operator]
    return Difference(subject=subject, figure=figure, base=base, head=head, unit=unit, delta=delta, kind=found, why=why)


def moved_figures(
    base: Mapping[str, Value], head: Mapping[str, Value], unit: Callable[[str], str], subject: Subject | None = None
) -> tuple[Difference, ...]:
    """Return a row for each figure that is not exactly equal, in the order of the base, then of the head.

    `base` and `head`: figures by name. `unit`: the unit of a figure. `subject`: what they belong to; default: the program.
    """
    of = subject or about("program")
    names = dict.fromkeys((*base, *head))
    return tuple(
        difference(of, name, base.get(name), head.get(name), unit(name))
        for name in names
        if base.get(name) != head.get(name)
    )
