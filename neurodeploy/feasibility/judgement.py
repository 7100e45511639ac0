"""Judgement: the result of comparing a network with the public limits of another architecture."""

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
"""Codes of features that the target does not support at any size."""


class Use(Noun):
    """Use of one limited resource of the chip, by the whole network or by its fullest part."""

    name: str
    """Name of the limit."""
    found: float
    """Use, in `unit`."""
    limit: float
    """Limit, in `unit`."""
    unit: str
    """Unit of `found` and `limit`."""
    source: str
    """Source of the limit."""

    @property
    def share(self) -> float | None:
        """found / limit; None if the limit is 0."""
        return self.found / self.limit if self.limit else None


class Judgement(Noun):
    """Judgement of a network against one target."""

    network: Name
    """Name of the network."""
    target: Name
    """Name of the target."""
    verdict: Literal["within limits", "over limits", "not expressible"]
    """Within the public limits, over a limit, or not supported by the chip."""
    findings: tuple[Diagnostic, ...]
    """Everything that the target does not support or cannot hold."""
    uses: tuple[Use, ...]
    """Use of every public limit that applies."""
    cores: dict[Name, int] = Field(default_factory=dict)
    """Population -> core, if the architecture assigns a core to each population."""


def use_of(target: FeasibilityTarget, field: str, found: float) -> Use | None:
    """Return the use of `limits.<field>`; None if the target does not have the figure."""
    figure = getattr(target.limits, field)
    if not isinstance(figure, Figure):
        return None
    source = cite_figure(target.file, f"limits.{field}", figure)
    return Use(name=field, found=found, limit=figure.value, unit=figure.unit, source=source)


def over(
    code: str, where: Subject, message: str, target: FeasibilityTarget, field: str, found: float
) -> tuple[Diagnostic, ...]:
    """Return a finding if `limits.<field>` is exceeded; nothing if it is not, or if the limit is unknown."""
    use = use_of(target, field, found)
    if use is None or found <= use.limit:
        return ()
    numbers: Any = {"found": found, "limit": use.limit, "unit": use.unit, "limit_source": use.source}
    return (finding(code, where, message, **numbers, resource=field),)
