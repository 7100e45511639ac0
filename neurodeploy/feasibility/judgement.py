"""Nouns: what a judgement of a network against another architecture says. Decides nothing."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.diagnostics import Diagnostic, Subject, finding
from neurodeploy.hardware.feasibility_target import FeasibilityTarget
from neurodeploy.hardware.figure import Figure
from neurodeploy.hardware.files import cite_figure

__all__ = ["CANNOT", "Judgement", "Use", "over", "use_of"]

CANNOT = ("ND340", "ND341", "ND342")
"""Codes that say: the target cannot express it, whatever its size."""


class Use(Noun):
    """One limited resource of the chip, used by the whole network or by its fullest part."""

    name: str
    """Of the limit."""
    found: float
    """What is used, in `unit`."""
    limit: float
    """What there is, in `unit`."""
    unit: str
    """Of both."""
    source: str
    """Of the limit."""

    @property
    def share(self) -> float | None:
        """found / limit; None where the limit is 0."""
        return self.found / self.limit if self.limit else None


class Judgement(Noun):
    """A network against one target."""

    network: Name
    """Its name."""
    target: Name
    """Its name."""
    verdict: Literal["within limits", "over limits", "not expressible"]
    """Within the public limits; over one; or what the chip cannot express."""
    findings: tuple[Diagnostic, ...]
    """What speaks against it."""
    uses: tuple[Use, ...]
    """Of every public limit that applies."""
    cores: dict[Name, int] = Field(default_factory=dict)
    """Population -> core, where the architecture gives each one."""


def use_of(target: FeasibilityTarget, field: str, found: float) -> Use | None:
    """Return the use of `limits.<field>`; None where the target has no such figure."""
    figure = getattr(target.limits, field)
    if not isinstance(figure, Figure):
        return None
    source = cite_figure(target.file, f"limits.{field}", figure)
    return Use(name=field, found=found, limit=figure.value, unit=figure.unit, source=source)


def over(
    code: str, where: Subject, message: str, target: FeasibilityTarget, field: str, found: float
) -> tuple[Diagnostic, ...]:
    """Return the finding that `limits.<field>` is exceeded, with whose limit it is; nothing if it is not, or unknown."""
    use = use_of(target, field, found)
    if use is None or found <= use.limit:
        return ()
    numbers: Any = {"found": found, "limit": use.limit, "unit": use.unit, "limit_source": use.source}
    return (finding(code, where, message, **numbers, resource=field),)
